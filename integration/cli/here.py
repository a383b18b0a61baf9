"""The worker that the app settings describe, in this process: what commands use without `--app`."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import click
import msgspec

from integration.cli.app_option import signing_in
from integration.cli.app_settings import app_settings
from integration.cli.remote import App
from integration.errors import ConfigurationError, InvalidRequest

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
    return Worker(configuration, RouteTable.of(configuration), environ)


def as_json(value: Any) -> dict[str, Any]:
    """Return what a value is as JSON: structs, times and raw parts included."""
    return msgspec.json.decode(msgspec.json.encode(value))


def ask(url: str | None, there: Callable[[App], Awaitable[Any]], here: "Callable[[Worker], Awaitable[Any]]") -> Any:
    """Ask a deployed app, or the worker that the app settings describe; the answer is JSON either way.

    Args:
        url: The app's address; None: this process does it.
        there: Asks the app.
        here: Asks the worker.
    """
    if not url and signing_in()[0]:
        msg = "--device-code goes with --app"
        raise click.UsageError(msg)

    async def asked() -> Any:
        if url:
            app = App(url)
            try:
                return await there(app)
            finally:
                await app.aclose()
        worker = open_worker()
        try:
            return as_json(await here(worker))
        finally:
            await worker.close()

    try:
        return asyncio.run(asked())
    except InvalidRequest as error:
        raise click.UsageError(str(error)) from error
