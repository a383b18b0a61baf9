"""Every message of a source is processed, whatever the journal says of its event."""

from collections.abc import Callable
from typing import Any

from integration.journal import Decision, Kind, Row, store
from tests.faults.broken import Patch


def _unclaimed(claim: Callable[..., Decision]) -> Callable[..., Decision]:
    def decide(row: Row | None, kind: Kind, *about: Any, **more: Any) -> Decision:
        return claim(None if kind == "source" else row, kind, *about, **more)

    return decide


PATCHES = (Patch(store, "claim", _unclaimed),)
