"""Finance & Operations' own business events: steps, and what the environment's answers mean; pure.

Sources: the pages "Business events overview" (activation is per legal entity, or for all) and "Manage business event
endpoints" (the secret is in a key vault that is named by its DNS name); "Database movement operations" tells that a
copy takes rows of configuration along.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from integration.cli.doctor.step import Finding, Step, failed, passed, skipped, warned
from integration.registration.business_events.entities import (
    ACTIVE_SET,
    ENDPOINTS_SET,
    EVERYWHERE,
    MANAGE,
    Row,
    event_name,
    is_disabled,
    text,
    vault_host,
)

ENDPOINT_COLUMNS = ("Name", "Type", "KeyVaultDnsName")
CATALOG = 'Integrate business events: the page "Business events overview"'

ENDPOINTS = Step(
    "business_event_endpoints",
    "Finance & Operations' business events have endpoints",
    f"Look at {MANAGE}, Endpoints: events that go through Dataverse are registered there instead "
    "(`fno-link register plan`).",
    CATALOG,
    asks=f"Finance & Operations: `{ENDPOINTS_SET}`; where there is none, `{ACTIVE_SET}`.",
    needs=("environment_read",),
)
VAULTS = Step(
    "business_event_vaults",
    "The endpoints' secrets come from the expected key vaults",
    "The environment may be a copy that still sends to where the original does. Look at "
    f"{MANAGE}, Endpoints: delete those of the original and make new ones, or name the vault in `key_vaults` of the "
    "organization, or in `key_vault` of the source that the endpoint sends to.",
    CATALOG,
    asks=f"Compares the `KeyVaultDnsName` of `{ENDPOINTS_SET}` with `key_vault` of the source that an endpoint sends "
    "to, else with `key_vaults` of the organization.",
    needs=("business_event_endpoints",),
)
ACTIVE = Step(
    "business_events",
    "Business events are active, and none is disabled",
    f"Look at {MANAGE}, Active events and Inactive events: activate what is wanted, in each legal entity that is.",
    CATALOG,
    asks=f"Finance & Operations: `{ACTIVE_SET}`, counted by legal entity.",
    needs=("business_event_endpoints",),
)
STEPS = (ENDPOINTS, VAULTS, ACTIVE)

SHOWN = 5


def judge_endpoints(endpoints: Sequence[Row], active: Sequence[Row] = ()) -> Finding:
    """Judge whether there is an endpoint; without one Finance & Operations sends nothing by itself.

    Args:
        endpoints: The rows.
        active: Those of the events that were activated: they would have to go somewhere.
    """
    if not endpoints and any(not is_disabled(row) for row in active):
        lost = _listed(_event(row) for row in active if not is_disabled(row))
        return failed(ENDPOINTS, f"there is none, though events are active: {lost}")
    if not endpoints:
        return skipped(ENDPOINTS, "there is none: it sends nothing but what is registered in Dataverse")
    return passed(ENDPOINTS, _listed(f"{text(row, 'Name')} ({text(row, 'Type') or 'no type'})" for row in endpoints))


def judge_vaults(
    endpoints: Sequence[Row], expected: Sequence[str], declared: Mapping[str, Sequence[str]] | None = None
) -> Finding:
    """Judge where the endpoints take their secrets from.

    Args:
        endpoints: The rows.
        expected: Hosts of the key vaults that belong to this environment; empty: nobody said.
        declared: Those of the endpoints that sources declare, by the endpoint's name in lower case.
    """
    wanted = {name: (declared or {}).get(name.lower(), expected) for name in (text(row, "Name") for row in endpoints)}
    found = {text(row, "Name"): vault_host(text(row, "KeyVaultDnsName")) for row in endpoints}
    named = {name: host for name, host in found.items() if host}
    if not named:
        return skipped(VAULTS, "no endpoint has a key vault")
    hosts = ", ".join(sorted(set(named.values())))
    unsaid = {name: host for name, host in named.items() if not wanted[name]}
    if unsaid == named:
        why = "neither `key_vaults` of the organization nor `key_vault` of a source says which is expected"
        return skipped(VAULTS, f"{why}; there: {hosts}")
    strange = {name: host for name, host in named.items() if name not in unsaid and host not in wanted[name]}
    if strange:
        right = ", ".join(dict.fromkeys(host for name in strange for host in wanted[name]))
        return failed(VAULTS, f"not from {right}: {_listed(f'{name} (from {host})' for name, host in strange.items())}")
    untold = f"; nobody says which is expected of {_listed(unsaid)}" if unsaid else ""
    return passed(VAULTS, hosts + untold)


def judge_active(endpoints: Sequence[Row], active: Sequence[Row]) -> Finding:
    """Judge which business events are active, and where.

    Args:
        endpoints: The rows of the endpoints.
        active: Those of the events that were activated.
    """
    off = [row for row in active if is_disabled(row)]
    on = [row for row in active if not is_disabled(row)]
    counts = Counter(_legal_entity(row) for row in on)
    told = "; ".join(f"{where}: {count} active" for where, count in sorted(counts.items())) or "none is active"
    names = {text(row, "Name").lower() for row in endpoints}
    lost = [_event(row) for row in on if text(row, "BusinessEventsEndpoint_Name").lower() not in names]
    if lost:
        return failed(ACTIVE, f"{told}; to an endpoint that is not there: {_listed(lost)}")
    if off:
        return warned(ACTIVE, f"{told}; disabled: {_listed(map(_event, off))}")
    return passed(ACTIVE, told) if on else warned(ACTIVE, told)


def _legal_entity(row: Row) -> str:
    return text(row, "LegalEntity").lower() or EVERYWHERE


def _event(row: Row) -> str:
    columns = ("BusinessEventsTable", "LegalEntity", "BusinessEventsEndpoint_Name")
    return event_name(*(text(row, column) for column in columns))


def _listed(told: Iterable[str]) -> str:
    listed = list(told)
    more = f" and {len(listed) - SHOWN} more" if len(listed) > SHOWN else ""
    return ", ".join(listed[:SHOWN]) + more
