"""What is declared in fno-link.toml, as Finance & Operations should have it; pure."""

from collections.abc import Mapping
from typing import assert_never

import msgspec

from integration.config.keys.model import (
    Configuration,
    EventGridSource,
    EventHubSource,
    HttpSource,
    ServiceBusSource,
    Source,
    StorageQueueSource,
)
from integration.config.reading.business_events import endpoint_of
from integration.config.settings.substitution import WHOLE
from integration.registration.business_events.entities import (
    EVENT_GRID,
    EVENT_HUB,
    HTTPS,
    QUEUE,
    TOPIC,
    EndpointType,
)
from integration.registration.wanted import declared


class WantedEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint of Finance & Operations, and the events on it.

    Args:
        source: The source that it sends to.
        name: Its name, which is its identity.
        type: What it is.
        columns: What is compared, by column, but for the vault.
        vaults: Hosts of the key vaults that its secret may come from; none: that is not compared.
        elsewhere: The organizations to which other key vaults belong, by host.
        events: Ids of the events.
        legal_entities: Where they are active; one that is empty: everywhere.
        secret: The secret of the application that reads the vault; empty: it is not known here.
    """

    source: str
    name: str
    type: EndpointType
    columns: Mapping[str, str]
    vaults: tuple[str, ...]
    elsewhere: Mapping[str, str]
    events: tuple[str, ...]
    legal_entities: tuple[str, ...]
    secret: str

    def __repr__(self) -> str:
        return f"WantedEndpoint({self.name!r})"


def declared_events(sources: Mapping[str, Source], organization: str) -> tuple[Source, ...]:
    """Return the sources of an organization that Finance & Operations is to send to by endpoints of its own.

    Args:
        sources: All, by name.
        organization: The organization's name.
    """
    return tuple(
        each for each in sources.values() if each.organization == organization and each.finance_operations.is_declared
    )


def declares(sources: Mapping[str, Source], organization: str, *, finance_operations: bool = True) -> bool:
    """Tell whether anything is declared that Dataverse or Finance & Operations is to send.

    Args:
        sources: All, by name.
        organization: The organization's name.
        finance_operations: Whether what Finance & Operations is to send counts.
    """
    beside = finance_operations and declared_events(sources, organization)
    return bool(declared(sources, organization) or beside)


def wanted_endpoints(configuration: Configuration, organization: str) -> tuple[WantedEndpoint, ...]:
    """Say what the environment of an organization should have.

    Args:
        configuration: As it was checked.
        organization: The organization's name.
    """
    owner, vaults = configuration.registration.owner, configuration.organizations[organization].key_vaults
    elsewhere = {
        host: name
        for name, each in configuration.organizations.items()
        for host in each.key_vaults
        if name != organization
    }
    return tuple(
        _endpoint(source, owner, vaults, elsewhere) for source in declared_events(configuration.sources, organization)
    )


def _endpoint(source: Source, owner: str, vaults: tuple[str, ...], elsewhere: Mapping[str, str]) -> WantedEndpoint:
    declared = source.finance_operations
    type_, place = _place(source)
    columns = {
        type_.column: place,
        "KeyVaultSecretName": declared.secret_name,
        "AzureAppId": declared.application.lower(),
    }
    return WantedEndpoint(
        source=source.name,
        name=endpoint_of(source, owner),
        type=type_,
        columns={column: value for column, value in columns.items() if column and value},
        vaults=(declared.key_vault,) if declared.key_vault else vaults,
        elsewhere=elsewhere,
        events=declared.events,
        legal_entities=tuple(each.lower() for each in declared.legal_entities) or ("",),
        secret="" if WHOLE.fullmatch(declared.application_secret) else declared.application_secret,
    )


def _place(source: Source) -> tuple[EndpointType, str]:
    match source:
        case HttpSource():
            return HTTPS, ""
        case ServiceBusSource():
            return (QUEUE, source.queue) if source.queue else (TOPIC, source.topic)
        case EventGridSource():
            return EVENT_GRID, source.finance_operations.url
        case EventHubSource():
            return EVENT_HUB, source.event_hub
        case StorageQueueSource():
            msg = f"sources.{source.name}: Finance & Operations cannot send to a Storage queue"
            raise ValueError(msg)
        case _:
            assert_never(source)
