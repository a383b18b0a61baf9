"""Look at our own side: what lies in the app's folder and in the app settings."""

import tomllib
from pathlib import Path
from typing import Any

from integration.cli.doctor import ours
from integration.cli.doctor.host_json import judge_host_json
from integration.cli.doctor.own_settings import judge_settings, wanted_by
from integration.cli.doctor.step import CONFIGURATION, Finding, failed, skipped
from integration.config import Configuration, locate
from integration.config.reading.loading import app_folder
from integration.config.settings.settings import Environ

HOST_FILE = "host.json"


def without_configuration() -> tuple[Finding, ...]:
    """Return that nothing of our own was looked at, since a URL alone was given."""
    return tuple(skipped(step, "a URL says nothing of our own side") for step in ours.STEPS)


def unreadable() -> tuple[Finding, ...]:
    """Return that nothing of our own was looked at, since the configuration cannot be read."""
    return tuple(skipped(step, "the configuration cannot be read", CONFIGURATION) for step in ours.STEPS)


def look(environ: Environ, configuration: Configuration | None) -> tuple[Finding, ...]:
    """Look at everything.

    Args:
        environ: The app settings.
        configuration: As much of it as can be read; None: nothing can.
    """
    if configuration is None:
        return unreadable()
    return (_settings(environ), _host_json(app_folder(environ)))


def _settings(environ: Environ) -> Finding:
    document: dict[str, Any] = tomllib.loads(locate(environ).read_text("utf-8-sig"))
    return judge_settings(wanted_by(document, environ), environ)


def _host_json(folder: Path) -> Finding:
    try:
        text = (folder / HOST_FILE).read_text("utf-8-sig")
    except FileNotFoundError:
        return skipped(ours.HOST_JSON, f"there is none in {folder}, which is not the app's folder")
    except (OSError, ValueError) as error:
        return failed(ours.HOST_JSON, f"it cannot be read: {error}")
    return judge_host_json(text)
