"""Whether a key is refused, too weak or too strong; pure.

Source: the page "Work with access keys in Azure Functions": a function's key opens it alone, a host key every function,
the master key the host's own API, too.
"""

from collections.abc import Mapping, Sequence

import msgspec

from integration.cli.doctor.app.asking import Reply
from integration.cli.doctor.app.steps import KEY
from integration.cli.doctor.step import Finding, failed, passed, warned

OPERATOR = "status_operator"
"""The function behind the page with the forms: who opens it may act."""


class Opened(msgspec.Struct, frozen=True):
    """What a key opens.

    Args:
        operations: By function: what was answered with it.
        without: What the same operation answers without a key.
        master: What the host's own API answers.
        intake: What the intake of a source answers; None: there is none to ask.
    """

    operations: Mapping[str, Reply]
    without: Reply
    master: Reply
    intake: Reply | None = None


def judge_key(opened: Opened) -> Finding:
    """Judge whether a key is refused, too weak or too strong.

    Args:
        opened: What it opens.
    """
    replies = opened.operations
    if opened.without.opened:
        return failed(
            KEY,
            "the app asks nobody for a key",
            "Switch keys on: who has no key may do whatever fno-link can be told to.",
        )
    yes = [name for name, reply in replies.items() if reply.opened]
    no = [name for name, reply in replies.items() if reply.refused]
    lost = [name for name, reply in replies.items() if reply.status == 404]  # noqa: PLR2004 (HTTP statuses read best as such)
    known = {*yes, *no, *lost}
    silent = [f"{name} ({reply.status or reply.error})" for name, reply in replies.items() if name not in known]
    if not yes:
        told = f"none of {len(replies)} operations takes it: {_listed(no or silent or lost)}"
        return failed(KEY, told, verdict="fail" if no else "unknown")
    told = f"it opens {_listed(yes)}"
    told += f"; it does not: {_listed(no)}" if no else ""
    told += f"; the app has no {_listed(lost)}" if lost else ""
    told += f"; without an answer: {_listed(silent)}" if silent else ""
    told += "" if OPERATOR in yes else "; it reads, and does not act on the status page"
    if opened.master.status == 200:  # noqa: PLR2004 (same)
        return warned(KEY, f"too strong: it is the master key, which opens the host's own API, too; {told}")
    if opened.intake is not None and opened.intake.opened:
        return warned(KEY, f"too strong: it is a host key, which opens the intake, too; {told}")
    if [name for name in no if name != OPERATOR]:
        return warned(KEY, f"too weak for some: {told}")
    return warned(KEY, told) if lost or silent else passed(KEY, told)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
