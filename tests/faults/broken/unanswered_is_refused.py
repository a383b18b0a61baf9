"""A claim whose answer was lost is taken for refused: the row that it has written is taken for another run's."""

from collections.abc import Callable
from typing import Any

from integration.journal import Decision, Duplicate, Journal
from tests.faults.broken import Patch


def _of_another(_: Any) -> Callable[..., Decision]:
    def decide(*_about: Any, **_more: Any) -> Decision:
        return Duplicate()

    return decide


PATCHES = (Patch(Journal, "_resumed", _of_another),)
