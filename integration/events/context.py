"""RemoteExecutionContext: what Dataverse tells about a message that a plug-in step saw."""

from datetime import datetime
from functools import cached_property
from typing import Any, Self, cast

import msgspec

from integration.events.identity import guid
from integration.events.scan import is_deeper
from integration.events.sdk_names import Json, canonical
from integration.events.times import instant
from integration.events.xrm import (
    Entity,
    EntityReference,
    Value,
    images,
    integer,
    pairs,
    reference,
    text,
)

_DEEPEST = 128
_STRIPPED_FIELDS = ("InputParameters", "PreEntityImages", "PostEntityImages")


class RemoteExecutionContext(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The context of one message, with Python values; names follow the SDK's in snake case.

    `stage` is 10, 20, 30 or 40, `mode` 0 for a synchronous step and 1 for an asynchronous one. Zero GUIDs and nulls are
    empty strings, `/Date(…)/` is an aware datetime in UTC. Source: "RemoteExecutionContext class" and "Sample:
    RemoteExecutionContext in JSON" of the Dataverse developer guide. The collections are read when they are asked for.
    """

    fields: Json
    message_name: str
    primary_entity_name: str = ""
    primary_entity_id: str = ""
    secondary_entity_name: str = ""
    stage: int | None = None
    mode: int | None = None
    depth: int | None = None
    isolation_mode: int | None = None
    organization_id: str = ""
    organization_name: str = ""
    business_unit_id: str = ""
    user_id: str = ""
    user_aad_id: str = ""
    initiating_user_id: str = ""
    initiating_user_aad_id: str = ""
    initiating_user_agent: str = ""
    correlation_id: str = ""
    operation_id: str = ""
    request_id: str = ""
    operation_created_on: datetime | None = None
    owning_extension: EntityReference | None = None
    is_executing_offline: bool = False
    is_in_transaction: bool = False
    is_offline_playback: bool = False
    parent_context: "RemoteExecutionContext | None" = None
    stripped: bool = False
    business_event_id: str = ""

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Read the JSON text of a context.

        Args:
            body: UTF-8 JSON, nested at most 128 deep.

        Raises:
            ValueError: The text is not JSON, nests deeper, or is no context.
        """
        if is_deeper(body, _DEEPEST):
            msg = f"the context nests deeper than {_DEEPEST} levels"
            raise ValueError(msg)
        try:
            fields = msgspec.json.decode(body)
        except msgspec.DecodeError as error:
            msg = f"the context is not JSON: {error}"
            raise ValueError(msg) from error
        if not isinstance(fields, dict) or not is_context(folded := canonical(cast("Json", fields))):
            msg = (
                "the JSON is no RemoteExecutionContext: it lacks MessageName with InputParameters or PrimaryEntityName"
            )
            raise ValueError(msg)
        return cls.read(folded)

    @classmethod
    def read(cls, fields: Json) -> Self:
        """Read the decoded JSON of a context; fields of another type than documented count as missing."""
        parent = fields.get("ParentContext")
        return cls(
            fields=fields,
            message_name=text(fields.get("MessageName")),
            primary_entity_name=_table(fields.get("PrimaryEntityName")),
            primary_entity_id=guid(fields.get("PrimaryEntityId")),
            secondary_entity_name=_table(fields.get("SecondaryEntityName")),
            stage=integer(fields.get("Stage")),
            mode=integer(fields.get("Mode")),
            depth=integer(fields.get("Depth")),
            isolation_mode=integer(fields.get("IsolationMode")),
            organization_id=guid(fields.get("OrganizationId")),
            organization_name=text(fields.get("OrganizationName")),
            business_unit_id=guid(fields.get("BusinessUnitId")),
            user_id=guid(fields.get("UserId")),
            user_aad_id=guid(fields.get("UserAzureActiveDirectoryObjectId")),
            initiating_user_id=guid(fields.get("InitiatingUserId")),
            initiating_user_aad_id=guid(fields.get("InitiatingUserAzureActiveDirectoryObjectId")),
            initiating_user_agent=text(fields.get("InitiatingUserAgent")),
            correlation_id=guid(fields.get("CorrelationId")),
            operation_id=guid(fields.get("OperationId")),
            request_id=guid(fields.get("RequestId")),
            operation_created_on=instant(fields.get("OperationCreatedOn")),
            owning_extension=reference(fields.get("OwningExtension")),
            is_executing_offline=fields.get("IsExecutingOffline") is True,
            is_in_transaction=fields.get("IsInTransaction") is True,
            is_offline_playback=fields.get("IsOfflinePlayback") is True,
            parent_context=cls.read(canonical(cast("Json", parent))) if isinstance(parent, dict) else None,
            stripped=not any(fields.get(name) for name in _STRIPPED_FIELDS) and fields.get("InputParameters") is None,
            business_event_id=text(fields.get("BusinessEventId")),
        )

    @cached_property
    def input_parameters(self) -> dict[str, Value]:
        """What the message was called with."""
        return pairs(self.fields.get("InputParameters"))

    @cached_property
    def output_parameters(self) -> dict[str, Value]:
        """What it answered, after the main operation."""
        return pairs(self.fields.get("OutputParameters"))

    @cached_property
    def shared_variables(self) -> dict[str, Value]:
        """What plug-ins pass to those that run after them."""
        return pairs(self.fields.get("SharedVariables"))

    @cached_property
    def pre_entity_images(self) -> dict[str, Entity]:
        """The row before the main operation, by the names of the images."""
        return images(self.fields.get("PreEntityImages"))

    @cached_property
    def post_entity_images(self) -> dict[str, Entity]:
        """The row after it."""
        return images(self.fields.get("PostEntityImages"))

    @property
    def target(self) -> Entity | EntityReference | None:
        """The row of the message: an Entity with what changed, an EntityReference for a delete."""
        found = self.input_parameters.get("Target")
        return found if isinstance(found, Entity | EntityReference) else None

    @property
    def pre_image(self) -> Entity | None:
        """The row before the change, as F&O data events carry it among the input parameters."""
        found = self.input_parameters.get("PreImage")
        return found if isinstance(found, Entity) else None

    @property
    def entity(self) -> str:
        """The table's logical name, empty for a message without one."""
        return self.primary_entity_name or (self.target.logical_name if self.target else "")

    @property
    def id(self) -> str:
        """The row's id; for F&O data events that of the target, because PrimaryEntityId is zero there."""
        return self.primary_entity_id or (self.target.id if self.target else "")

    @property
    def is_data_event(self) -> bool:
        """Whether finance and operations apps raised it for one of their entities, or put their envelope around it."""
        return (
            self.message_name.startswith("OnExternal")
            or self.entity.startswith("mserp_")
            or bool(self.business_event_id)
        )


def is_context(fields: dict[str, Any]) -> bool:
    """Say whether an object, under the SDK's own names, is a context: whole, or stripped for its size."""
    if not isinstance(fields.get("MessageName"), str) or not fields["MessageName"]:
        return False
    if isinstance(fields.get("InputParameters"), list | dict):
        return True
    return "PrimaryEntityName" in fields and ("OrganizationId" in fields or "OperationCreatedOn" in fields)


def _table(name: object) -> str:
    return "" if name == "none" else text(name)
