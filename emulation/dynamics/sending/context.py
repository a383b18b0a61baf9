"""The context that a step is given.

Sources: the class reference of RemoteExecutionContext, "Sample: RemoteExecutionContext in JSON", the pages "Understand
the execution context" and "Data events", and recorded messages.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from emulation.dynamics.sending.step import Image, Step
from emulation.dynamics.sending.values import Context, Entity, Guid, Images, Moment, Reference, entity
from emulation.dynamics.tables.column import Column

ZERO = Guid("00000000-0000-0000-0000-000000000000")
MAIN_OPERATION, POST = 30, 40
STRIPPED = ("ParentContext", "InputParameters", "PreEntityImages", "PostEntityImages")
"""What is taken out of a message that is too large ("Azure integration", "Use webhooks")."""

PRIMARY_NAME = "AsynchronousStepPrimaryName"


class Caller(msgspec.Struct, frozen=True):
    """Who did it, and where.

    Args:
        organization_id: The organization's id.
        organization_name: Its unique name.
        business_unit: The business unit's id.
        user: The user's id.
        principal: The object id of its principal.
        agent: Its User-Agent.
    """

    organization_id: str
    organization_name: str
    business_unit: str
    user: str
    principal: str
    agent: str


class Happened(msgspec.Struct, frozen=True):
    """What happened.

    Args:
        message: The message's name.
        table: Logical name of the table, or "none".
        key: The row's id.
        parameters: The input parameters.
        early: The input parameters before the operation, when defaults are not yet added.
        outputs: The output parameters.
        before: The row before, by property.
        after: The row afterwards, by property.
        columns: The table's columns by property.
        name_column: The table's primary name.
        at: When.
        correlation: What ties together all that follows from one request.
        external: Whether finance and operations told it of one of their own rows.
    """

    message: str
    table: str
    key: str
    parameters: Mapping[str, Any]
    early: Mapping[str, Any]
    outputs: Mapping[str, Any]
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    columns: Mapping[str, Column]
    name_column: str
    at: datetime
    correlation: str
    external: bool = False


def context_for(happened: Happened, caller: Caller, step: Step, operation: str) -> Context:
    """Return the context of a step.

    Args:
        happened: What happened.
        caller: Who did it.
        step: The step.
        operation: The id of its system job; empty: it is synchronous.
    """
    within = step.stage == POST and happened.message == "Update"  # as in the documented sample
    parent = _context(happened, caller, step, operation, MAIN_OPERATION) if within else None
    whole = _context(happened, caller, step, operation, step.stage)
    return whole | {
        "ParentContext": parent,
        "PostEntityImages": Images(_images(happened, step, before=False) if step.stage == POST else {}),
        "PreEntityImages": Images(_images(happened, step, before=True)),
    }


def stripped(context: Context) -> Context:
    """Return a context without what makes it large."""
    return {name: value for name, value in context.items() if name not in STRIPPED}


def _context(happened: Happened, caller: Caller, step: Step, operation: str, stage: int) -> Context:
    return {
        "BusinessUnitId": Guid(caller.business_unit),
        "CorrelationId": Guid(happened.correlation),
        "Depth": 1,
        "InitiatingUserAgent": caller.agent,
        "InitiatingUserAzureActiveDirectoryObjectId": Guid(caller.principal),
        "InitiatingUserId": Guid(caller.user),
        "InputParameters": dict(happened.parameters if stage == POST else happened.early),
        "IsExecutingOffline": False,
        "IsInTransaction": not step.asynchronous and stage != 10,  # noqa: PLR2004 (before the transaction)
        "IsOfflinePlayback": False,
        "IsolationMode": 1,
        "MessageName": happened.message,
        "Mode": int(step.asynchronous),
        "OperationCreatedOn": Moment(happened.at, local=True),
        "OperationId": Guid(operation) if operation else ZERO,
        "OrganizationId": Guid(caller.organization_id),
        "OrganizationName": caller.organization_name,
        "OutputParameters": dict(happened.outputs) if stage == POST else {},
        "OwningExtension": Reference("sdkmessageprocessingstep", step.id),
        "ParentContext": None,
        "PostEntityImages": Images({}),
        "PreEntityImages": Images({}),
        "PrimaryEntityId": ZERO if happened.external or not happened.key else Guid(happened.key),
        "PrimaryEntityName": happened.table,
        "RequestId": None,
        "SecondaryEntityName": "none",
        "SharedVariables": {"IsAutoTransact": True},
        "Stage": stage,
        "UserAzureActiveDirectoryObjectId": ZERO,
        "UserId": Guid(step.user or caller.user),
    }


def _images(happened: Happened, step: Step, *, before: bool) -> dict[str, Entity]:
    row = happened.before if before else happened.after
    if not row:
        return {}
    found: dict[str, Entity] = {}
    if not before and step.asynchronous and happened.name_column:
        found[PRIMARY_NAME] = _part(happened, row, frozenset({happened.name_column, f"{happened.table}id"}))
    for image in step.images:
        if image.before if before else image.after:
            found[image.alias] = _part(happened, row, _wanted(happened, image))
    return found


def _wanted(happened: Happened, image: Image) -> frozenset[str]:
    return image.attributes | {f"{happened.table}id"} if image.attributes else frozenset()


def _part(happened: Happened, row: Mapping[str, Any], names: frozenset[str]) -> Entity:
    part = {
        name: value
        for name, value in row.items()
        # What is null is not in an image.
        if value is not None and (not names or ((column := happened.columns.get(name)) and column.name in names))
    }
    lookups = {name: value for name, value in row.items() if "@" in name and name.partition("@")[0] in part}
    return entity(happened.table, happened.key, part | lookups, happened.columns)
