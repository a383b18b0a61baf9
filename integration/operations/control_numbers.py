"""The newest ControlNumbers: what the out-of-order mark goes by, and its reset."""

from collections.abc import Mapping, Sequence

import msgspec

from integration.clock import Clock
from integration.delivery.screening.newest_rows import Newest, NewestRows, WantedKinds
from integration.errors import InvalidRequest

FILTERS = {"organization": "organization", "group": "group", "legalEntity": "legal_entity", "type": "type"}


class ControlNumbers(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The newest of each kind."""

    control_numbers: Sequence[Newest]


class Reset(msgspec.Struct, frozen=True, kw_only=True):
    """What was forgotten, as it was."""

    reset: Sequence[Newest]


class ControlNumberOperations:
    """What can be asked and ordered of ControlNumbers.

    Args:
        rows: The newest of each kind.
        clock: The time.
    """

    def __init__(self, rows: NewestRows, clock: Clock) -> None:
        self._rows = rows
        self._clock = clock

    async def list(self, wanted: WantedKinds) -> ControlNumbers:
        """List the newest of each kind.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        return ControlNumbers(control_numbers=await self._rows.listed(wanted))

    async def reset(self, wanted: WantedKinds, *, everything: bool = False) -> Reset:
        """Forget the newest of kinds.

        Args:
            wanted: Which.
            everything: Says that every kind is meant, where nothing restricts them.

        Raises:
            InvalidRequest: Nothing says which are meant.
            StorageUnavailable: It is not known to be done for all; doing it again goes on.
        """
        if wanted == WantedKinds() and not everything:
            raise InvalidRequest("no filter: every kind is meant only with all=true")
        return Reset(reset=await self._rows.reset(wanted, self._clock.now()))


def read_kinds(texts: Mapping[str, str]) -> WantedKinds:
    """Read which kinds are meant.

    Args:
        texts: By the names of `FILTERS`.

    Raises:
        InvalidRequest: A value is not of its form.
    """
    for name, value in texts.items():
        if not value.isprintable():
            msg = f"{name} holds a character that none can have"
            raise InvalidRequest(msg)
    return WantedKinds(**{field: texts.get(name, "") for name, field in FILTERS.items()})
