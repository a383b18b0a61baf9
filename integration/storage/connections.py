"""From an app-setting prefix to a way of connecting, by the conventions of Azure Functions.

`X` or `AzureWebJobsX` holds a connection string; otherwise `X__queueServiceUri` (`__blobServiceUri`,
`__tableServiceUri`) or `X__accountName` name the account and managed identity signs in, `X__clientId` choosing a
user-assigned one. Source: Azure Functions developer guide, "Configure an identity-based connection".
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from integration.errors import ConfigurationError, Problem

type Service = Literal["blob", "queue", "table"]

_UNRESOLVED = "@Microsoft.KeyVault("


class ConnectionString(msgspec.Struct, frozen=True):
    """A connection string; never logged."""

    value: str

    def __repr__(self) -> str:
        return "ConnectionString(…)"


class Account(msgspec.Struct, frozen=True):
    """An account reached with managed identity: the service's endpoint, and the client id of a user-assigned one."""

    endpoint: str
    client_id: str = ""


def find(environ: Mapping[str, str], prefix: str, service: Service) -> ConnectionString | Account:
    """Find how to connect.

    Args:
        environ: The app settings.
        prefix: What the configuration calls `connection`.
        service: Which of the account's services.

    Raises:
        ConfigurationError: No setting of this prefix is usable; the message names what was looked for.
    """
    for name in (f"AzureWebJobs{prefix}", prefix):
        value = environ.get(name, "")
        if value and not value.startswith(_UNRESOLVED):
            return ConnectionString(value)
        client_id = environ.get(f"{name}__clientId", "")
        endpoint = environ.get(f"{name}__{service}ServiceUri", "")
        if endpoint:
            return Account(endpoint.rstrip("/"), client_id)
        account = environ.get(f"{name}__accountName", "")
        if account:
            return Account(f"https://{account}.{service}.core.windows.net", client_id)
    raise ConfigurationError(
        [
            Problem(
                prefix,
                f"no connection to the {service} service is set",
                f"set {prefix} to a connection string, or {prefix}__accountName or {prefix}__{service}ServiceUri",
            )
        ]
    )
