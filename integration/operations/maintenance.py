"""Maintenance: what is silent now and what will be, and the calls of operators."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal, Protocol

import msgspec
from msgspec import UNSET, UnsetType

from integration.clock import Clock
from integration.config.keys.health import Maintenance
from integration.errors import InvalidRequest, UnknownMaintenance, UnknownOrganization
from integration.health.maintenance import MaintenanceCall, call_fault, spell_at, spells_between
from integration.health.maintenance.platform import LONGEST
from integration.health.standing import Watched
from integration.health.standings import Kept
from integration.operations.orders import Order
from integration.operations.spans import ONE_SPAN, Note, Signature, Span, check_signature, check_span, end_of

LOOKED_AHEAD = timedelta(days=31)
"""How far ahead windows are told."""


class Calls(Protocol):
    """What these operations need of the rows of calls."""

    async def calls(self) -> Sequence[MaintenanceCall]:
        """Give them, those that are over included as long as they are kept; raises StorageUnavailable."""
        ...

    async def call(self, call: MaintenanceCall) -> None:
        """Write one, in the place of the one of its id; raises StorageUnavailable."""
        ...


class Views(Protocol):
    """What these operations need of the rows of standings."""

    async def all(self) -> Mapping[Watched, Kept]:
        """Give them, with what the platform said of each organization last; raises StorageUnavailable."""
        ...


class MaintenanceOrder(Order, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A maintenance that begins now.

    Args:
        organization: Of this organization.
        all: Of every one, and of the app itself, instead.
        for_: How long: 2h, 30m, 1d.
        until: Until when, instead.
        by: Who calls it.
        note: What is being done.
    """

    rules: ClassVar[Mapping[str, Any]] = {
        "required": ["by"],
        "allOf": [
            ONE_SPAN,
            {
                "oneOf": [
                    {
                        "title": "of one organization",
                        "properties": {"organization": {"minLength": 1}, "all": {"const": False}},
                        "required": ["organization"],
                    },
                    {
                        "title": "of all",
                        "properties": {"organization": {"const": ""}, "all": {"const": True}},
                        "required": ["all"],
                    },
                ]
            },
        ],
    }
    organization: str = ""
    all: bool = False
    for_: Span = msgspec.field(name="for", default="")
    until: datetime | None = None
    by: Signature = ""
    note: Note = ""

    def check(self) -> None:
        """Refuse an order that cannot be meant.

        Raises:
            InvalidRequest: It says why.
        """
        if bool(self.organization) == self.all:
            raise InvalidRequest('give an organization or "all": true, one of the two')
        check_span(self.for_, self.until)
        check_signature(self.by, self.note)


