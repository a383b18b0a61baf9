"""Who may show a token: what `[entra]` and `[[clients]]` must be together."""

from collections.abc import Iterator

from integration.config.keys.model import Configuration
from integration.config.settings import settings
from integration.config.settings.settings import Environ
from integration.errors import Problem


def client_problems(configuration: Configuration) -> Iterator[Problem]:
    """Report clients that nobody could be, that are two, or of which it is not said what they may see."""
    file, entra = configuration.file, configuration.entra
    if configuration.clients and not entra.tenant:
        hint = "give the id of the tenant in which they are registered"
        yield Problem("entra.tenant", "there are clients, and no tenant that issues their tokens", hint, file)
    if configuration.clients and not entra.audiences:
        hint = (
            'audiences = ["api://fno-link", "CLIENT-ID"]: the Application ID URI and the client id of fno-link itself'
        )
        yield Problem("entra.audiences", "there are clients, and their tokens are for nobody", hint, file)
    names: dict[str, int] = {}
    apps: dict[str, int] = {}
    for index, client in enumerate(configuration.clients):
        place = f"clients[{index}]"
        for key, value, seen in (("name", client.name, names), ("app_id", client.app_id.lower(), apps)):
            if value in seen:
                message = f"`{value}` is that of clients[{seen[value]}] too"
                yield Problem(f"{place}.{key}", message, f"each {key} once", file)
            seen.setdefault(value, index)
        if bool(client.organizations) == client.all_organizations:
            message = "it is not said which organizations it may see, or it is said twice"
            yield Problem(f"{place}.organizations", message, "organizations, or all_organizations = true", file)


def client_warnings(configuration: Configuration, environ: Environ) -> Iterator[Problem]:
    """Report what lets nobody in, and headers that are believed where anybody could send them."""
    file = configuration.file
    if (configuration.entra.tenant or configuration.entra.audiences) and not configuration.clients:
        yield Problem("entra", "no client may show a token", "add [[clients]], or leave [entra] out", file)
    if settings.believes_headers(environ) is None:
        hint = f"{settings.EASY_AUTH} = true is for App Service authentication alone: switch that on, or this off"
        message = f"{settings.EASY_AUTH} is set and App Service authentication is off: its headers are not believed"
        yield Problem(settings.EASY_AUTH, message, hint)
