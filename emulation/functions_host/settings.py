"""App settings: local.settings.json under the environment, `%NAME%`, and connections."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from emulation.functions_host.errors import HostError
from emulation.functions_host.settings_file import strict

HOST_STORAGE = "AzureWebJobsStorage"
LOCAL_SETTINGS = "local.settings.json"
_DEVELOPMENT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
# Page "Use the Azurite emulator for local Azure Storage development": what the shortcut stands for.
_DEVELOPMENT_STORAGE = (
    f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={_DEVELOPMENT_KEY};"
    "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;"
    "QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;"
    "TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;"
)
_REFERENCE = re.compile(r"%([^%]+)%")


def local_settings(path: Path) -> dict[str, str]:
    """Return the `Values` of a local.settings.json; none where the file is missing.

    Raises:
        HostError: The file is not what Core Tools read, encrypted, or holds a value that is not text, number or
            boolean.
    """
    try:
        content: Any = json.loads(strict(path.read_text(encoding="utf-8-sig")))
        members = {name.lower(): value for name, value in msgspec.convert(content, dict[str, Any]).items()}
        values = msgspec.convert(members.get("values", {}), dict[str, Any])
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError) as error:
        msg = f"{path} is wrong: {error}"
        raise HostError(msg) from error
    if members.get("isencrypted"):
        msg = f"{path} is encrypted; run 'func settings decrypt' first."
        raise HostError(msg)
    wrong = [name for name, value in values.items() if not isinstance(value, str | int | float | bool)]
    if wrong:
        msg = f"{path}: values must be text, not objects or lists: {', '.join(wrong)}"
        raise HostError(msg)
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}


def entity_path(connection_string: str) -> str:
    """Return the one entity that a connection string of Service Bus or Event Hubs is of; empty: the namespace's."""
    parts = (part.partition("=") for part in connection_string.split(";"))
    return next((value.strip() for key, _, value in parts if key.strip().lower() == "entitypath"), "")


class Settings:
    """The app settings in force, by name without regard to case, as the host reads them.

    Args:
        values: All of them.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = {name.lower(): value for name, value in values.items()}

    def get(self, name: str) -> str | None:
        """Return a setting, or None."""
        return self._values.get(name.lower().replace(":", "__"))

    def resolve(self, text: str) -> str:
        """Replace each `%NAME%`.

        Raises:
            HostError: A named setting does not exist.
        """
        return _REFERENCE.sub(self._referenced, text)

    def connection_string(self, name: str, function: str) -> str:
        """Return the connection string that a binding's `connection` names: setting NAME or AzureWebJobsNAME.

        Raises:
            HostError: There is none; the real host does not start either.
        """
        name = self.resolve(name or HOST_STORAGE)
        for candidate in (f"AzureWebJobs{name}", name):
            value = self.get(candidate)
            if value:
                return _DEVELOPMENT_STORAGE if value.strip().rstrip(";") == "UseDevelopmentStorage=true" else value
        if any(key.startswith((f"{name.lower()}__", f"azurewebjobs{name.lower()}__")) for key in self._values):
            msg = (
                f"Function {function!r}: connection {name!r} is identity-based, and its settings name no account or "
                f"namespace that the local host can use; set {name} to a connection string to run locally."
            )
            raise HostError(msg)
        msg = (
            f"Function {function!r}: connection {name!r} does not exist. "
            f"Set {name} in {LOCAL_SETTINGS} or in the environment."
        )
        raise HostError(msg)

    def _referenced(self, match: re.Match[str]) -> str:
        value = self.get(match.group(1))
        if value is None:
            msg = f"'%{match.group(1)}%' does not resolve to a value: no app setting has this name."
            raise HostError(msg)
        return value
