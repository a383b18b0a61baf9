"""Every app setting and environment variable that fno-link reads; code reads none under another name.

`<NAME>` stands for an organization's name in upper case with `-` as `_`, `<CONNECTION>` for a `connection` of
fno-link.toml. A test compares this list with the code, with local.settings.sample.json and with docs/reference.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

type Environ = Mapping[str, str]
type Owner = Literal["fno-link", "functions", "platform", "command line"]


class Setting(msgspec.Struct, frozen=True):
    """One app setting.

    Args:
        name: Its name, with `<NAME>` or `<CONNECTION>` where it has one for each.
        doc: What it says, one sentence or two.
        owner: Whose it is: ours, the Functions host's, set by the platform by itself, or of the command line only.
        secret: Whether its value must never be shown.
    """

    name: str
    doc: str
    owner: Owner = "fno-link"
    secret: bool = False


CONFIG = "FNO_LINK_CONFIG"
CLIENT_ID = "FNO_LINK_<NAME>_CLIENT_ID"
CLIENT_SECRET = "FNO_LINK_<NAME>_CLIENT_SECRET"  # noqa: S105 - the name of a setting
CLIENT_CERTIFICATE = "FNO_LINK_<NAME>_CLIENT_CERTIFICATE"
CLIENT_CERTIFICATE_PASSWORD = "FNO_LINK_<NAME>_CLIENT_CERTIFICATE_PASSWORD"  # noqa: S105 - the name of a setting
KEY = "FNO_LINK_KEY"
INTAKE_KEY = "FNO_LINK_KEY_<SOURCE>"
APP_TENANT = "FNO_LINK_APP_TENANT"
APP_AUDIENCE = "FNO_LINK_APP_AUDIENCE"
APP_CLOUD = "FNO_LINK_APP_CLOUD"
EASY_AUTH = "FNO_LINK_EASY_AUTH"
SITE_AUTH = "WEBSITE_AUTH_ENABLED"
SITE_NAME = "WEBSITE_SITE_NAME"
APP_URL = "FNO_LINK_APP_URL"
HOSTNAME = "WEBSITE_HOSTNAME"
STORAGE = "AzureWebJobsStorage"
WORKER_RUNTIME = "FUNCTIONS_WORKER_RUNTIME"
BODY_LIMIT = "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"
SCRIPT_ROOT = "AzureWebJobsScriptRoot"
IDENTITY_ENDPOINT = "IDENTITY_ENDPOINT"
IDENTITY_HEADER = "IDENTITY_HEADER"
MSI_ENDPOINT = "MSI_ENDPOINT"
FEDERATED_TOKEN_FILE = "AZURE_FEDERATED_TOKEN_FILE"  # noqa: S105 - the name of a setting
WORKLOAD_CLIENT = "AZURE_CLIENT_ID"
WORKLOAD_TENANT = "AZURE_TENANT_ID"
AUTHORITY_HOST = "AZURE_AUTHORITY_HOST"
CONNECTION = "<CONNECTION>"
ACCOUNT_NAME = "<CONNECTION>__accountName"
BLOB_SERVICE_URI = "<CONNECTION>__blobServiceUri"
QUEUE_SERVICE_URI = "<CONNECTION>__queueServiceUri"
TABLE_SERVICE_URI = "<CONNECTION>__tableServiceUri"
NAMESPACE = "<CONNECTION>__fullyQualifiedNamespace"
CUSTOM_ENDPOINT = "<CONNECTION>__customEndpointAddress"
CONNECTION_VERIFY = "<CONNECTION>__connectionVerify"
CONNECTION_CLIENT_ID = "<CONNECTION>__clientId"

SETTINGS: tuple[Setting, ...] = (
    Setting(CONFIG, "Path of the configuration; relative to the folder of host.json. Default: fno-link.toml."),
    Setting(
        CLIENT_ID,
        "Application (client) id of the organization's app registration; without a secret and a certificate that of a "
        "user-assigned managed identity.",
    ),
    Setting(CLIENT_SECRET, "Client secret of the app registration.", secret=True),
    Setting(
        CLIENT_CERTIFICATE,
        "Instead of a secret: certificate with its private key, as PEM or as base64 of a PFX.",
        secret=True,
    ),
    Setting(CLIENT_CERTIFICATE_PASSWORD, "Password of the certificate's private key, if it has one.", secret=True),
    Setting(
        STORAGE,
        "The storage account of the function app: queues, tables and blobs of fno-link are there too. A connection "
        "string, or AzureWebJobsStorage__accountName for a managed identity.",
        "functions",
        secret=True,
    ),
    Setting(WORKER_RUNTIME, "Must be python; the Functions host reads it.", "functions"),
    Setting(
        BODY_LIMIT,
        "Bytes of the largest body that the Functions host reads, 100 MB without it: the largest `max_body`, and a "
        "little. What is larger is 500 before fno-link sees it, and costs no memory.",
        "functions",
    ),
    Setting(SCRIPT_ROOT, "Folder of host.json; the Functions host sets it.", "platform"),
    Setting(IDENTITY_ENDPOINT, "Where App Service hands out tokens of the managed identity.", "platform"),
    Setting(MSI_ENDPOINT, "Where Cloud Shell and Machine Learning hand out such tokens.", "platform"),
    Setting(
        FEDERATED_TOKEN_FILE,
        "On Kubernetes, set by the webhook of Azure Workload Identity: the file with the token of the pod's service "
        "account. With it a managed identity means the one that trusts that account.",
        "platform",
    ),
    Setting(WORKLOAD_CLIENT, "Beside it: client id of the identity, where no setting of ours names one.", "platform"),
    Setting(WORKLOAD_TENANT, "Beside it: id of the identity's tenant.", "platform"),
    Setting(AUTHORITY_HOST, "Beside it: where Entra is asked. Default: the public cloud's.", "platform"),
    Setting(IDENTITY_HEADER, "What App Service wants in the header of such a request.", "platform", secret=True),
    Setting(
        CONNECTION,
        "What a `connection` of fno-link.toml names: a connection string. Also looked up as AzureWebJobs<CONNECTION>.",
        secret=True,
    ),
    Setting(ACCOUNT_NAME, "Instead: the storage account's name, used with a managed identity."),
    Setting(BLOB_SERVICE_URI, "Instead: the URL of the account's blob service, used with a managed identity."),
    Setting(QUEUE_SERVICE_URI, "Instead: the URL of the account's queue service, used with a managed identity."),
    Setting(TABLE_SERVICE_URI, "Instead: the URL of the account's table service, used with a managed identity."),
    Setting(
        NAMESPACE,
        "Instead, for Service Bus and Event Hubs: the host of the namespace, NAME.servicebus.windows.net, used with a "
        "managed identity.",
    ),
    Setting(
        CUSTOM_ENDPOINT,
        "For Service Bus targets with a managed identity: `sb://HOST:PORT` of the gateway or private endpoint to "
        "connect to in place of the namespace's own address. Triggers belong to the Functions host, which takes the "
        "address from DNS.",
    ),
    Setting(
        CONNECTION_VERIFY,
        "With it: path of a PEM file of the certificate authorities to trust instead of the public ones.",
    ),
    Setting(CONNECTION_CLIENT_ID, "Client id of a user-assigned managed identity; without it the system-assigned one."),
    Setting(
        APP_URL,
        "The address of the function app, https://HOST, that Dataverse sends webhooks to: for `fno-link register`. "
        "Default: what Azure calls the app.",
    ),
    Setting(HOSTNAME, "The host name of the app; Azure sets it.", "platform"),
    Setting(
        EASY_AUTH,
        "true: App Service authentication stands before the app, and the headers by which it tells who asks are "
        "believed. Never set it anywhere else: there anybody can send them.",
    ),
    Setting(SITE_AUTH, "Whether App Service authentication is on; Azure sets it.", "platform"),
    Setting(SITE_NAME, "The app's name on App Service; Azure sets it.", "platform"),
    Setting(KEY, "Function key of a deployed app, for the commands that take --app URL.", "command line", secret=True),
    Setting(
        APP_TENANT,
        "Whose token a deployed app is shown where there is no key: the tenant, an id or a domain. For the commands "
        "that take --app URL, with the next.",
        "command line",
    ),
    Setting(APP_AUDIENCE, "What that token is for: the app registration of fno-link, api://….", "command line"),
    Setting(APP_CLOUD, "That tenant's cloud, as `cloud` of an organization. Default: public.", "command line"),
    Setting(
        INTAKE_KEY,
        "The key that the sender of an HTTP source has, for `fno-link doctor --app URL`; `<SOURCE>` is the source's "
        "name in upper case with `-` as `_`.",
        "command line",
        secret=True,
    ),
)


def of_source(setting: str, name: str) -> str:
    """Return the setting's name for one source: `erp-eu` → `FNO_LINK_KEY_ERP_EU`."""
    return setting.replace("<SOURCE>", name.upper().replace("-", "_"))


def of_organization(setting: str, name: str) -> str:
    """Return the setting's name for one organization: `contoso-eu` → `FNO_LINK_CONTOSO_EU_CLIENT_ID`."""
    return setting.replace("<NAME>", name.upper().replace("-", "_"))


def believes_headers(environ: Environ) -> bool | None:
    """Tell whether headers of App Service authentication are its own; None: they are to be believed and cannot be.

    App Service says of itself whether its authentication is on (`EnvironmentSettingNames.EasyAuthEnabled` of
    azure-functions-host); other places that have the like, as Container Apps, do not.
    """
    if environ.get(EASY_AUTH, "").strip().lower() not in _YES:
        return False
    on_app_service = bool(environ.get(SITE_NAME, "").strip())
    return None if on_app_service and environ.get(SITE_AUTH, "").strip().lower() not in _YES else True


_YES = frozenset({"true", "1"})
