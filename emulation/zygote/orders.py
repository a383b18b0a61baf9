"""What a zygote is told, and what it tells."""

import msgspec


class Become(msgspec.Struct, frozen=True, tag="become"):
    """Fork a process that runs a command; its file descriptors follow, in the order of `descriptors`.

    Args:
        arguments: Those of an interpreter: `-m MODULE …` or `-c CODE …`.
        env: The whole environment.
        folder: The working directory.
        descriptors: The numbers that the process knows them by.
    """

    arguments: list[str]
    env: dict[str, str]
    folder: str
    descriptors: list[int]


class Grow(msgspec.Struct, frozen=True, tag="grow"):
    """Fork another zygote that imports more; its own connection follows. Nothing is answered.

    Args:
        imports: Modules. One that cannot be imported is left to whoever needs it.
    """

    imports: list[str]


class Forked(msgspec.Struct, frozen=True, tag="forked"):
    """A command runs.

    Args:
        pid: The new process; it leads a group of its own.
    """

    pid: int


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """A process that was forked has ended.

    Args:
        pid: Which one.
        code: Its exit code; negative for a signal.
    """

    pid: int
    code: int


type Order = Become | Grow
type Told = Forked | Ended
