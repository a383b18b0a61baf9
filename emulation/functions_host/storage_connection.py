"""Which storage account a binding's `connection` names, and how to get in.

Source: the page "Azure Functions developer guide", "Configure an identity-based connection" and "Connecting to host
storage with an identity": `X__accountName`, or `X__blobServiceUri` and `X__queueServiceUri` where the names differ.
"""

import msgspec

from emulation.functions_host.errors import HostError
from emulation.functions_host.identity import check_kind
from emulation.functions_host.settings import HOST_STORAGE, Settings

SERVICES = ("blob", "queue")


class StorageConnection(msgspec.Struct, frozen=True):
    """An account.

    Args:
        connection_string: Its connection string; empty: a managed identity signs in.
        blob: The blob service's URL, for an identity.
        queue: The queue service's URL, for an identity.
        client_id: Of a user-assigned identity; empty: the system-assigned one.
    """

    connection_string: str = ""
    blob: str = ""
    queue: str = ""
    client_id: str = ""


def find_storage(settings: Settings, name: str, function: str) -> StorageConnection:
    """Return the connection of this name.

    Args:
        settings: The app settings.
        name: The binding's `connection`.
        function: For the message.

    Raises:
        HostError: There is none; the real host does not start either.
    """
    name = settings.resolve(name or HOST_STORAGE)
    prefixes = (f"AzureWebJobs{name}", name)
    if not any(settings.get(prefix) for prefix in prefixes):
        for prefix in prefixes:
            account = settings.get(f"{prefix}__accountName")
            named = {service: settings.get(f"{prefix}__{service}ServiceUri") or "" for service in SERVICES}
            if not account and not any(named.values()):
                continue
            if wrong := check_kind(settings.get(f"{prefix}__credential") or "", prefix, function):
                raise HostError(wrong)
            derived = {service: f"https://{account}.{service}.core.windows.net" for service in SERVICES if account}
            return StorageConnection(
                blob=named["blob"] or derived.get("blob", ""),
                queue=named["queue"] or derived.get("queue", ""),
                client_id=settings.get(f"{prefix}__clientId") or "",
            )
    return StorageConnection(settings.connection_string(name, function))
