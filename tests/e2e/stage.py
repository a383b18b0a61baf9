"""The whole local world on one configuration made for tests: senders, receivers, storage, the host."""

import base64
import contextlib
import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import httpx
import msal
import pytest
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import BinaryBase64DecodePolicy, BinaryBase64EncodePolicy, QueueClient

from emulation.dynamics import Api, App, Dynamics, FinanceOperationsLink, Granted, Organization, Secret, World
from emulation.functions_host import FunctionsHost
from emulation.receivers import Receivers
from integration.storage.names import DEAD_LETTERS, PARKED, PAYLOADS
from tests import documented
from tests.e2e.log_reader import CANARY, USED, leaks
from tests.e2e.topology import (
    API,
    FRESH_APP,
    NOBODY,
    OPERATOR,
    ORGANIZATIONS,
    OWN_APP,
    PORTAL,
    ROLES,
    TENANT,
    configuration,
    home,
)

ROOT = Path(__file__).parents[2]
CLIENT_ID = "0a1b2c3d-0000-4000-8000-0000000000e2"
CLIENT_SECRET = "a secret of the stage"
IDENTITY = "0a1b2c3d-0000-4000-8000-0000000000e3"  # user-assigned
WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"twenty-four secret bytes").decode()
ORGANIZATION_ID = "4ef5a7c0-11d2-4c5b-9d77-3b1f0c2a9e10"
# Longer than what the product promises of the worst that a test does: a run that was killed keeps its event until its
# lease is over (`[journal] lease` in HEAD, 150 s unless configured), and is looked for 5 s later.
WITHIN = 120.0
# Queues are polled often and failed messages come back at once, so that a test takes no longer than it must.
QUICK = {
    "AzureFunctionsJobHost__extensions__queues__maxPollingInterval": "00:00:00.200",
    "AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:01",
}


