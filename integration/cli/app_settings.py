"""The app settings of a command: the environment, and local.settings.json for what the environment does not set.

Source: the section "Local settings file" of the page "Code and test Azure Functions locally": Core Tools read `Values`,
and an environment variable of the same name wins. They read the file with Json.NET (`AppSettingsFile` of Azure
Functions Core Tools): comments and trailing commas are allowed, and names of members count in any case.
"""

import json
import os
from pathlib import Path
from typing import Any, cast

from integration.cli.lenient_json import read_lenient
from integration.config.reading.reading import joined
from integration.errors import ConfigurationError, Problem

FILE = "local.settings.json"
FORM = "it is JSON; local.settings.sample.json shows its form"


def app_settings(folder: Path | None = None) -> dict[str, str]:
    """Return the app settings for a command.

    Args:
        folder: Where local.settings.json may lie; by default the current folder.

    Raises:
        ConfigurationError: The file cannot be used.
    """
    return {**_values((folder or Path.cwd()) / FILE), **os.environ}


def _values(path: Path) -> dict[str, str]:
    try:
        document: Any = read_lenient(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise _unusable("", f"cannot be read: {error}", FORM) from error
    known = cast("dict[str, Any]", document) if isinstance(document, dict) else {"values": None}
    members: dict[str, Any] = {name.lower(): value for name, value in known.items()}
    values: Any = members.get("values", {})
    if not isinstance(values, dict):
        raise _unusable("Values", "must be an object", FORM)
    if members.get("isencrypted"):
        raise _unusable("IsEncrypted", "the values are encrypted", "run `func settings decrypt`")
    settings: dict[str, str] = {}
    for name, value in cast("dict[str, Any]", values).items():
        if isinstance(value, dict | list) or value is None:
            raise _unusable(joined("Values", name), "must be text", "put it into quotes")
        settings[name] = value if isinstance(value, str) else json.dumps(value)
    return settings


def _unusable(key: str, message: str, hint: str) -> ConfigurationError:
    return ConfigurationError([Problem(key or FILE, message, hint, FILE if key else "")])
