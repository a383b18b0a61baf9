"""What differs between the declared endpoints and events and those of Finance & Operations; pure.

An endpoint is ours where its description has our mark; what hangs on another one is compared, and never written.
"""

from collections.abc import Iterator, Mapping

from integration.dataverse.writing import Write
from integration.registration.business_events import by_hand, rows
from integration.registration.business_events.entities import (
    ACTIVE_SET,
    ENDPOINTS_SET,
    Row,
    event_name,
    is_disabled,
    text,
    vault_host,
)
from integration.registration.business_events.seeing import Seen, Unseen
from integration.registration.business_events.wanted import WantedEndpoint
from integration.registration.marker import read_mark
from integration.registration.plan import Change, Difference

NO_MARK = "the endpoint's description has no mark of ours"
TWICE = "its events would be sent twice, or where they are not wanted"


class Comparison:
    """Compares.

    Args:
        wanted: What is declared.
        seen: What there is.
        owner: Whose endpoints are ours.
        experimental: Whether what can be written is to be: then it is marked `experimental`, not `by_hand`.
    """

    def __init__(self, wanted: tuple[WantedEndpoint, ...], seen: Seen, owner: str, *, experimental: bool) -> None:
        self._wanted = wanted
        self._seen = seen
        self._owner = owner
        self._experimental = experimental
        self._endpoints = {text(row, "Name").lower(): row for row in seen.endpoints}

    def changes(self) -> Iterator[Change]:
        """Say what is to become of each row, in the order in which it is done."""
        for one in self._wanted:
            there = self._endpoints.get(one.name.lower())
            change = self._endpoint(one, there)
            yield change
            if self._seen.unread is not None:
                yield unknown(one, "fno_event", self._seen.unread.why)
            else:
                ours = self._is_ours(there) or change.action == "experimental"
                # Where it sends is not as declared: it may be where a copied environment's original sends.
                sends = change.action in ("leave", "experimental")
                yield from self._events(one, ours=ours, lacking="" if sends else "its endpoint is not as declared")
        declared = {one.name.lower() for one in self._wanted}
        for name, row in self._endpoints.items():
            if name not in declared and self._is_ours(row):
                shown = text(row, "Name")
                why = "it is not declared any more"
                yield Change(action="by_hand", kind="fno_endpoint", name=shown, why=why, todo=by_hand.to_delete(shown))

    def _is_ours(self, row: Row | None) -> bool:
        mark = read_mark(row.get("Description")) if row is not None else None
        return mark is not None and mark.owner == self._owner

    def _endpoint(self, one: WantedEndpoint, there: Row | None) -> Change:
        if there is None:
            write, lacking = rows.new_endpoint(one, self._owner, self._seen.types)
            return self._differs(
                "fno_endpoint", one.name, by_hand.to_create(one), why="it is not there", write=write, lacking=lacking
            )
        name, symbol = text(there, "Name"), text(there, "Type")
        if symbol and not one.type.fits(symbol):
            differences = (Difference("Type", symbol, one.type.label),)
            lacking = "the type of an endpoint stays"
            return self._differs(
                "fno_endpoint", name, by_hand.to_replace(one), differences=differences, lacking=lacking
            )
        differences = tuple(_differences(one, there))
        if not differences:
            return Change(action="leave", kind="fno_endpoint", name=name)
        host = vault_host(text(there, "KeyVaultDnsName"))
        copied = host in one.elsewhere and any(each.column == "KeyVaultDnsName" for each in differences)
        whose = f"its key vault is that of {one.elsewhere[host]}: this environment may be a copy" if copied else ""
        wanted = {each.column: str(each.wanted) for each in differences}
        several = "more than one key vault may be meant" if "KeyVaultDnsName" in wanted and len(one.vaults) > 1 else ""
        changed = rows.changed_endpoint(name, wanted) if self._is_ours(there) and not several else None
        return self._differs(
            "fno_endpoint",
            name,
            by_hand.to_change(one, wanted),
            why=whose,
            differences=differences,
            write=changed,
            lacking="" if changed else several or NO_MARK,
        )

    def _events(self, one: WantedEndpoint, *, ours: bool, lacking: str) -> Iterator[Change]:
        found = {
            (text(row, "BusinessEventsTable").lower(), text(row, "LegalEntity").lower()): row
            for row in self._seen.active or ()
            if text(row, "BusinessEventsEndpoint_Name").lower() == one.name.lower()
        }
        declared = {(event.lower(), where) for event in one.events for where in one.legal_entities}
        for event in one.events:
            for where in one.legal_entities:
                yield self._event(one, event, where, found, lacking=lacking if ours else NO_MARK)
        names = {event.lower() for event in one.events}
        for key, row in found.items():
            if key not in declared and not is_disabled(row):
                yield self._undeclared(one, row, declared=key[0] in names, ours=ours)

    def _event(
        self, one: WantedEndpoint, event: str, where: str, found: Mapping[tuple[str, str], Row], *, lacking: str
    ) -> Change:
        name, row = event_name(event, where, one.name), found.get((event.lower(), where))
        if row is not None and not is_disabled(row):
            return Change(action="leave", kind="fno_event", name=name, within=one.name)
        catalog = self._seen.catalog
        if row is None and catalog is not None and event.lower() not in catalog:
            why = "the catalog has no such event"
            return self._differs("fno_event", name, by_hand.REBUILD, why=why, within=one.name, lacking=why)
        why = "it is not active"
        if row is not None:
            why = "it was switched off"
        elif (event.lower(), "") in found and not is_disabled(found[event.lower(), ""]):
            why = "it is active by the activation in all legal entities alone"
        write = rows.activation(event, where, one.name) if row is None else rows.switched(row, off=False)
        return self._differs(
            "fno_event",
            name,
            by_hand.to_activate(event, where, one.name, inactive=row is not None),
            why=why,
            within=one.name,
            write=None if lacking else write,
            lacking=lacking,
        )

    def _undeclared(self, one: WantedEndpoint, row: Row, *, declared: bool, ours: bool) -> Change:
        event, where = text(row, "BusinessEventsTable"), text(row, "LegalEntity").lower()
        name = event_name(event, where, one.name)
        if not declared and not ours:
            return Change(action="foreign", kind="fno_event", name=name, within=one.name, why="not declared")
        why = f"it is active beside what is declared: {TWICE}" if declared else "it is not declared any more"
        return self._differs(
            "fno_event",
            name,
            by_hand.to_deactivate(event, where, one.name),
            why=why,
            within=one.name,
            write=rows.switched(row, off=True) if ours else None,
            lacking="" if ours else NO_MARK,
        )

    def _differs(  # noqa: PLR0913  # what a change is made of
        self,
        kind: rows.Kind,
        name: str,
        todo: str,
        *,
        why: str = "",
        within: str = "",
        differences: tuple[Difference, ...] = (),
        write: Write | None = None,
        lacking: str = "",
    ) -> Change:
        if not self._experimental:
            return Change(
                action="by_hand", kind=kind, name=name, todo=todo, why=why, within=within, differences=differences
            )
        entity_set = ENDPOINTS_SET if kind == "fno_endpoint" else ACTIVE_SET
        if write is not None and not self._seen.writable.get(entity_set):
            write, lacking = None, f"Finance & Operations has {entity_set} read-only"
        if write is None and lacking and lacking not in why:
            why = f"{why}; not written: {lacking}" if why else f"not written: {lacking}"
        return Change(
            action="by_hand" if write is None else "experimental",
            kind=kind,
            name=name,
            todo=todo,
            why=why,
            within=within,
            differences=differences,
            write=write,
        )