class Stage:
    """Everything that runs, and the view of senders, receivers and operators.

    Args:
        folder: For configuration and settings.
        storage: The connection string of a storage account of its own.
        options: Of the functions host.
        text: The configuration.
        more: App settings beside those that every stage has.
        trusting: A further certificate authority that the app trusts, PEM.
    """

    def __init__(
        self,
        folder: Path,
        storage: str,
        *,
        text: str | None = None,
        more: Mapping[str, str] | None = None,
        trusting: Path | None = None,
        **options: Any,
    ) -> None:
        self._folder = folder
        self.storage = storage
        self._text = configuration() if text is None else text
        self._more = dict(more or {})
        self._trusting = trusting
        self._options = options
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as started:
            organizations = tuple(
                # The sample messages come from contoso; those of another organization would be refused.
                Organization(
                    name,
                    organization_id=ORGANIZATION_ID if name == "contoso" else "",
                    link=FinanceOperationsLink(home(name)),
                )
                for name in ORGANIZATIONS
            )
            apps = (
                App(CLIENT_ID, secrets=(Secret(CLIENT_SECRET),)),
                App(FRESH_APP, secrets=(Secret(CLIENT_SECRET),)),
                App(IDENTITY, managed_identity="user"),
                App(OWN_APP, api=Api(uris=(API,), roles=ROLES)),
                *(
                    App(each, secrets=(Secret(CLIENT_SECRET),), granted=(Granted(OWN_APP, ROLES),))
                    for each in (PORTAL, OPERATOR)
                ),
                App(NOBODY, secrets=(Secret(CLIENT_SECRET),)),
            )
            self.dynamics = started.enter_context(Dynamics(World(apps=apps, organizations=organizations)))
            self.receivers = started.enter_context(Receivers())
            env = {**self.dynamics.environ, **self.dynamics.identity_environ, **QUICK}
            if self._trusting is not None:
                both = self._folder / "authorities.pem"
                both.write_text(Path(env["SSL_CERT_FILE"]).read_text() + self._trusting.read_text())
                env |= dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), str(both))
            self.host = started.enter_context(
                FunctionsHost(ROOT, env=env, settings=self._settings(), queue_lease=2, **self._options)
            )
            hooks = {"response": [documented.check]}
            self.http = started.enter_context(httpx.Client(timeout=WITHIN, trust_env=False, event_hooks=hooks))
            self.blobs = started.enter_context(BlobServiceClient.from_connection_string(self.storage))
            self._exit = started.pop_all()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        with self._exit:
            host = self.host
            log = host.log
            keys = [host.key, host.master_key, host.event_grid_key]
            keys += [key for named in host.function_keys.values() for key in named.values()]
            keys += [part.partition("=")[2] for part in self.storage.split(";") if part.startswith("AccountKey=")]
            given = [value for name, value in self._more.items() if name.endswith(("SECRET", "KEY", "SIGNATURE"))]
            USED.update((*keys, *given, CLIENT_SECRET, WEBHOOK_SECRET))
            found = list(leaks(log, USED))
        if kind is None:
            assert found == [], f"{len(found)} leaks in the host's log, such as {found[:5]}"

    @property
    def control(self) -> Any:
        return self.dynamics.control

    def token(self, client_id: str) -> str:
        """Return a token for the app that the real msal got from the emulated Entra."""
        with pytest.MonkeyPatch.context() as patched:
            for name, value in self.dynamics.environ.items():
                patched.setenv(name, value)
            client = msal.ConfidentialClientApplication(
                client_id, client_credential=CLIENT_SECRET, authority=f"https://login.microsoftonline.com/{TENANT}"
            )
            return client.acquire_token_for_client([f"{API}/.default"])["access_token"]

    def post(self, source: str, body: bytes | dict[str, Any] | list[Any], **headers: str) -> httpx.Response:
        """Send one message as a sender with the right key does; `_` in header names stands for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        secret = {"authorization": f"Basic {CANARY}of-a-header", "x-functions-key": self.host.key}
        given = {"content-type": "application/json", **secret, **named}
        url = f"{self.host.url}/api/events/{source}?note={CANARY}of-a-query"
        return self.http.post(url, content=content, headers=given)

    def get(self, path: str, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.get(f"{self.host.url}/api/{path}", headers={"x-functions-key": self.host.key, **named})

    def ask(self, method: str, path: str, body: object = None, *, key: str | None = None) -> httpx.Response:
        """Ask an operator's endpoint, with the host's key unless another is given; an empty one is none."""
        key = self.host.key if key is None else key
        headers = {"x-functions-key": key} if key else {}
        content = None if body is None else json.dumps(body).encode()
        return self.http.request(method, f"{self.host.url}/api/{path}", content=content, headers=headers)

    def unlink(self, organization: str) -> None:
        """Take the link of an organization away, and return once the process that delivers knows.

        Each process serves its copy of a link, and compares it with the shared one behind a caller's back every
        `share_check`: some event is the first that is parked.
        """
        self.control.unlink(organization)

        def parked() -> bool:
            assert self.ask("POST", f"organizations/{organization}/link/refresh").json()["state"] == "not_linked"
            assert self.post(organization, business_event()).status_code == 202
            time.sleep(0.5)
            return any(record["organization"] == organization for record in self.records(PARKED))

        until(parked)

    def probe(self) -> None:
        """Run the health timer by hand, as the portal does, and wait until it is over."""
        done = self.host.log.count("Executed 'Functions.health_timer'")
        url = f"{self.host.url}/admin/functions/health_timer"
        headers = {"x-functions-key": self.host.master_key}
        assert self.http.post(url, json={}, headers=headers).status_code == 202
        until(lambda: self.host.log.count("Executed 'Functions.health_timer'") > done)

    def put(self, queue: str, message: bytes | str) -> None:
        """Put a message on a queue: bytes as base64, text as it is."""
        encode = BinaryBase64EncodePolicy() if isinstance(message, bytes) else None
        with QueueClient.from_connection_string(self.storage, queue, message_encode_policy=encode) as client:
            with contextlib.suppress(ResourceExistsError):
                client.create_queue()
            client.send_message(message)

    def take(self, queue: str) -> list[dict[str, Any]]:
        """Take the CloudEvents that wait on a queue."""
        return [json.loads(body) for body in self.bodies(queue)]

    def bodies(self, queue: str) -> list[bytes]:
        """Take the bodies of the messages that wait on a queue."""
        taken: list[bytes] = []
        decode = BinaryBase64DecodePolicy()
        with QueueClient.from_connection_string(self.storage, queue, message_decode_policy=decode) as client:
            try:
                for message in client.receive_messages(messages_per_page=32):
                    taken.append(message.content)
                    client.delete_message(message)
            except ResourceNotFoundError:
                return []  # nothing was sent to it yet
        return taken

    def arrived(self, queue: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait for an event on a queue; what else was there is gone."""
        return until(lambda: next(filter(wanted, self.take(queue)), None))

    def records(self, container: str) -> list[dict[str, Any]]:
        """Read the dead letters or parked deliveries."""
        client = self.blobs.get_container_client(container)
        try:
            names = [blob.name for blob in client.list_blobs() if not blob.name.startswith("leases/")]
        except ResourceNotFoundError:
            return []
        found: list[dict[str, Any]] = []
        for name in names:
            with contextlib.suppress(ResourceNotFoundError):  # it was released meanwhile
                stored = json.loads(client.download_blob(name).readall())
                found.append({**stored, "path": name, "body": base64.b64decode(stored["body"] or "")})
        return found

    def claim_checks(self) -> list[str]:
        """List the claim-checks that hold something; one that is done is empty until the sweep deletes it."""
        try:
            return [blob.name for blob in self.blobs.get_container_client(PAYLOADS).list_blobs() if blob.size]
        except ResourceNotFoundError:
            return []

    def dead(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait for a dead letter."""
        return until(lambda: next(filter(wanted, self.records(DEAD_LETTERS)), None))

    def parked(self, reason: str, event: str) -> list[dict[str, Any]]:
        """Give the parked deliveries of an event."""
        return [
            record for record in self.records(PARKED) if record["reason"] == reason and record["event"]["id"] == event
        ]

    def _settings(self) -> Path:
        config = self._folder / "fno-link.toml"
        config.write_text(self._text)
        values = {
            "FUNCTIONS_WORKER_RUNTIME": "python",
            "FNO_LINK_CONFIG": str(config),
            "AzureWebJobsStorage": self.storage,
            "RECEIVERS": self.receivers.url("").rstrip("/"),
            "SECRET": WEBHOOK_SECRET,
            **self._more,
        }
        for name in ORGANIZATIONS:
            values[f"FNO_LINK_{name.upper()}_CLIENT_ID"] = FRESH_APP if name == "fresh" else CLIENT_ID
            values[f"FNO_LINK_{name.upper()}_CLIENT_SECRET"] = CLIENT_SECRET
        settings = self._folder / "local.settings.json"
        settings.write_text(json.dumps({"IsEncrypted": False, "Values": values}))
        return settings


def until[T](look: Callable[[], T], *, within: float = WITHIN) -> T:
    """Look until there is something to see."""
    for _ in pauses(within):
        if seen := look():
            return seen
    msg = f"not seen within {within} s"
    raise AssertionError(msg)


def pauses(within: float) -> Iterator[None]:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        yield
        time.sleep(0.1)


def business_event(type_: str = "ArchiveBusinessEvent", **fields: object) -> dict[str, Any]:
    """Make a documented business event with an id of its own."""
    return {
        "BusinessEventId": type_,
        "ControlNumber": 5637611099,
        "EventId": str(uuid.uuid4()).upper(),
        "EventTime": "/Date(1767268800000)/",
        "LegalEntity": "usmf",
        "MajorVersion": 0,
        "Note": f"{CANARY}of-a-payload",
        **fields,
    }
