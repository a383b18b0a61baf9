"""What `fno-link local` shows: what was made up, where everything is, and how to send something."""

import json
import shlex
import sys
from collections.abc import Iterator, Sequence

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from emulation.dynamics import App, Secret
from emulation.local.home import Client, Source, State
from emulation.local.made_up import MadeUp
from emulation.plain_text import plain

SAMPLES = {"http": "sales-order-confirmed", "event_grid": "event-grid-string"}
SAMPLE = "sales-order-confirmed"


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows: a table on a terminal, tab-separated lines elsewhere."""
    if not rows:
        return
    if not sys.stdout.isatty():
        print(f"# {title}")
        for row in (columns, *rows):
            print("\t".join(map(plain, row)))
        return
    shown = Table(title=Text(title), title_justify="left")
    for column in columns:
        shown.add_column(Text(column), overflow="fold")
    for row in rows:
        shown.add_row(*(Text(plain(cell)) for cell in row))
    Console(highlight=False).print(shown)


def made_up(found: Sequence[MadeUp]) -> None:
    """Show which settings are not one's own; secrets stay in the settings file."""
    rows = [
        (each.name, "replaced" if each.replaced else "made up", "(secret)" if each.secret else each.value, each.why)
        for each in found
    ]
    table("App settings of this world (no file of yours is changed)", ("setting", "", "value", "what it is"), rows)


def places(state: State, storage: str) -> Iterator[tuple[str, str]]:
    """Name everything that can be looked at while the world stands."""
    if state.status:
        yield "status page", f"{state.status}?code={state.key}"
    yield "health", f"{state.app}/api/health"
    for name in state.organizations:
        yield f"link of {name}", f"{state.app}/api/organizations/{name}/link?code={state.key}"
    yield "function key", state.key
    yield "master key", state.master_key
    yield "storage", storage
    for broker in state.brokers:
        yield f"Service Bus {broker.connection}", broker.string
        yield "… its control", broker.control
    yield "receivers", f"{state.receivers}/NAME"
    yield "… their control", state.receivers_control
    yield "settings", state.settings


def sending(source: Source, state: State) -> str:
    """Return the command that sends something by a source."""
    sample = SAMPLES.get(source.kind, SAMPLE)
    if source.kind != "http":
        return f"fno-link send --sample {sample} --source {source.name}"
    body = shlex.quote(f"@{_samples()}/{sample}.json")
    url = f"{source.url}?code={state.key}"
    return f"curl -i {shlex.quote(url)} -H 'content-type: application/json' --data {body}"


def orders(state: State) -> Iterator[tuple[str, str]]:
    """Name what can be done to the link of each organization, as commands of the control API."""
    for name, url in state.urls.items():
        label = url.removeprefix("https://").partition(".")[0]
        yield f"unlink {name}", _order(state, verb="unlink", organization=name)
        moved = {"url": f"https://{label}-new.operations.dynamics.com"}
        yield f"relink {name}", _order(state, verb="link", organization=name, link=moved)
        fault = {"effect": "unreachable", "kind": "fno"}
        yield f"break {name}", _order(state, verb="break", organization=name, fault=fault)
        yield f"heal {name}", _order(state, verb="heal", organization=name)
    key = shlex.quote(f"x-functions-key: {state.master_key}")
    yield (
        "ask now",
        f"curl {state.app}/admin/functions/health_timer -H {key} -H 'content-type: application/json' --data '{{}}'",
    )


def asking(state: State) -> Iterator[tuple[str, str]]:
    """Name how each client asks with a token of the emulated tenant, as commands."""
    for client in state.clients:
        if client.secret:
            yield f"token of {client.name}", _token(client, state)
        if client.user:
            yield f"who signs in to {client.name}", client.user
        for organization in client.organizations[:1]:
            url = f"{state.app}/api/entra/organizations/{organization}/link"
            yield f"{client.name} asks", f'curl -i {shlex.quote(url)} -H "authorization: Bearer $TOKEN"'
        if client.secret:
            bare = App(client.app_id, client.token.split("/")[3], (Secret(client.secret),), organizations=())
            yield f"no roles for {client.name}", _order(state, verb="add_app", app=msgspec.to_builtins(bare))


def _token(client: Client, state: State) -> str:
    form = {"grant_type": "client_credentials", "client_id": client.app_id, "scope": client.scope}
    parts = [f"--data-urlencode {shlex.quote(f'{name}={value}')}" for name, value in form.items()]
    parts.append(f"--data-urlencode {shlex.quote(f'client_secret={client.secret}')}")
    there = f"--proxy {state.proxy['HTTPS_PROXY']} --cacert {shlex.quote(state.proxy['CURL_CA_BUNDLE'])}"
    only = """sed -n 's/.*"access_token": *"\\([^"]*\\)".*/\\1/p'"""
    return f"TOKEN=$(curl -s {there} {client.token} {' '.join(parts)} | {only})"


def _order(state: State, **command: object) -> str:
    return f"curl {state.control} --data {shlex.quote(json.dumps(command))}"


def _samples() -> str:
    from emulation.sending.samples import FOLDER  # noqa: PLC0415 (beside the command that sends)

    return str(FOLDER)
