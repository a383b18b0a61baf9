"""The worker that the app settings describe, in this process: what commands use without `--app`."""

from typing import TYPE_CHECKING, Any

import msgspec

from integration.cli.app_settings import app_settings
from integration.errors import ConfigurationError

if TYPE_CHECKING:
    from integration.worker import Worker


def open_worker() -> "Worker":
    """Build the worker that the app settings describe.

    Raises:
        ConfigurationError: They have problems.
    """
    from integration.config import check  # noqa: PLC0415 - not for --app
    from integration.routing.table import RouteTable  # noqa: PLC0415 - not for --app
    from integration.worker import Worker  # noqa: PLC0415 - not for --app

    environ = app_settings()
    checked = check(environ)
    configuration = checked.configuration
    if configuration is None or checked.problems:
        raise ConfigurationError(checked.problems)
    table = RouteTable.compile(configuration.routes, file=configuration.file, targets=configuration.targets)
    return Worker(configuration, table, environ)


def as_json(value: Any) -> dict[str, Any]:
    """Return what a value is as JSON: structs, times and raw parts included."""
    return msgspec.json.decode(msgspec.json.encode(value))
