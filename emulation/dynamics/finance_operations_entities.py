"""Finance & Operations' public entities, as far as somebody asks for them: members, keys and enumerations.

Members and keys of `BusinessEvents…` are those of clients that were generated from an environment's `$metadata`; those
of `SysAADClients` and `SecurityUserRoles` what public scripts read. The members of the enumerations are inferred from
the labels of the page "Manage business event endpoints", but for `NoYes`.
"""

import msgspec

SECRET = "DecryptedAzureAppSecret"


class PublicEntity(msgspec.Struct, frozen=True, kw_only=True):
    """An entity.

    Args:
        name: Its singular name.
        table: What its refusals call it.
        members: What it can be asked for.
        keys: Those of them that name a row; none: rows are not addressed and not written here.
        enumerations: The enumeration of each member that is one.
    """

    name: str
    table: str
    members: tuple[str, ...]
    keys: tuple[str, ...] = ()
    enumerations: dict[str, str] = {}


ENUMERATIONS: dict[str, tuple[str, ...]] = {
    "NoYes": ("No", "Yes"),
    "BusinessEventsEndpointType": (
        "AzureServiceBusQueue",
        "AzureServiceBusTopic",
        "AzureEventGrid",
        "MicrosoftFlow",
        "AzureEventHub",
        "HTTPS",
        "AzureBlobStorage",
        "Dataverse",
    ),
    "BusinessEventsServiceBusSku": ("Standard", "Premium"),
    "BusinessEventsEventHubSku": ("Basic", "Standard"),
    "ModuleAxapta": ("Accounts receivable", "Accounts payable", "Workflow"),
}
"""Names of the members, in the order of their values."""

ENTITIES: dict[str, PublicEntity] = {
    "LegalEntities": PublicEntity(name="LegalEntity", table="CompanyInfo", members=("LegalEntityId", "Name")),
    "Companies": PublicEntity(name="Company", table="DataArea", members=("DataArea", "Name")),
    "DataEntities": PublicEntity(name="DataEntity", table="DMFEntity", members=()),
    "BusinessEventsEndpoints": PublicEntity(
        name="BusinessEventsEndpoint",
        table="BusinessEventsEndpoint",
        members=(
            "Name",
            "Type",
            "Description",
            "AzureAppId",
            SECRET,
            "KeyVaultDnsName",
            "KeyVaultSecretName",
            "ServiceBusQueueName",
            "ServiceBusQueueSKU",
            "ServiceBusTopicName",
            "ServiceBusTopicSKU",
            "EventGridEndpointURL",
            "EventHubName",
            "EventHubSKU",
            "AzureBlobContainerName",
            "ProducerConsumerType",
            "InstanceRelationType",
        ),
        keys=("Name",),
        enumerations={
            "Type": "BusinessEventsEndpointType",
            "ServiceBusQueueSKU": "BusinessEventsServiceBusSku",
            "ServiceBusTopicSKU": "BusinessEventsServiceBusSku",
            "EventHubSKU": "BusinessEventsEventHubSku",
        },
    ),
    "BusinessEventsConfigurations": PublicEntity(
        name="BusinessEventsConfiguration",
        table="BusinessEventsConfiguration",
        members=("BusinessEventsTable", "LegalEntity", "BusinessEventsEndpoint_Name", "Disabled"),
        keys=("BusinessEventsTable", "LegalEntity", "BusinessEventsEndpoint_Name"),
        enumerations={"Disabled": "NoYes"},
    ),
    "BusinessEventsCatalogs": PublicEntity(
        name="BusinessEventsCatalog",
        table="BusinessEventsTable",
        members=(
            "BusinessEventId",
            "Name",
            "NameParam1",
            "NameParam2",
            "Description",
            "DescParam1",
            "DescParam2",
            "Module",
            "Contract",
        ),
        keys=("BusinessEventId",),
        enumerations={"Module": "ModuleAxapta"},
    ),
    "SysAADClients": PublicEntity(
        name="SysAADClient", table="SysAADClientTable", members=("AADClientId", "Name", "UserId")
    ),
    "SecurityUserRoles": PublicEntity(
        name="SecurityUserRole",
        table="SecurityUserRole",
        members=("UserId", "SecurityRoleIdentifier", "SecurityRoleName", "AssignmentMode", "AssignmentStatus"),
        enumerations={"AssignmentMode": "RoleAssignmentMode", "AssignmentStatus": "RoleAssignmentStatus"},
    ),
}
"""By the name of the entity set."""
