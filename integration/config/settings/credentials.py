"""Credentials of an organization, from app settings only."""

from collections.abc import Iterator

from integration.config.keys.model import Credentials
from integration.config.settings import settings
from integration.config.settings.settings import Environ, of_organization
from integration.config.settings.substitution import KEY_VAULT, KEY_VAULT_HINT
from integration.errors import ConfigurationError, Problem


def credentials(environ: Environ, organization: str) -> Credentials:
    """Return how fno-link is a client of Entra for an organization.

    Args:
        environ: The app settings.
        organization: The organization's name; `contoso-eu` reads FNO_LINK_CONTOSO_EU_CLIENT_ID and so on.

    Raises:
        ConfigurationError: The settings contradict each other, or a Key Vault reference is not resolved.
    """
    problems = tuple(credential_problems(environ, organization))
    if problems:
        raise ConfigurationError(problems)
    return Credentials(
        client_id=_value(environ, settings.CLIENT_ID, organization),
        client_secret=_value(environ, settings.CLIENT_SECRET, organization),
        client_certificate=_value(environ, settings.CLIENT_CERTIFICATE, organization),
        client_certificate_password=_value(environ, settings.CLIENT_CERTIFICATE_PASSWORD, organization),
    )


def credential_problems(environ: Environ, organization: str) -> Iterator[Problem]:
    """Say what is wrong with an organization's credentials."""
    client_id, secret, certificate, password = (
        of_organization(setting, organization)
        for setting in (
            settings.CLIENT_ID,
            settings.CLIENT_SECRET,
            settings.CLIENT_CERTIFICATE,
            settings.CLIENT_CERTIFICATE_PASSWORD,
        )
    )
    for name in (client_id, secret, certificate, password):
        if environ.get(name, "").startswith(KEY_VAULT):
            yield Problem(
                name,
                "the Key Vault reference is not resolved",
                KEY_VAULT_HINT,
            )
    has = {name: bool(environ.get(name, "").strip()) for name in (client_id, secret, certificate, password)}
    if has[secret] and has[certificate]:
        yield Problem(certificate, f"is set beside {secret}", "keep one of the two")
    if (has[secret] or has[certificate]) and not has[client_id]:
        found = secret if has[secret] else certificate
        yield Problem(client_id, f"is not set, but {found} is", "set it to the application (client) id")
    if has[password] and not has[certificate]:
        yield Problem(password, f"is set without {certificate}", "set the certificate, or remove the password")


def _value(environ: Environ, setting: str, organization: str) -> str:
    return environ.get(of_organization(setting, organization), "").strip()
