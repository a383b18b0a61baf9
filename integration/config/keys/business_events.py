"""What sends to a source from Finance & Operations itself: an endpoint there, and the business events on it."""

from typing import Annotated

import msgspec
from msgspec import Meta

from integration.config.keys.senders import SenderUrl

type EndpointName = Annotated[
    str,
    Meta(
        pattern=r"^([A-Za-z0-9]([A-Za-z0-9 _.:-]{0,58}[A-Za-z0-9])?)?$",
        extra={"hint": "1 to 60 of letters, digits, spaces and _ . : -, as the tab Endpoints shows it"},
    ),
]
type BusinessEventId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z][\w.() -]{0,254}$",
        extra={"hint": "the business event ID of the catalog: SalesOrderConfirmedBusinessEvent"},
    ),
]
type LegalEntityId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9]{1,4}$",
        extra={"hint": "the id of a legal entity: usmf; name none for all of them"},
    ),
]
type OptionalVaultHost = Annotated[
    str,
    Meta(
        pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?){2,})?$",
        extra={"hint": "the vault's host in lower case, without a scheme: contoso.vault.azure.net"},
    ),
]
type VaultSecretName = Annotated[
    str, Meta(pattern=r"^([0-9A-Za-z-]{1,127})?$", extra={"hint": "1 to 127 of letters, digits and -"})
]
type ApplicationId = Annotated[
    str,
    Meta(
        pattern=r"^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})?$",
        extra={"hint": "the client id: 32 hexadecimal digits as 8-4-4-4-12"},
    ),
]
type ApplicationSecret = Annotated[
    str, Meta(max_length=1500, extra={"secret": True, "setting_only": True, "unset": True, "check": "sender_key"})
]


class BusinessEvents(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What Finance & Operations is to send to this source by an endpoint of its own; `fno-link register` compares it.

    The kind of the source says which endpoint it is: HTTPS, a Service Bus queue or topic, an Event Grid topic, an event
    hub. Nothing is written there but by `register apply --experimental`.

    Args:
        events: Which business events, by the ids of the catalog.
        legal_entities: In which legal entities they are active; none named: in all, which is one activation of its own.
        endpoint: The endpoint's name in Finance & Operations; left out: `OWNER-SOURCE`, as `fno-link-erp`.
        key_vault: The host of the key vault that its secret is taken from; left out: one of `key_vaults` of the
            organization, where that names any.
        secret_name: The name of the secret in the vault: the URL with its key of an HTTPS endpoint, the connection
            string of Service Bus or Event Hubs, the access key of an Event Grid topic. Left out: it is not compared.
        application: The client id by which Finance & Operations reads the vault; left out: it is not compared.
        application_secret: The secret of that application, from an app setting; an endpoint is made with it by
            `register apply --experimental` alone, and it is never read.
        url: Of an Event Grid source the endpoint of its topic.
    """

    events: tuple[BusinessEventId, ...] = ()
    legal_entities: tuple[LegalEntityId, ...] = ()
    endpoint: EndpointName = ""
    key_vault: OptionalVaultHost = ""
    secret_name: VaultSecretName = ""
    application: ApplicationId = ""
    application_secret: ApplicationSecret = ""
    url: SenderUrl = ""

    @property
    def is_declared(self) -> bool:
        """Whether anything is to be sent."""
        return bool(self.events)
