"""Tables of the event framework: messages, endpoints, steps and their images.

Sources: the table reference pages of ServiceEndpoint, SdkMessageProcessingStep, SdkMessageProcessingStepImage,
SdkMessageProcessingStepSecureConfig, SdkMessage, SdkMessageFilter, PluginType, PluginAssembly and PluginPackage.
"""

from emulation.dynamics.tables.column import Column
from emulation.dynamics.tables.declared import Collection, Declared

READ = frozenset[str]()
STAGES = {
    5: "Initial Pre-operation (For internal use only)",
    10: "Pre-validation",
    15: "Internal Pre-operation Before External Plugins (For internal use only)",
    20: "Pre-operation",
    25: "Internal Pre-operation After External Plugins (For internal use only)",
    30: "Main Operation (For internal use only)",
    35: "Internal Post-operation Before External Plugins (For internal use only)",
    40: "Post-operation",
    45: "Internal Post-operation After External Plugins (For internal use only)",
    50: "Post-operation (Deprecated)",
    55: "Final Post-operation (For internal use only)",
    80: "Pre-Commit stage fired before transaction commit (For internal use only)",
    90: "Post-Commit stage fired after transaction commit (For internal use only)",
}

MESSAGES = Declared(
    "sdkmessages",
    "SdkMessage",
    (
        Column("name", longest=256),
        Column("categoryname", longest=25),
        Column("isprivate", "Boolean", default=False),
        Column("isactive", "Boolean", default=True),
        Column("workflowsdkstepenabled", "Boolean", default=False),
    ),
    (
        Collection("sdkmessageid_sdkmessagefilter", "sdkmessagefilter", "sdkmessageid"),
        Collection("sdkmessageid_sdkmessageprocessingstep", "sdkmessageprocessingstep", "sdkmessageid"),
    ),
    writable=READ,
)
FILTERS = Declared(
    "sdkmessagefilters",
    "SdkMessageFilter",
    (
        Column("name", longest=256),
        Column("primaryobjecttypecode", "EntityName"),
        Column("secondaryobjecttypecode", "EntityName"),
        Column("sdkmessageid", "Lookup", targets=("sdkmessage",)),
        Column("iscustomprocessingstepallowed", "Boolean", default=True),
        Column("isvisible", "Boolean", default=True),
        Column("availability", "Integer", default=0),
    ),
    (Collection("sdkmessagefilterid_sdkmessageprocessingstep", "sdkmessageprocessingstep", "sdkmessagefilterid"),),
    writable=READ,
)
ENDPOINTS = Declared(
    "serviceendpoints",
    "ServiceEndpoint",
    (
        Column("name", longest=256, required=True),
        Column("description", "Memo", longest=2000),
        Column(
            "contract",
            "Picklist",
            options={
                1: "OneWay",
                2: "Queue",
                3: "Rest",
                4: "TwoWay",
                5: "Topic",
                6: "Queue (Persistent)",
                7: "Event Hub",
                8: "Webhook",
                9: "Event Grid",
                10: "Managed Data Lake",
                11: "Container Storage",
            },
            required=True,
        ),
        Column(
            "authtype",
            "Picklist",
            options={
                0: "Not Specified",
                1: "ACS",
                2: "SAS Key",
                3: "SAS Token",
                4: "Webhook Key",
                5: "Http Header",
                6: "Http Query String",
                7: "Connection String",
                8: "Access Key",
                9: "Managed Identity",
            },
        ),
        Column("authvalue", longest=2048, readable=False),
        Column("isauthvalueset", "Boolean", default=False, writable=False),
        Column("connectionmode", "Picklist", options={1: "Normal", 2: "Federated"}, default=1),
        Column("messageformat", "Picklist", options={1: "Binary XML", 2: "Json", 3: "Text XML"}, default=1),
        Column("messagecharset", "Picklist", options={0: "Default", 1: "UTF8", 2: "Windows 1252"}, default=0),
        Column("namespaceformat", "Picklist", options={1: "Namespace Name", 2: "Namespace Address"}),
        Column("namespaceaddress", longest=255),
        Column("path", longest=160),
        Column("solutionnamespace", longest=160),
        Column("saskeyname", longest=256),
        Column("saskey", longest=256, readable=False),
        Column("issaskeyset", "Boolean", default=False, writable=False),
        Column("sastoken", longest=256, readable=False),
        Column("issastokenset", "Boolean", default=False, writable=False),
        Column("schematype", "Picklist", options={1: "Event Grid", 2: "Cloud Events"}),
        Column("url", longest=2000),
        Column("usekeyvaultconfiguration", "Boolean", default=False),
        Column("keyvaultreferenceid", "Lookup", targets=("keyvaultreference",)),
        Column("managedidentityid", "Lookup", targets=("managedidentity",)),
        Column("userclaim", "Picklist", options={1: "None", 2: "UserId", 3: "UserInfo"}, default=1),
        Column("runtimeintegrationproperties", longest=512),
    ),
    (
        # The reference says that steps go with their endpoint; but a step is a component that depends on it, and what
        # others depend on is not deleted ("Dependency tracking for solution components").
        Collection("serviceendpoint_sdkmessageprocessingstep", "sdkmessageprocessingstep", "eventhandler"),
    ),
    component=95,
)
STEPS = Declared(
    "sdkmessageprocessingsteps",
    "SdkMessageProcessingStep",
    (
        Column("name", longest=256, required=True),
        Column("description", longest=256),
        Column("asyncautodelete", "Boolean", default=False),
        Column("canbebypassed", "Boolean", default=False),
        Column("canusereadonlyconnection", "Boolean", default=False),
        Column("category", longest=100),
        Column("configuration", longest=1073741823),
        Column("customizationlevel", "Integer", default=1, writable=False),
        Column("enablepluginprofiler", "Boolean", default=False),
        Column("eventexpander", longest=1073741823),
        Column("eventhandler", "Lookup", targets=("plugintype", "serviceendpoint"), required=True),
        Column("filteringattributes", longest=100000),
        Column("impersonatinguserid", "Lookup", targets=("systemuser",)),
        Column("invocationsource", "Picklist", options={-1: "Internal", 0: "Parent", 1: "Child"}, default=0),
        Column("ishidden", "ManagedProperty"),
        Column("mode", "Picklist", options={0: "Synchronous", 1: "Asynchronous"}, default=0),
        Column("plugintypeid", "Lookup", targets=("plugintype",)),
        Column("rank", "Integer", default=1),
        Column("runtimeintegrationproperties", longest=512),
        Column("sdkmessagefilterid", "Lookup", targets=("sdkmessagefilter",)),
        Column("sdkmessageid", "Lookup", targets=("sdkmessage",), required=True),
        Column("sdkmessageprocessingstepsecureconfigid", "Lookup", targets=("sdkmessageprocessingstepsecureconfig",)),
        Column("stage", "Picklist", options=STAGES, required=True),
        Column("statecode", "State", options={0: "Enabled", 1: "Disabled"}, default=0),
        Column("statuscode", "Status", options={1: "Enabled", 2: "Disabled"}, default=1),
        Column(
            "supporteddeployment",
            "Picklist",
            options={0: "Server Only", 1: "Microsoft Dynamics 365 Client for Outlook Only", 2: "Both"},
            default=0,
        ),
    ),
    (
        Collection(
            "sdkmessageprocessingstepid_sdkmessageprocessingstepimage",
            "sdkmessageprocessingstepimage",
            "sdkmessageprocessingstepid",
            "cascade",
        ),
        Collection("SdkMessageProcessingStep_AsyncOperations", "asyncoperation", "owningextensionid", "remove_link"),
    ),
    component=92,
)
IMAGES = Declared(
    "sdkmessageprocessingstepimages",
    "SdkMessageProcessingStepImage",
    (
        Column("name", longest=256),
        Column("description", longest=256),
        Column("attributes", longest=100000),
        Column("entityalias", longest=256, required=True),
        Column("imagetype", "Picklist", options={0: "PreImage", 1: "PostImage", 2: "Both"}, required=True),
        Column("messagepropertyname", longest=256, required=True),
        Column("relatedattributename", longest=256),
        Column("customizationlevel", "Integer", default=1, writable=False),
        Column("sdkmessageprocessingstepid", "Lookup", targets=("sdkmessageprocessingstep",), required=True),
    ),
    component=93,
)
SECURE_CONFIGS = Declared(
    "sdkmessageprocessingstepsecureconfigs",
    "SdkMessageProcessingStepSecureConfig",
    (Column("secureconfig", longest=1073741823), Column("customizationlevel", "Integer", default=1, writable=False)),
    (
        Collection(
            "sdkmessageprocessingstepsecureconfigid_sdkmessageprocessingstep",
            "sdkmessageprocessingstep",
            "sdkmessageprocessingstepsecureconfigid",
        ),
    ),
    name_column="",
)
PLUGIN_ASSEMBLIES = Declared(
    "pluginassemblies",
    "PluginAssembly",
    (
        Column("name", longest=256, required=True),
        Column("description", longest=256),
        Column("content", longest=1073741823),
        Column("version", longest=48),
        Column("culture", longest=32),
        Column("publickeytoken", longest=32),
        Column("isolationmode", "Picklist", options={1: "None", 2: "Sandbox", 3: "External"}, default=2),
        Column(
            "sourcetype",
            "Picklist",
            options={0: "Database", 1: "Disk", 2: "Normal", 3: "AzureWebApp", 4: "File Store"},
            default=0,
        ),
        Column("managedidentityid", "Lookup", targets=("managedidentity",)),
        Column("packageid", "Lookup", targets=("pluginpackage",)),
    ),
    (Collection("pluginassembly_plugintype", "plugintype", "pluginassemblyid", "cascade"),),
    component=91,
)
PLUGIN_PACKAGES = Declared(
    "pluginpackages",
    "PluginPackage",
    (
        Column("name", longest=256, required=True),
        Column("uniquename", longest=100),
        Column("version", longest=100, required=True),
        Column("content", longest=1073741823),
        Column("managedidentityid", "Lookup", targets=("managedidentity",)),
    ),
    (Collection("PluginPackage_PluginAssembly", "pluginassembly", "packageid", "cascade"),),
    component=10090,
)
PLUGIN_TYPES = Declared(
    "plugintypes",
    "PluginType",
    (
        Column("name", longest=256),
        Column("typename", longest=256, required=True),
        Column("friendlyname", longest=256, required=True),
        Column("assemblyname", longest=256),
        Column("description", longest=256),
        Column("version", longest=48),
        Column("culture", longest=32),
        Column("publickeytoken", longest=32),
        Column("isworkflowactivity", "Boolean", default=False, writable=False),
        Column("workflowactivitygroupname", longest=256),
        Column("pluginassemblyid", "Lookup", targets=("pluginassembly",), required=True),
    ),
    (Collection("plugintype_sdkmessageprocessingstep", "sdkmessageprocessingstep", "eventhandler"),),
    component=90,
)

REGISTRATION = (
    MESSAGES,
    FILTERS,
    ENDPOINTS,
    STEPS,
    IMAGES,
    SECURE_CONFIGS,
    PLUGIN_ASSEMBLIES,
    PLUGIN_PACKAGES,
    PLUGIN_TYPES,
)