class Called(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A maintenance that was called, and how it stands.

    Args:
        id: Its id.
        organization: Of this one; left out: of every one, and of the app itself.
        since: When it began.
        until: When it ends.
        by: Who called it.
        note: What is being done.
    """

    id: str
    organization: str | UnsetType = UNSET
    since: datetime
    until: datetime
    by: str
    note: str

    @classmethod
    def of(cls, call: MaintenanceCall) -> "Called":
        """Write a call."""
        return cls(
            id=call.id,
            organization=call.organization or UNSET,
            since=call.since,
            until=call.until,
            by=call.by,
            note=call.note,
        )


class Silent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A time in which nothing is told.

    Args:
        source: Who says so; `platform`: the Power Platform itself.
        organizations: Whose alerts; left out: of every one, and of the app itself.
        since: From here.
        until: Until just before here; of the platform, at the latest: it ends when the platform no longer says so.
        by: Who called it.
        note: What is being done.
        id: Of a call, by which it is ended.
    """

    source: Literal["configuration", "call", "platform"]
    organizations: Sequence[str] | UnsetType = UNSET
    since: datetime
    until: datetime
    by: str | UnsetType = UNSET
    note: str | UnsetType = UNSET
    id: str | UnsetType = UNSET


class MaintenanceList(msgspec.Struct, frozen=True, kw_only=True):
    """What is silent.

    Args:
        active: Now.
        next: Within a month, the earliest first; of each window the next time.
        calls: The calls of operators that are not over.
    """

    active: Sequence[Silent]
    next: Sequence[Silent]
    calls: Sequence[Called]


class MaintenanceOperations:
    """What can be asked and ordered of maintenance.

    Args:
        organizations: The names of the configured ones.
        windows: Those of the configuration.
        calls: The rows of calls.
        views: The rows of standings.
        clock: The time.
    """

    def __init__(
        self,
        organizations: Collection[str],
        windows: Sequence[Maintenance],
        calls: Calls,
        views: Views,
        clock: Clock,
    ) -> None:
        self._organizations = organizations
        self._windows = windows
        self._calls = calls
        self._views = views
        self._clock = clock

    async def list(self) -> MaintenanceList:
        """Tell what is silent now and what will be.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        now = self._clock.now()
        calls = [each for each in await self._calls.calls() if each.until > now]
        told = [*self._spells(now), *map(_of_call, calls), *_of_platform(await self._views.all(), now)]
        every = sorted(told, key=lambda each: (each.since, each.until))
        return MaintenanceList(
            active=[each for each in every if each.since <= now],
            next=[each for each in every if each.since > now],
            calls=[Called.of(each) for each in sorted(calls, key=lambda each: each.since)],
        )

    async def begin(self, order: MaintenanceOrder) -> Called:
        """Begin a maintenance now; one of the same organization, by the same and with the same note, is moved its end.

        Raises:
            UnknownOrganization: It is not configured.
            InvalidRequest: It would be over before it begins, or lasts too long.
            StorageUnavailable: It is not known to be begun; doing it again makes no second one.
        """
        if order.organization and order.organization not in self._organizations:
            msg = f"no organization named {order.organization[:64]!r} is configured"
            raise UnknownOrganization(msg)
        now = self._clock.now()
        until = end_of(order.for_, order.until, now)
        wanted = MaintenanceCall(
            organization=order.organization, since=now, until=until, by=order.by.strip(), note=order.note
        )
        for before in await self._calls.calls():
            if before.is_open(now) and _said(before) == _said(wanted):
                wanted = msgspec.structs.replace(before, until=until)
        fault = call_fault(wanted, now)
        if fault:
            raise InvalidRequest(fault)
        await self._calls.call(wanted)
        return Called.of(wanted)

    async def end(self, id_: str) -> Called:
        """End a maintenance before its time; one that is over stays as it is.

        Raises:
            UnknownMaintenance: None of this id was called, or it was over 90 days ago.
            StorageUnavailable: It is not known to be ended.
        """
        now = self._clock.now()
        for call in await self._calls.calls():
            if call.id == id_:
                ended = call.ended(now)
                if ended != call:
                    await self._calls.call(ended)
                return Called.of(ended)
        raise UnknownMaintenance

    def _spells(self, now: datetime) -> Iterator[Silent]:
        for window in self._windows:
            here = spell_at(window, now)
            coming = next((each for each in spells_between(window, now, now + LOOKED_AHEAD) if each.start > now), None)
            for spell in filter(None, (here, coming)):
                yield Silent(
                    source="configuration",
                    organizations=window.organizations or UNSET,
                    since=spell.start,
                    until=spell.end,
                )


def _said(call: MaintenanceCall) -> tuple[str, str, str]:
    return call.organization, call.by, call.note


def _of_platform(rows: Mapping[Watched, Kept], now: datetime) -> Iterator[Silent]:
    for watched, kept in sorted(rows.items(), key=lambda row: row[0]):
        view = kept.standing.platform
        if view is not None and view.since is not None and view.in_maintenance(now):
            yield Silent(
                source="platform",
                organizations=(watched.name,),
                since=view.since,
                until=view.since + LONGEST,
                note=view.because,
            )


def _of_call(call: MaintenanceCall) -> Silent:
    return Silent(
        source="call",
        organizations=(call.organization,) if call.organization else UNSET,
        since=call.since,
        until=call.until,
        by=call.by,
        note=call.note,
        id=call.id,
    )
