"""Whether each HTTP source lets in its sender, and nobody else; pure."""

from collections.abc import Mapping

import msgspec

from integration.cli.doctor.app.asking import Reply
from integration.cli.doctor.app.steps import INTAKE
from integration.cli.doctor.step import Finding, failed, passed, skipped, warned
from integration.plain_text import plain

LONGEST = 300


class Door(msgspec.Struct, frozen=True):
    """The intake of one source.

    Args:
        without: What it answers without a key.
        own: And with its sender's; None: nobody says which that is.
        elsewhere: What an operation answers to its sender's key.
        any: What it answers to FNO_LINK_KEY; None: there is none.
    """

    without: Reply
    own: Reply | None = None
    elsewhere: Reply | None = None
    any: Reply | None = None


def judge_intake(doors: Mapping[str, Door]) -> Finding:
    """Judge the intakes.

    Args:
        doors: By source.
    """
    if not doors:
        return skipped(INTAKE, "the configuration has no HTTP source")
    bad: list[str] = []
    doubtful: list[str] = []
    unasked: list[str] = []
    for name, door in doors.items():
        fault, doubt = _door(name, door)
        bad += [fault] if fault else []
        doubtful += [doubt] if doubt else []
        unasked += [name] if door.own is None and not fault else []
    told = [*bad, *doubtful]
    if unasked:
        told.append(f"without a key nobody is let in; nobody says which key the sender has: {', '.join(unasked)}")
    if bad:
        return failed(INTAKE, "; ".join(told))
    if doubtful:
        return warned(INTAKE, "; ".join(told))
    if len(unasked) == len(doors):
        todo = "Set FNO_LINK_KEY_<SOURCE> to the key that the sender has, to have it asked."
        return warned(INTAKE, "; ".join(told), todo)
    return passed(INTAKE, "; ".join([f"{', '.join(set(doors) - set(unasked))}: the sender's key is taken", *told]))


def _door(name: str, door: Door) -> tuple[str, str]:
    """Return what is wrong with an intake, and what is doubtful."""
    told = _shut(door) or _of_another(door) or ("", "")
    if told == ("", "") and door.own is not None:
        told = _of_its_sender(door.own, door.elsewhere)
    fault, doubt = told
    return f"{name}: {fault}" if fault else "", f"{name}: {doubt}" if doubt else ""


def _shut(door: Door) -> tuple[str, str] | None:
    if door.without.status == 503:  # noqa: PLR2004 (HTTP statuses read best as such)
        return "every sender is answered 503, and asked to come again", ""
    if door.without.opened:
        return "it takes events without a key", ""
    if not door.without.refused:
        return "", f"it answered {door.without.status or plain(door.without.error, longest=LONGEST)}"
    return None


def _of_another(door: Door) -> tuple[str, str] | None:
    lost = any(reply is not None and reply.status == 404 for reply in (door.own, door.any))  # noqa: PLR2004 (same)
    return ("the app has no such source; its configuration is another", "") if lost else None


def _of_its_sender(own: Reply, elsewhere: Reply | None) -> tuple[str, str]:
    if own.refused:
        return f"the sender's key is refused ({own.status}): its events are lost", ""
    if not own.opened:
        return "", f"with the sender's key it answered {own.status or plain(own.error, longest=LONGEST)}"
    if elsewhere is not None and elsewhere.opened:
        return "", "the sender's key opens more than its source: it is a host key"
    return "", ""
