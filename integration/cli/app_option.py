"""The options of every command that may ask a deployed app: which one, and who asks."""

from collections.abc import Callable
from typing import Any

import click

AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
"""The application that people sign in to by the Azure CLI, and here by `--device-code`: each tenant has it, and whoever
runs an app of fno-link lets it in once for both."""
_DEVICE_CODE, _CLIENT_ID = f"{__name__}.device_code", f"{__name__}.client_id"


def app_option[F: Callable[..., Any]](function: F) -> F:
    """Give a command the option `--app`, and those of who asks, which `signing_in` gives."""
    text = "The application that is signed in to with --device-code; by default that of the Azure CLI."
    function = click.option(
        "--client-id", metavar="ID", default=AZURE_CLI, callback=_kept(_CLIENT_ID), expose_value=False, help=text
    )(function)
    text = "With --app: sign in in a browser, instead of FNO_LINK_KEY and of the Azure CLI."
    function = click.option("--device-code", is_flag=True, callback=_kept(_DEVICE_CODE), expose_value=False, help=text)(
        function
    )
    text = "A deployed function app, with FNO_LINK_KEY or a token; by default the storage account of the app settings."
    return click.option("--app", metavar="URL", help=text)(function)


def signing_in() -> tuple[bool, str]:
    """Say whether this command signs a person in, and to which application."""
    context = click.get_current_context(silent=True)
    meta = context.meta if context is not None else {}
    return bool(meta.get(_DEVICE_CODE)), str(meta.get(_CLIENT_ID) or AZURE_CLI)


def _kept(name: str) -> Callable[[click.Context, click.Parameter, Any], Any]:
    def keep(context: click.Context, _parameter: click.Parameter, value: Any) -> Any:
        context.meta[name] = value
        return value

    return keep
