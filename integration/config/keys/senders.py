"""What sends to a source from Dataverse: a service endpoint and its steps, as `fno-link register` makes them."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from integration.config.keys.fields import Name

type LogicalName = Annotated[
    str,
    Meta(
        pattern=r"^[a-z][a-z0-9_]{0,127}$",
        extra={"hint": "a logical name, which is in lower case: account, mserp_custcustomergroupentity"},
    ),
]
type MessageName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z][A-Za-z0-9_]{0,255}$",
        extra={"hint": "the name of a message: Create, Update, OnExternalCreated, or that of a custom action"},
    ),
]
type Alias = Annotated[
    str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,99}$", extra={"hint": "1 to 100 of letters, digits and _"})
]
type SenderKey = Annotated[
    str, Meta(max_length=1500, extra={"secret": True, "setting_only": True, "unset": True, "check": "sender_key"})
]
type KeyName = Annotated[
    str,
    Meta(
        pattern=r"^([A-Za-z0-9][A-Za-z0-9_.-]{0,127})?$",
        extra={"hint": "1 to 128 of letters, digits and _ . -"},
    ),
]
type SenderUrl = Annotated[str, Meta(max_length=2000, extra={"check": "sender_url"})]
type NamespaceHost = Annotated[
    str,
    Meta(
        pattern=r"^([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+)?$",
        max_length=240,
        extra={"hint": "NAME.servicebus.windows.net, without a scheme and a path"},
    ),
]
type Rank = Annotated[int, Meta(ge=1, le=2_147_483_647)]

type Stage = Literal["pre_validation", "pre_operation", "post_operation"]
type Mode = Literal["async", "sync"]
type ImageType = Literal["pre", "post", "both"]


class Image(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The row as it was or has become, sent along with the event.

    Args:
        type: Before the change, after it, or both.
        alias: What the event calls it.
        attributes: Only these columns; none named: all, which is slow and large.
    """

    type: ImageType
    alias: Alias
    attributes: tuple[LogicalName, ...] = ()


class Steps(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Steps of Dataverse: one for each of these messages of each of these tables.

    Args:
        messages: What happens: `Create`, `Update`, `Delete`; `OnExternalCreated`, `OnExternalUpdated` and
            `OnExternalDeleted` of virtual tables; or an action of its own, as a business event of Finance &
            Operations is.
        tables: To rows of which tables, by logical name; none for an action that belongs to no table.
        attributes: `Update` only when one of these columns is written; none named: any.
        stage: When, within Dataverse's work on the change.
        mode: Behind the change, or within it: then it waits for the source, and an error of the source undoes it.
        rank: The order among the steps of the same stage.
        images: What of the row is sent along.
        enabled: Off: the steps are registered, and switched off.
    """

    messages: tuple[MessageName, ...] = ()
    tables: tuple[LogicalName, ...] = ()
    attributes: tuple[LogicalName, ...] = ()
    stage: Stage = "post_operation"
    mode: Mode = "async"
    rank: Rank = 1
    images: tuple[Image, ...] = ()
    enabled: bool = True


class Sender(Steps, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `fno-link register` makes in Dataverse, so that it sends to this source: an endpoint and its steps.

    The kind of the source says which endpoint it is: a webhook, a Service Bus queue or topic, an Event Grid topic, an
    event hub.

    Args:
        authentication: Of a webhook: how Dataverse proves who it is. `webhook_key` sends the key as `?code=`, as Azure
            Functions takes it; `header` and `query` under the name of `key_name`.
        key: The secret that Dataverse sends or signs with: the function key of the source, the key of a shared access
            rule with the right to send, the access key of an Event Grid topic. All of it from an app setting; where
            that is not set, nothing can be registered, and `drift` compares all but the secret.
        key_name: The name of the header or of the query's parameter (`x-functions-key` and `code` where left out), or
            of the shared access rule, which Service Bus and Event Hubs need.
        url: Where a webhook sends to, where it is not the app itself; of an Event Grid source the endpoint of its
            topic.
        namespace: The host of the Service Bus or Event Hubs namespace; left out: that of the source's `connection`.
        user_claim: What is sent of the user, to Service Bus and Event Hubs.
        event_schema: What an Event Grid topic takes.
        steps: Further steps of the same endpoint, one `[[sources.NAME.dataverse.steps]]` each.
    """

    authentication: Literal["webhook_key", "header", "query"] = "webhook_key"
    key: SenderKey = ""
    key_name: KeyName = ""
    url: SenderUrl = ""
    namespace: NamespaceHost = ""
    user_claim: Literal["none", "user_id", "user_info"] = "none"
    event_schema: Literal["cloud_events", "event_grid"] = "cloud_events"
    steps: tuple[Steps, ...] = ()

    @property
    def is_declared(self) -> bool:
        """Whether anything is to be registered."""
        return bool(self.messages or self.steps)

    @property
    def every_steps(self) -> tuple[Steps, ...]:
        """All declarations of steps, its own first."""
        own = Steps(**{name: getattr(self, name) for name in Steps.__struct_fields__})
        return ((own,) if self.messages else ()) + self.steps


class Registration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `fno-link register` makes in Dataverse, for all sources.

    Args:
        owner: Whose it is: names begin with it and descriptions have it. What has another, or none, is never touched:
            give each deployment that registers at the same organization an owner of its own.
    """

    owner: Name = "fno-link"
