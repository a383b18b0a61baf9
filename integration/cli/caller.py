"""Who calls Microsoft for a command: the configured application, else whoever is signed in, or signs in now."""

from collections.abc import Callable
from typing import Any, Literal

import click
import msgspec

from integration.cli.output import say
from integration.config.settings import settings
from integration.config.settings.credentials import credential_problems, credentials
from integration.config.settings.settings import Environ, of_organization
from integration.errors import ConfigurationError, LinkUnknown
from integration.identity.azure_cli import LIMIT_SECONDS, AzureCli
from integration.identity.device_code import LIMIT_SECONDS as DEVICE_CODE_SECONDS
from integration.identity.device_code import SAMPLES, DeviceCode
from integration.identity.grants import Grant
from integration.identity.managed import may_be_managed
from integration.identity.tokens import FETCH_TIMEOUT_SECONDS, SignIn

type Kind = Literal["secret", "certificate", "managed identity", "Azure CLI", "device code"]


class Choice(msgspec.Struct, frozen=True):
    """What the command line says of who calls.

    Args:
        device_code: Whether a person signs in in a browser.
        client_id: The application that the person signs in to.
    """

    device_code: bool = False
    client_id: str = SAMPLES


class Caller(msgspec.Struct, frozen=True):
    """Who calls.

    Args:
        kind: In a word.
        sign_in: Gets the tokens of a person; None: the credentials of the app settings do.
        timeout: Seconds that one token may take.
        close: Waits no longer for a person.
    """

    kind: Kind
    sign_in: SignIn | None = None
    timeout: float = FETCH_TIMEOUT_SECONDS
    close: Callable[[], None] = lambda: None


def credential_options[F: Callable[..., Any]](function: F) -> F:
    """Give a command the options of who calls, passed as `device_code` and `client_id`."""
    function = click.option(
        "--client-id",
        metavar="ID",
        default=SAMPLES,
        show_default=True,
        help="The application that is signed in to with --device-code; by default that of Microsoft's samples.",
    )(function)
    text = "Sign in in a browser, instead of the configured credentials and those of the Azure CLI."
    return click.option("--device-code", is_flag=True, help=text)(function)


def caller_of(name: str, environ: Environ, choice: Choice) -> Caller:
    """Choose who calls for an organization.

    Args:
        name: The organization's name, for its app settings.
        environ: The app settings.
        choice: What the command line says.

    Raises:
        ConfigurationError: The app settings contradict each other.
    """
    if choice.device_code:
        device = DeviceCode(choice.client_id, lambda text: say(text, err=True))
        return Caller("device code", device, DEVICE_CODE_SECONDS + FETCH_TIMEOUT_SECONDS, device.stop)
    problems = tuple(credential_problems(environ, name))
    if problems:
        raise ConfigurationError(problems)
    configured = credentials(environ, name)
    if configured.client_secret or configured.client_certificate:
        return Caller("secret" if configured.client_secret else "certificate")
    if may_be_managed(environ):
        return Caller("managed identity")
    return Caller("Azure CLI", _InPlaceOf(missing(name), AzureCli()), LIMIT_SECONDS + FETCH_TIMEOUT_SECONDS)


def missing(name: str) -> str:
    """Say which app settings an application of one's own would need."""
    client_id, secret, certificate = (
        of_organization(setting, name)
        for setting in (settings.CLIENT_ID, settings.CLIENT_SECRET, settings.CLIENT_CERTIFICATE)
    )
    return f"Or configure an app registration: {client_id} with {secret} or {certificate}."


class _InPlaceOf:
    """The Azure CLI, which is asked because nothing is configured; what it says of a failure names that, too."""

    def __init__(self, otherwise: str, azure_cli: AzureCli) -> None:
        self._otherwise = otherwise
        self._azure_cli = azure_cli

    def grant(self, authority: str, scope: str) -> Grant:
        """Get a token; as `AzureCli.grant`."""
        try:
            return self._azure_cli.grant(authority, scope)
        except LinkUnknown as error:
            error.hint = f"{error.hint} {self._otherwise}"
            raise
