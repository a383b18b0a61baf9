"""What is declared in fno-link.toml, as the rows that Dataverse should have; pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import assert_never
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

import msgspec

from integration.config.keys.model import (
    Configuration,
    EventGridSource,
    EventHubSource,
    HttpSource,
    ServiceBusSource,
    Source,
    StorageQueueSource,
)
from integration.config.keys.senders import Image, Sender, Steps
from integration.config.settings.connections import NAMESPACE, find_connection
from integration.config.settings.settings import Environ
from integration.config.settings.substitution import WHOLE
from integration.registration import values
from integration.registration.values import Columns

LONGEST_NAME = 256


class Refusal(msgspec.Struct, frozen=True):
    """Why nothing is written.

    Args:
        place: Where: a key of fno-link.toml, or what it is about in Dataverse.
        message: What is wrong.
        hint: What to do.
    """

    place: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" + (f" ({self.hint})" if self.hint else "")


class Secret(msgspec.Struct, frozen=True):
    """What is written and cannot be read back.

    Args:
        column: Where it goes.
        value: The secret, as it goes there.
        flag: The column that tells whether there is one.
    """

    column: str
    value: str
    flag: str

    def __repr__(self) -> str:
        return f"Secret({self.column})"


class WantedImage(msgspec.Struct, frozen=True, kw_only=True):
    """An image: the alias is its identity among those of its step."""

    alias: str
    columns: Columns


class WantedStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step: endpoint, message, table and stage are its identity.

    Args:
        name: Its name.
        place: Where it is declared.
        message: The message.
        table: The table; empty: the message belongs to none.
        columns: What can be read back, by column.
        images: Its images.
    """

    name: str
    place: str
    message: str
    table: str
    columns: Columns
    images: tuple[WantedImage, ...] = ()

    @property
    def identity(self) -> tuple[str, str, int]:
        """What tells it from the other steps of its endpoint."""
        return (self.message.lower(), self.table, int(self.columns["stage"] or 0))


class WantedEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A service endpoint: the name is its identity.

    Args:
        name: Its name.
        source: The source that it sends to.
        columns: What can be read back, by column.
        secret: What cannot; None: it is not known here.
        steps: Its steps.
    """

    name: str
    source: str
    columns: Columns
    secret: Secret | None
    steps: tuple[WantedStep, ...] = ()


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What an organization should have.

    Args:
        owner: Whose it is.
        endpoints: The endpoints.
        refusals: Why it cannot be said whole.
    """

    owner: str
    endpoints: tuple[WantedEndpoint, ...] = ()
    refusals: tuple[Refusal, ...] = ()


def declared(sources: Mapping[str, Source], organization: str) -> tuple[Source, ...]:
    """Return the sources of an organization that Dataverse is to send to.

    Args:
        sources: All, by name.
        organization: The organization's name.
    """
    return tuple(each for each in sources.values() if each.organization == organization and each.dataverse.is_declared)


def wanted(configuration: Configuration, organization: str, environ: Environ, app_url: str) -> Wanted:
    """Say what an organization should have.

    Args:
        configuration: As it was checked.
        organization: The organization's name.
        environ: The app settings, for the hosts of namespaces.
        app_url: The address of the function app, without a path; empty: it is not known, and no webhook's URL is said.
    """
    owner = configuration.registration.owner
    refusals: list[Refusal] = []
    endpoints: list[WantedEndpoint] = []
    for source in declared(configuration.sources, organization):
        columns = _columns(source, environ, app_url, refusals)
        endpoints.append(
            WantedEndpoint(
                name=f"{owner}: {source.name}",
                source=source.name,
                columns=columns,
                secret=_secret(source, refusals),
                steps=tuple(_steps(source, owner)),
            )
        )
    return Wanted(owner=owner, endpoints=tuple(endpoints), refusals=tuple(refusals))


def _columns(source: Source, environ: Environ, app_url: str, refusals: list[Refusal]) -> Columns:
    sender = source.dataverse
    match source:
        case HttpSource():
            url = sender.url or (f"{app_url.rstrip('/')}/api/events/{quote(source.name)}" if app_url else "")
            kinds = {"webhook_key": values.WEBHOOK_KEY, "header": values.HTTP_HEADER, "query": values.HTTP_QUERY}
            known = {"contract": values.WEBHOOK, "authtype": kinds[sender.authentication]}
            return {**known, "url": url, "connectionmode": values.NORMAL} if url else known
        case ServiceBusSource():
            contract = values.QUEUE if source.queue else values.TOPIC
            return _behind_namespace(source, contract, source.queue or source.topic, environ, refusals)
        case EventHubSource():
            return _behind_namespace(source, values.EVENT_HUB, source.event_hub, environ, refusals)
        case EventGridSource():
            return {
                "contract": values.EVENT_GRID,
                "authtype": values.ACCESS_KEY,
                "url": sender.url,
                "schematype": values.number_of(values.EVENT_SCHEMAS, sender.event_schema),
                "messageformat": values.JSON,
                "connectionmode": values.NORMAL,
            }
        case StorageQueueSource():
            msg = f"sources.{source.name}: Dataverse cannot send to a Storage queue"
            raise ValueError(msg)
        case _:
            assert_never(source)


