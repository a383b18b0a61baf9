"""What every process of a host imports, whatever its app is; most of a start is that."""

import importlib

LIBRARIES = (
    "azure.functions",
    "azure_functions_runtime",
    "azure.storage.blob.aio",
    "emulation.functions_host.listeners.service_bus",
    "emulation.functions_host.listeners.storage_queue",
    "emulation.functions_host.listeners.timer",
)


def load() -> None:
    """Import it; nothing of the app."""
    for name in LIBRARIES:
        importlib.import_module(name)
