"""What to do in Finance & Operations, in the words of its menus; pure.

Sources: the page "Business events overview" (Managing endpoints, Activating business events).
"""

from collections.abc import Mapping

from integration.registration.business_events.entities import EVERYWHERE, FIELDS, MANAGE
from integration.registration.business_events.wanted import WantedEndpoint

REBUILD = f"{MANAGE}, Manage > Rebuild business events catalog; or correct the id in `events`"


def to_create(one: WantedEndpoint) -> str:
    """Say how an endpoint is made."""
    fields = {**one.columns, **({"KeyVaultDnsName": f"https://{one.vaults[0]}/"} if one.vaults else {})}
    named = "".join(f", {FIELDS[column]} {value}" for column, value in fields.items())
    return f"{MANAGE}, Endpoints > New: Endpoint type {one.type.label}, Endpoint name {one.name}{named}"


def to_change(one: WantedEndpoint, columns: Mapping[str, str]) -> str:
    """Say how an endpoint is changed."""
    named = ", ".join(f"{FIELDS[column]} {value}" for column, value in columns.items())
    return f"{MANAGE}, Endpoints: {one.name}: {named}"


def to_replace(one: WantedEndpoint) -> str:
    """Say how an endpoint becomes one of another type: it stays what it is."""
    return f"{MANAGE}, Endpoints: delete {one.name}; then {to_create(one).removeprefix(f'{MANAGE}, ')}"


def to_delete(name: str) -> str:
    """Say how an endpoint is deleted."""
    return f"{MANAGE}, Endpoints: delete {name}, once no event is assigned to it"


def to_activate(event: str, legal_entity: str, endpoint: str, *, inactive: bool) -> str:
    """Say how an event is activated.

    Args:
        event: Its id.
        legal_entity: Where; empty: everywhere.
        endpoint: The endpoint's name.
        inactive: Whether it was activated before, and then switched off.
    """
    if inactive:
        where = legal_entity or EVERYWHERE
        return f"{MANAGE}, Inactive events: {event} in {where} to {endpoint}, Activate"
    where = legal_entity or "left blank, for all"
    return f"{MANAGE}: {event}, Activate: Legal entity {where}, Endpoint name {endpoint}"


def to_deactivate(event: str, legal_entity: str, endpoint: str) -> str:
    """Say how an event is switched off."""
    return f"{MANAGE}, Active events: {event} in {legal_entity or EVERYWHERE} to {endpoint}, Inactivate"
