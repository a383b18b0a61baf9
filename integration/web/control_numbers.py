"""The newest ControlNumbers over HTTP: what the out-of-order mark goes by, and its reset."""

from collections.abc import Mapping
from typing import Any

from integration.clock import Clock
from integration.delivery.screening.newest_rows import NewestRows, WantedKinds
from integration.errors import InvalidRequest
from integration.web.answers import refusing
from integration.web.message import Request, Response

_FILTERS = {"organization": "organization", "group": "group", "legalEntity": "legal_entity", "type": "type"}
_IGNORED = frozenset({"code", "clientId"})


class ControlNumberPages:
    """`/api/control-numbers` and below; the command line does the same.

    Args:
        rows: The newest of each kind.
        clock: The time.
    """

    def __init__(self, rows: NewestRows, clock: Clock) -> None:
        self._rows = rows
        self._clock = clock

    @refusing()
    async def list(self, request: Request) -> Response:
        """List the newest of each kind."""
        return Response.json(200, await self.listed(read_kinds(request.query)[0]))

    @refusing()
    async def reset(self, request: Request) -> Response:
        """Forget the newest of kinds; of all only with `all=true`."""
        return Response.json(200, await self.forgotten(read_reset(request.query)))

    async def listed(self, wanted: WantedKinds) -> dict[str, Any]:
        """List the newest of each kind.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        return {"controlNumbers": await self._rows.listed(wanted)}

    async def forgotten(self, wanted: WantedKinds) -> dict[str, Any]:
        """Forget the newest of kinds; returns what was forgotten.

        Raises:
            StorageUnavailable: It is not known to be done for all; doing it again goes on.
        """
        return {"reset": await self._rows.reset(wanted, self._clock.now())}


def read_kinds(query: Mapping[str, str]) -> tuple[WantedKinds, bool]:
    """Read which kinds are meant, and whether `all` says that every one is.

    Raises:
        InvalidRequest: A parameter is unknown or not of its form.
    """
    unknown = sorted(set(query) - set(_FILTERS) - _IGNORED - {"all"})
    if unknown:
        msg = f"unknown parameter {unknown[0][:40]!r}; known: {', '.join(_FILTERS)}, all"
        raise InvalidRequest(msg)
    for name, value in query.items():
        if not value.isprintable():
            msg = f"{name} holds a character that none can have"
            raise InvalidRequest(msg)
    everything = query.get("all", "false")
    if everything not in ("true", "false"):
        raise InvalidRequest("all is true or false")
    wanted = WantedKinds(**{field: query.get(name, "") for name, field in _FILTERS.items()})
    return wanted, everything == "true"


def read_reset(query: Mapping[str, str]) -> WantedKinds:
    """Read which kinds are to be forgotten.

    Raises:
        InvalidRequest: As `read_kinds`, or nothing says which are meant.
    """
    wanted, everything = read_kinds(query)
    if wanted == WantedKinds() and not everything:
        raise InvalidRequest("no filter: every kind is meant only with all=true")
    return wanted
