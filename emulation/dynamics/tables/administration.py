"""Tables of an environment's administration: users, roles, solutions, identities and system jobs.

Sources: the table reference pages of SystemUser, Role, BusinessUnit, Solution, Publisher, SolutionComponent,
ManagedIdentity and AsyncOperation; "Set up managed identity for Power Platform plug-ins".
"""

from emulation.dynamics.tables.column import Column
from emulation.dynamics.tables.declared import Collection, Declared
from emulation.dynamics.tables.registration import READ

BUSINESS_UNITS = Declared("businessunits", "BusinessUnit", (Column("name", longest=160),), writable=READ)
USERS = Declared(
    "systemusers",
    "SystemUser",
    (
        Column("fullname", longest=200, writable=False),
        Column("firstname", longest=256),
        Column("lastname", longest=256),
        Column("domainname", longest=1024),
        Column("internalemailaddress", longest=100),
        Column("applicationid", "Uniqueidentifier", once=True),
        Column("azureactivedirectoryobjectid", "Uniqueidentifier", writable=False),
        Column("isdisabled", "Boolean", default=False),
        Column(
            "accessmode",
            "Picklist",
            options={
                0: "Read-Write",
                1: "Administrative",
                2: "Read",
                3: "Support User",
                4: "Non-interactive",
                5: "Delegated Admin",
            },
            default=0,
        ),
        Column("businessunitid", "Lookup", targets=("businessunit",), required=True),
    ),
    name_column="fullname",
    writable=frozenset({"Update"}),
)
ROLES = Declared(
    "roles",
    "Role",
    (
        Column("name", longest=100, required=True),
        Column("businessunitid", "Lookup", targets=("businessunit",)),
        Column("roletemplateid", "Lookup", targets=("roletemplate",), writable=False),
        Column("ismanaged", "Boolean", default=True, writable=False),
    ),
    writable=READ,
)
PUBLISHERS = Declared(
    "publishers",
    "Publisher",
    (
        Column("uniquename", longest=256, required=True),
        Column("friendlyname", longest=256, required=True),
        Column("customizationprefix", longest=8, required=True),
        Column("customizationoptionvalueprefix", "Integer", required=True),
        Column("description", "Memo", longest=2000),
        Column("isreadonly", "Boolean", default=False, writable=False),
    ),
    (Collection("publisher_solution", "solution", "publisherid"),),
    name_column="friendlyname",
    alternate_keys=("uniquename",),
)
SOLUTIONS = Declared(
    "solutions",
    "Solution",
    (
        Column("uniquename", longest=65, required=True, once=True),
        Column("friendlyname", longest=256, required=True),
        Column("description", "Memo", longest=2000),
        Column("version", longest=256, required=True),
        Column("publisherid", "Lookup", targets=("publisher",), required=True),
        Column("ismanaged", "Boolean", default=False, writable=False),
        Column("isvisible", "Boolean", default=True, writable=False),
        Column("installedon", "DateTime", writable=False),
    ),
    (Collection("solution_solutioncomponent", "solutioncomponent", "solutionid", "cascade"),),
    name_column="friendlyname",
    alternate_keys=("uniquename",),
)
SOLUTION_COMPONENTS = Declared(
    "solutioncomponents",
    "SolutionComponent",
    (
        Column("componenttype", "Integer", writable=False),
        Column("objectid", "Uniqueidentifier", writable=False),
        Column("rootcomponentbehavior", "Integer", writable=False),
        Column("solutionid", "Lookup", targets=("solution",), writable=False),
    ),
    name_column="",
    writable=READ,
)
MANAGED_IDENTITIES = Declared(
    "managedidentities",
    "ManagedIdentity",
    (
        Column("name", longest=100),
        Column("applicationid", "Uniqueidentifier", required=True),
        Column("tenantid", "Uniqueidentifier", required=True),
        Column(
            "credentialsource",
            "Picklist",
            options={0: "ClientSecret", 1: "KeyVault", 2: "IsManaged", 3: "MsFirstPartyCertificate"},
            default=2,
        ),
        Column("subjectscope", "Picklist", options={0: "GlobalScope", 1: "EnvironmentScope"}, default=1),
        Column("version", "Integer", default=0),
        Column("statecode", "State", options={0: "Active", 1: "Inactive"}, default=0),
        Column("statuscode", "Status", options={1: "Active", 2: "Inactive"}, default=1),
    ),
    (
        Collection("managedidentity_PluginAssembly", "pluginassembly", "managedidentityid", "remove_link"),
        Collection("managedidentity_PluginPackage", "pluginpackage", "managedidentityid", "remove_link"),
        Collection("managedidentity_ServiceEndpoint", "serviceendpoint", "managedidentityid", "remove_link"),
    ),
    component=10024,
)
JOBS = Declared(
    "asyncoperations",
    "AsyncOperation",
    (
        Column("name", longest=512),
        Column("operationtype", "Integer"),
        Column("messagename", longest=160),
        Column("primaryentitytype", "EntityName"),
        Column("correlationid", "Uniqueidentifier"),
        Column("depth", "Integer"),
        Column("errorcode", "Integer"),
        Column("message", "Memo"),
        Column("friendlymessage", "Memo"),
        Column("retrycount", "Integer", default=0),
        Column("requestid", "Uniqueidentifier"),
        Column("sequence", "BigInt"),
        Column("startedon", "DateTime"),
        Column("completedon", "DateTime"),
        Column("postponeuntil", "DateTime"),
        Column("owningextensionid", "Lookup", targets=("sdkmessageprocessingstep",)),
        Column("regardingobjectid", "Lookup", targets=("account", "contact")),
        Column("statecode", "State", options={0: "Ready", 1: "Suspended", 2: "Locked", 3: "Completed"}, default=0),
        Column(
            "statuscode",
            "Status",
            options={
                0: "Waiting For Resources",
                10: "Waiting",
                20: "In Progress",
                21: "Pausing",
                22: "Canceling",
                30: "Succeeded",
                31: "Failed",
                32: "Canceled",
            },
            default=0,
        ),
    ),
    writable=frozenset({"Update", "Delete"}),
)

ADMINISTRATION = (
    BUSINESS_UNITS,
    USERS,
    ROLES,
    PUBLISHERS,
    SOLUTIONS,
    SOLUTION_COMPONENTS,
    MANAGED_IDENTITIES,
    JOBS,
)
