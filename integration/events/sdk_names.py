"""The names of the fields of Dataverse messages, as the SDK writes them.

Source: "Microsoft.Xrm.Sdk namespace" (class reference).
"""

from typing import Any

type Json = dict[str, Any]

_KNOWN = frozenset(
    {
        "Attributes",
        "AttributeLogicalName",
        "BusinessUnitId",
        "CorrelationId",
        "Depth",
        "Entities",
        "EntityLogicalName",
        "EntityName",
        "EntityState",
        "FormattedValues",
        "Id",
        "InitiatingUserAgent",
        "InitiatingUserAzureActiveDirectoryObjectId",
        "InitiatingUserId",
        "InputParameters",
        "IsExecutingOffline",
        "IsInTransaction",
        "IsOfflinePlayback",
        "IsolationMode",
        "KeyAttributes",
        "LogicalName",
        "MessageName",
        "Mode",
        "MoreRecords",
        "Name",
        "OperationCreatedOn",
        "OperationId",
        "OrganizationId",
        "OrganizationName",
        "OutputParameters",
        "OwningExtension",
        "ParentContext",
        "PostEntityImages",
        "PreEntityImages",
        "PrimaryEntityId",
        "PrimaryEntityName",
        "PrimaryEntityRole",
        "RelatedEntities",
        "RequestId",
        "RowVersion",
        "SchemaName",
        "SecondaryEntityName",
        "SharedVariables",
        "Stage",
        "TotalRecordCount",
        "UserAzureActiveDirectoryObjectId",
        "UserId",
        "Value",
        "BusinessEventId",
        "ControlNumber",
        "EventId",
        "EventTime",
        "EventTimeIso8601",
        "BusinessEventLegalEntity",
        "ExtensionData",
        "key",
        "value",
        "__type",
        "__value",
    }
)
_CANONICAL = {name.lower(): name for name in _KNOWN - {"value"}} | {"value": "value"}


def canonical(node: Json) -> Json:
    """Return an object with the SDK's own names where they differ only in case: serializers vary in it."""
    if _KNOWN.issuperset(node):
        return node
    return {_CANONICAL.get(name.lower(), name): value for name, value in node.items()}
