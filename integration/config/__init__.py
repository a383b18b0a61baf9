"""The configuration: fno-link.toml and the app settings, checked as a whole.

`integration.config.schema` (the JSON Schema) is imported where it is needed.
"""

from integration.config.keys.model import Configuration, Credentials
from integration.config.reading.loading import Checked, check, check_text, load, locate
from integration.config.settings.credentials import credentials

__all__ = ["Checked", "Configuration", "Credentials", "check", "check_text", "credentials", "load", "locate"]
