"""The newest ControlNumbers: what the out-of-order mark goes by, and its reset."""

from collections.abc import Mapping, Sequence

import msgspec

from integration.clock import Clock
from integration.delivery.screening.newest_row import Newest, WantedKinds
from integration.delivery.screening.newest_rows import NewestRows
from integration.errors import InvalidRequest
from integration.operations.query import ORGANIZATION, Flag, Parameter, check_all

_GROUP = Parameter("group", "Of this group of sources: their `duplicates` group, or the one source.", "erp")
_LEGAL_ENTITY = Parameter("legalEntity", "Of this legal entity.", "usmf")
_TYPE = Parameter("type", "Of this type.", "SalesOrderConfirmedBusinessEvent")
_ALL = Flag("all", "Says that no filter is meant.")
QUERY = (ORGANIZATION, _GROUP, _LEGAL_ENTITY, _TYPE)
"""What a listing takes."""
RESET_QUERY = (*QUERY, _ALL)
"""What a reset takes."""


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
        texts: Those of `QUERY`.

    Raises:
        InvalidRequest: A value is not of its form.
    """
    check_all(QUERY, texts)
    return WantedKinds(
        organization=ORGANIZATION.text(texts),
        group=_GROUP.text(texts),
        legal_entity=_LEGAL_ENTITY.text(texts),
        type=_TYPE.text(texts),
    )


def read_everything(texts: Mapping[str, str]) -> bool:
    """Read whether every kind is meant, where nothing restricts them.

    Raises:
        InvalidRequest: It is neither true nor false.
    """
    return _ALL.read(texts)
