"""From what the configuration calls a `connection` to a service of a storage account."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from integration.config.settings.connections import find_connection
from integration.errors import ConfigurationError, Problem

type Service = Literal["blob", "queue", "table"]


class ConnectionString(msgspec.Struct, frozen=True):
    """A connection string; never logged."""

    value: str

    def __repr__(self) -> str:
        return "ConnectionString(…)"


class Account(msgspec.Struct, frozen=True):
    """An account reached with managed identity: the service's endpoint, and the client id of a user-assigned one."""

    endpoint: str
    client_id: str = ""


def find(environ: Mapping[str, str], connection: str, service: Service) -> ConnectionString | Account:
    """Find how to connect.

    Args:
        environ: The app settings.
        connection: What the configuration calls `connection`.
        service: Which of the account's services.

    Raises:
        ConfigurationError: No setting of this name is usable; the message names what was looked for.
    """
    found = find_connection(environ, connection, (f"{service}ServiceUri", "accountName"))
    if found is None:
        message = f"no connection to the {service} service is set"
        instead = f"{connection}__accountName or {connection}__{service}ServiceUri"
        hint = f"set {connection} to a connection string, or {instead}"
        raise ConfigurationError([Problem(connection, message, hint)])
    if found.string:
        return ConnectionString(found.string)
    if found.kind == "accountName":
        return Account(f"https://{found.address}.{service}.core.windows.net", found.client_id)
    return Account(found.address.rstrip("/"), found.client_id)
