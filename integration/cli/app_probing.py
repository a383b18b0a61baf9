"""The checks of the app itself: storage, targets, sources, dead letters and parked deliveries; they only read."""

from typing import TYPE_CHECKING

from integration.worker.app_probe import app_probe_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integration.health.check import Answer, Kind
    from integration.operations.health import Answers, AskOthers
    from integration.worker import Worker


def asks_of(worker: "Worker") -> "Sequence[AskOthers]":
    """Give what asks about the app that a worker is of.

    Args:
        worker: Its parts are read with, and nothing of it is started.
    """
    probe = app_probe_of(worker)

    async def ask() -> "Answers":
        found: dict[str, dict[Kind, Answer]] = {}
        for check, answer in (await probe.ask()).items():
            found.setdefault(check.subject, {})[check.kind] = answer
        return found

    return (ask,)