def _behind_namespace(
    source: ServiceBusSource | EventHubSource, contract: int, path: str, environ: Environ, refusals: list[Refusal]
) -> Columns:
    sender = source.dataverse
    host = sender.namespace or _host(environ, source.connection)
    if not host:
        message = f"the host of the namespace is not known: the connection `{source.connection}` has no app setting"
        refusals.append(
            Refusal(f"sources.{source.name}.dataverse.namespace", message, "NAME.servicebus.windows.net; or set it")
        )
    return {
        "contract": contract,
        "authtype": values.SAS_KEY,
        "namespaceformat": values.ADDRESS,
        "namespaceaddress": f"sb://{host.lower()}/",
        "path": path,
        "saskeyname": sender.key_name,
        "messageformat": values.JSON,
        "userclaim": values.number_of(values.USER_CLAIMS, sender.user_claim),
        "connectionmode": values.NORMAL,
    }


def _host(environ: Environ, connection: str) -> str:
    found = find_connection(environ, connection, NAMESPACE)
    if found is None:
        return ""
    if not found.string:
        return found.address
    for part in found.string.split(";"):
        key, _, value = part.partition("=")
        if key.strip().lower() == "endpoint":
            return value.strip().removeprefix("sb://").rstrip("/").partition(":")[0]
    return ""


def _secret(source: Source, refusals: list[Refusal]) -> Secret | None:
    sender = source.dataverse
    if WHOLE.fullmatch(sender.key):
        name = sender.key.strip("%")
        refusals.append(
            Refusal(f"sources.{source.name}.dataverse.key", f"the app setting {name} is not set", f"set {name}")
        )
        return None
    if isinstance(source, ServiceBusSource | EventHubSource):
        return Secret("saskey", sender.key, "issaskeyset")
    return Secret("authvalue", _authentication(source, sender), "isauthvalueset")


def _authentication(source: Source, sender: Sender) -> str:
    """Return what `authvalue` is: names and values as XML, but for a key that has no name."""
    if isinstance(source, EventGridSource) or sender.authentication == "webhook_key":
        return sender.key
    name = sender.key_name or ("x-functions-key" if sender.authentication == "header" else "code")
    return f"<settings><setting name={quoteattr(name)} value={quoteattr(sender.key)} /></settings>"


def _steps(source: Source, owner: str) -> Iterator[WantedStep]:
    declared_here = source.dataverse.every_steps
    own = len(declared_here) - len(source.dataverse.steps)
    for index, steps in enumerate(declared_here):
        place = f"sources.{source.name}.dataverse" + (f".steps[{index - own}]" if index >= own else "")
        for message in steps.messages:
            for table in steps.tables or ("",):
                of = f" of {table}" if table else ""
                yield WantedStep(
                    name=f"{owner}: {source.name}: {message}{of} ({steps.stage})"[:LONGEST_NAME],
                    place=place,
                    message=message,
                    table=table,
                    columns=_step_columns(steps, message),
                    images=tuple(_image(each, message) for each in steps.images),
                )


def _step_columns(steps: Steps, message: str) -> Columns:
    return {
        "stage": values.number_of(values.STAGES, steps.stage),
        "mode": values.number_of(values.MODES, steps.mode),
        "rank": steps.rank,
        "supporteddeployment": values.SERVER_ONLY,
        "filteringattributes": _listed(steps.attributes) if message == "Update" else None,
        "asyncautodelete": steps.mode == "async",
        "statecode": 0 if steps.enabled else 1,
    }


def _image(image: Image, message: str) -> WantedImage:
    return WantedImage(
        alias=image.alias,
        columns={
            "imagetype": values.number_of(values.IMAGE_TYPES, image.type),
            "messagepropertyname": values.PROPERTIES.get(message, "Target"),
            "attributes": _listed(image.attributes),
        },
    )


def _listed(names: Sequence[str]) -> str | None:
    return ",".join(sorted(set(names))) or None
