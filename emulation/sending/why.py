"""Which routes take a message, and why: what `fno-link routes test` says of it, with the running settings."""

from pathlib import Path
from typing import Any

import msgspec

from emulation.fno_link import fno_link


class Verdict(msgspec.Struct, frozen=True):
    """One route's answer; `matched` null: the link decides."""

    route: str
    matched: bool | None
    because: str = ""


class _Error(msgspec.Struct, frozen=True):
    code: str
    message: str = ""


class Explained(msgspec.Struct, frozen=True):
    """What the routes say.

    Args:
        routes: Each of them.
        ignored: Why the message is only acknowledged; empty: it is not.
    """

    routes: tuple[Verdict, ...] = ()
    ignored: str = ""


def explain(body: bytes, source: str, settings: Path) -> Explained:
    """Ask which routes take a message.

    Args:
        body: The message.
        source: By which source it comes.
        settings: The settings file of the running app.
    """
    try:
        values: dict[str, Any] = msgspec.json.decode(settings.read_bytes())["Values"]
        texts = {name: str(value) for name, value in values.items()}
        done = fno_link(["routes", "test", "-", "--source", source, "--json"], settings.parent, texts, body)
        routes = msgspec.json.decode(done.stdout, type=tuple[Verdict, ...])
    except (OSError, KeyError, TypeError, msgspec.MsgspecError):
        return Explained()
    for line in done.stderr.splitlines():
        try:
            error = msgspec.json.decode(line, type=_Error)
        except msgspec.MsgspecError:
            continue
        if error.code == "Ignored":
            return Explained(routes, error.message)
    return Explained(routes)
