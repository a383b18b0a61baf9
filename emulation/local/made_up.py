"""App settings that nobody has set: what the local world puts in their place, and why."""

import base64
import secrets
from collections.abc import Iterator, Mapping
from uuid import NAMESPACE_DNS, uuid5

import msgspec

from emulation.local.document import Document, Text, settings_in

ENTITIES = frozenset({"queue", "topic", "subscription", "event_hub", "consumer_group"})

type Known = Mapping[str, str]


class MadeUp(msgspec.Struct, frozen=True):
    """A setting that the local world has made up or replaced.

    Args:
        name: The setting.
        value: Its value in this world.
        why: What it stands for.
        secret: Whether it opens something.
        replaced: Whether it was set, to something that cannot be used here.
    """

    name: str
    value: str
    why: str
    secret: bool = False
    replaced: bool = False


class Places(msgspec.Struct, frozen=True):
    """Where made-up addresses lead.

    Args:
        receivers: Base URL of the receivers.
        channel: URL of the workflow of a channel in Microsoft Teams.
    """

    receivers: str
    channel: str


def of_texts(document: Document, settings: Known, places: Places, known: Known) -> Iterator[MadeUp]:
    """Make up every setting that a text of the configuration asks for and nobody has set.

    Args:
        document: The configuration.
        settings: What is set; blank counts as not set.
        places: Where addresses lead.
        known: What was made up before, by name: it stays the same.
    """
    seen: set[str] = set()
    for text in document.texts:
        for name in settings_in(text.value):
            if name in seen or settings.get(name, "").strip():
                continue
            made = _of_text(document, text, name, places)
            if made is None:
                continue  # the check says that it is not set
            seen.add(name)
            kept = known.get(name) if made.secret else None
            yield msgspec.structs.replace(made, value=kept) if kept else made


def client_of(organization: str, settings: Known, known: Known) -> Iterator[MadeUp]:
    """Make up the app registration of an organization as far as nobody has set it.

    Args:
        organization: Its name.
        settings: What is set.
        known: What was made up before.
    """
    prefix = prefix_of(organization)
    if not settings.get(f"{prefix}CLIENT_ID", "").strip():
        id_ = str(uuid5(NAMESPACE_DNS, f"{organization}.local"))
        yield MadeUp(f"{prefix}CLIENT_ID", id_, f"an app registration that the emulated Entra knows for {organization}")
    name = f"{prefix}CLIENT_SECRET"
    if not any(settings.get(f"{prefix}CLIENT_{kind}", "").strip() for kind in ("SECRET", "CERTIFICATE")):
        yield MadeUp(name, known.get(name) or secrets.token_urlsafe(24), "its secret", secret=True)


def prefix_of(organization: str) -> str:
    """Return how the settings of an organization begin."""
    return f"FNO_LINK_{organization.upper().replace('-', '_')}_"


def _of_text(document: Document, text: Text, name: str, places: Places) -> MadeUp | None:
    whole = text.value == f"%{name}%"
    made: MadeUp | None = None
    match text.place:
        case ("targets", target, "url" | "endpoint" | "secret" | "key" | "headers" as key, *_):
            made = _of_target(document, target, key, name, places, whole=whole)
        case (*_, "enabled") if whole:
            made = MadeUp(name, "true", "everything is played here")
        case ("organizations", "url") if whole:
            made = MadeUp(name, "https://contoso.crm.dynamics.com", "an emulated organization")
        case ("organizations", "tenant") if whole:
            made = MadeUp(name, "contoso.onmicrosoft.com", "an emulated tenant")
        case ("entra", "tenant") if whole:
            made = MadeUp(name, str(uuid5(NAMESPACE_DNS, "contoso.onmicrosoft.com")), "an emulated tenant")
        case ("entra", "audiences") if whole:
            made = MadeUp(name, "api://fno-link", "fno-link's own app registration in the emulated tenant")
        case ("clients", "app_id") if whole:
            id_ = str(uuid5(NAMESPACE_DNS, f"{name.lower()}.local"))
            made = MadeUp(name, id_, "an app registration that the emulated Entra knows")
        case ("health", "ping_url" | "page_url" as key) if whole:
            made = MadeUp(name, f"{places.receivers}/{key.replace('_', '-')}", "a receiver")
        case (*_, key) if key in ENTITIES:
            made = MadeUp(name, name.lower().replace("_", "-"), "a name")
        case _:
            pass
    return made


def _of_target(  # noqa: PLR0913 (what is asked for, where it stands, and where it may lead)
    document: Document, target: str, key: str, name: str, places: Places, *, whole: bool
) -> MadeUp | None:
    if key == "url":
        kind = next((each.fields.get("kind") for each in document.targets if each.name == target), "")
        return _address(name, target, places, whole=whole, teams=kind == "teams")
    if key in {"key", "headers"}:
        return MadeUp(name, secrets.token_urlsafe(24), f"what {target} is shown with each delivery", secret=True)
    if not whole:
        return None
    if key == "secret":
        value = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
        return MadeUp(name, value, f"the key that signs what {target} is sent", secret=True)
    url = f"https://{target}.local-1.eventgrid.azure.net/api/events"
    return MadeUp(name, url, f"a receiver for the target {target}, under the name of an Event Grid topic")


def _address(name: str, target: str, places: Places, *, whole: bool, teams: bool) -> MadeUp:
    if not whole:
        return MadeUp(name, f"{target}.example.com", f"part of the address of {target}, where a receiver answers")
    if teams:
        return MadeUp(name, places.channel, f"a channel of Microsoft Teams for {target}", secret=True)
    return MadeUp(name, f"{places.receivers}/{target}", f"a receiver for the target {target}")
