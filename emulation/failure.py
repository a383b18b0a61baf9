"""How a command of the local world says that it cannot go on: one line, a hint, and an exit code."""

from collections.abc import Generator
from contextlib import contextmanager

import click

_LINES = 3
BAD, UNKNOWN = 1, 3
"""What was checked is bad; it cannot be told, because something did not start or answer (docs/reference/cli.md)."""


class Failed(click.ClickException):
    """The command ends here; the frame around the commands prints it.

    Args:
        code: Its name.
        message: What happened, with what, in one line.
        hint: What to do.
        exit_code: How the command ends.
    """

    def __init__(self, code: str, message: str, hint: str = "", *, exit_code: int = UNKNOWN) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint
        self.ends_with = exit_code


@contextmanager
def told(what: str) -> Generator[None]:
    """Turn what may go wrong while parts of the world are started into one failure.

    Args:
        what: What is being started.

    Raises:
        Failed: It did not start.
    """
    from emulation.azurite import AzuriteMissing  # noqa: PLC0415 (only where something is started)
    from emulation.child import ChildFailed  # noqa: PLC0415 (as above)
    from emulation.dynamics import ControlRefused  # noqa: PLC0415 (as above)
    from emulation.service_bus import ServiceBusFailed  # noqa: PLC0415 (as above)

    try:
        yield
    except AzuriteMissing as error:
        raise Failed("AzuriteMissing", str(error), "The local world keeps its state in Azurite.") from error
    except (ChildFailed, ControlRefused, ServiceBusFailed) as error:
        first, *rest = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
        hint = " / ".join(rest[-_LINES:]) or "Is the port taken, or the machine short of memory?"
        raise Failed("NotStarted", f"{what}: {first}", hint) from error
    except OSError as error:
        raise Failed("NotStarted", f"{what}: {error}", "Is the port taken, or the folder not writable?") from error