def compare(
    wanted: tuple[WantedEndpoint, ...], seen: Seen | Unseen, owner: str, *, experimental: bool = False
) -> tuple[Change, ...]:
    """Say what differs; of what was not seen, that nothing is known.

    Args:
        wanted: What is declared.
        seen: What there is.
        owner: Whose endpoints are ours.
        experimental: Whether what can be written is to be.
    """
    if isinstance(seen, Unseen):
        return tuple(unknown(one, "fno_endpoint", seen.why) for one in wanted)
    return tuple(Comparison(wanted, seen, owner, experimental=experimental).changes())


def unknown(one: WantedEndpoint, kind: rows.Kind, why: str) -> Change:
    """Say of an endpoint, or of all events on it, that nothing is known."""
    name = one.name if kind == "fno_endpoint" else f"the events to {one.name}"
    within = "" if kind == "fno_endpoint" else one.name
    return Change(action="unknown", kind=kind, name=name, within=within, why=why)


def _differences(one: WantedEndpoint, there: Row) -> Iterator[Difference]:
    for column, value in one.columns.items():
        found = text(there, column)
        if rows.comparable(column, found) != rows.comparable(column, value):
            yield Difference(column, found, value)
    host = vault_host(text(there, "KeyVaultDnsName")).lower()
    if one.vaults and host not in one.vaults:
        yield Difference("KeyVaultDnsName", host, " or ".join(one.vaults))
