"""One host: an app, its settings and keys, its listeners and its HTTP front, from start to stop."""

import asyncio
import gc
import hashlib
import os
import random
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from starlette.types import ASGIApp

from emulation.functions_host import cors, groups, host_json, http_trigger, log, worker
from emulation.functions_host.admin import WARMUP, Admin
from emulation.functions_host.errors import HostError
from emulation.functions_host.function import Function
from emulation.functions_host.invocations import Invocations
from emulation.functions_host.keys import Keys
from emulation.functions_host.listeners import EventGridListener, Listener, Services, listener_of
from emulation.functions_host.log import host_log
from emulation.functions_host.outputs import Outputs
from emulation.functions_host.server import Protocol, Server
from emulation.functions_host.settings import HOST_STORAGE, LOCAL_SETTINGS, Settings, local_settings
from emulation.functions_host.storage import Storage
from emulation.functions_host.storage_connection import find_storage
from emulation.functions_host.tracing import Tracing
from emulation.functions_host.vault import Vault
from emulation.functions_host.web import Front

BODY_LIMIT = "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"
DEFAULT_BODY_LIMIT = 104_857_600
LAST_CALL = 2.0
"""Seconds at most for the first request of a connection that was taken just before the end."""
# What the real host sets for its worker, where nothing else is said.
WORKER_ENVIRONMENT = {"FUNCTIONS_WORKER_RUNTIME": "python", "AZURE_FUNCTIONS_ENVIRONMENT": "Development"}


class Options(msgspec.Struct, frozen=True):
    """How a host is run.

    Args:
        app: The app's folder.
        port: Where to listen on 127.0.0.1; 0 for a free port.
        listening: The descriptor of a socket that listens already, in place of the port.
        settings: A settings file; the app's own local.settings.json when absent.
        keys: Keys to use instead of generated ones (`Keys`).
        enforce_keys: False lets every request in.
        drain: Seconds that a stop waits for work.
        queue_lease: Seconds for which a queue message in work stays hidden; 600 in the real host.
        response_limit: Seconds after which an HTTP caller is given up; 230 in Azure.
        collector: The file that takes spans, the host's and the app's; None: nobody does.
    """

    app: Path
    port: int = 0
    listening: int | None = None
    settings: Path | None = None
    keys: Mapping[str, str] = {}
    enforce_keys: bool = True
    drain: float = 30.0
    queue_lease: float = 600.0
    response_limit: float = 230.0
    collector: Path | None = None


class Host:
    """A host that has loaded its app once `load` returns, and answers once `open` does.

    Args:
        options: How it is run.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._folder = options.app.resolve()
        self._listening: list[asyncio.Task[None]] = []
        self._server: Server | None = None
        # Where each scaling group has its process, if it has one of its own: the URL by group.
        self.elsewhere: dict[str, str] = {}

    async def load(self) -> None:
        """Load the app.

        Raises:
            HostError: The app cannot be run; the message says why.
        """
        options = self._options
        settings = self._load_settings()
        self._host_json = host_json.read(self._folder, os.environ)
        os.chdir(self._folder)
        log.configure()
        tracing = Tracing(self._options.collector)
        self._worker = await worker.load(self._folder)
        log.follow_threads(self._worker.invocation_id)
        disabled = {function.name for function in self._worker.functions if _disabled(function, settings)}
        functions = tuple(function for function in self._worker.functions if function.name not in disabled)
        target = settings.get(groups.TARGET) or ""
        self._storage = Storage(settings, self._host_json.extensions.queues)
        encoded = self._host_json.extensions.queues.message_encoding == "base64"
        outputs = Outputs(self._storage, settings, encoded=encoded)
        outputs.check(functions)
        self._invocations = Invocations(self._worker, outputs, self._host_json.timeout, tracing)
        host_id = hashlib.sha256(str(self._folder).encode()).hexdigest()[:32]
        services = Services(
            self._invocations,
            settings,
            self._storage,
            self._host_json,
            host_id,
            options.queue_lease,
            random.Random(),  # noqa: S311 - jitter
        )
        listeners = _listeners(functions, services)
        self._own = own = {
            each.name: listeners[each.name]
            for each in functions
            if each.name in listeners and groups.runs(target, each)
        }
        keys = Keys([function.name for function in self._worker.functions], options.keys, enforced=options.enforce_keys)
        http = self._host_json.extensions.http
        front = Front(
            invocations=self._invocations,
            endpoints=http_trigger.endpoints(
                self._worker.functions, http.route_prefix, settings.resolve, disabled=disabled
            ),
            event_grid={
                name.lower(): listener for name, listener in own.items() if isinstance(listener, EventGridListener)
            },
            admin=Admin(functions, listeners, self._invocations, host_id, self.elsewhere),
            vault=Vault(keys, self._storage if _has_storage(settings) else None, host_id),
            http=http,
            largest_body=int(settings.get(BODY_LIMIT) or DEFAULT_BODY_LIMIT),
            response_limit=options.response_limit,
            cors=cors.read(settings, options.settings or self._folder / LOCAL_SETTINGS),
        )
        self._front = _guarded(front, settings)
        self._functions = functions
        self._keys = keys.as_json()

    async def open(self) -> dict[str, Any]:
        """Listen, and start every trigger.

        Returns:
            What callers need to know: url, functions and keys.

        Raises:
            HostError: The port cannot be used.
        """
        url = await self._serve(self._front)
        for name, listener in self._own.items():
            self._listening.append(asyncio.create_task(listener.listen(), name=f"Listener of {name}"))
        # What is loaded stays: nobody looks through it for garbage again while messages are handled.
        gc.freeze()
        prefix = self._host_json.extensions.http.route_prefix
        return {
            "url": url,
            "functions": [_described(function, url, prefix) for function in self._functions],
            "keys": self._keys,
            "pid": os.getpid(),
        }

    async def close(self) -> None:
        """Take no more connections; those that there are go on."""
        if self._server is not None:
            await self._server.close()

    async def wait(self, stop: asyncio.Event) -> None:
        """Return when told to stop.

        Raises:
            BaseException: Whatever ended a listener or the server, which must not end by themselves.
        """
        stopping = asyncio.create_task(stop.wait())
        done, _ = await asyncio.wait([stopping, self._serving, *self._listening], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        for task in done:
            task.result()

    async def stop(self) -> None:
        """Take no more work, finish what was taken, within the limit, and close everything."""
        await self.close()
        for task in self._listening:
            task.cancel()
        await asyncio.gather(*self._listening, return_exceptions=True)
        if self._server is not None:
            if self._options.listening is not None:
                await self._server.last_call(LAST_CALL)
            self._server.should_exit = True
            await self._invocations.drain(self._options.drain)
            await self._serving
        await self._storage.close()
        try:
            async with asyncio.timeout(self._options.drain):
                await asyncio.to_thread(self._worker.close)
        except TimeoutError:
            host_log.warning("A function still runs in a thread after %g s and is given up.", self._options.drain)

    def _load_settings(self) -> Settings:
        values = local_settings(self._options.settings or self._folder / LOCAL_SETTINGS)
        # As with `func start`, what the environment says already wins.
        for name, value in {**WORKER_ENVIRONMENT, **values}.items():
            os.environ.setdefault(name, value)
        return Settings(os.environ)

    async def _serve(self, front: ASGIApp) -> str:
        given = self._options.listening
        try:
            listening = (
                socket.create_server(("127.0.0.1", self._options.port), backlog=2048)
                if given is None
                else socket.socket(fileno=os.dup(given))
            )
        except OSError as error:
            msg = f"Port {self._options.port} cannot be used: {error}. Choose another by --port."
            raise HostError(msg) from error
        config = uvicorn.Config(
            front,
            http=Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=max(1, round(self._options.drain)),
        )
        self._server = server = Server(config)
        self._serving = asyncio.create_task(server.serve([listening]), name="HTTP server")
        while not server.started:
            await asyncio.sleep(0.001)
            if self._serving.done():
                self._serving.result()
        return f"http://127.0.0.1:{listening.getsockname()[1]}"


def _listeners(functions: tuple[Function, ...], services: Services) -> dict[str, Listener]:
    found: dict[str, Listener] = {}
    for function in functions:
        kind = function.trigger.type
        if kind in {http_trigger.TRIGGER, WARMUP}:
            continue
        made = listener_of(kind)
        if made is None:
            msg = f"Function {function.name!r}: the local host has no trigger of type {kind!r}."
            raise HostError(msg)
        try:
            find_storage(services.settings, HOST_STORAGE, function.name)
        except HostError as error:
            msg = f"Missing value for {HOST_STORAGE}: all triggers other than HTTP need it. {error}"
            raise HostError(msg) from error
        found[function.name] = made(function, services)
    return found


def _guarded(front: ASGIApp, settings: Settings) -> ASGIApp:
    if not settings.get("WEBSITE_AUTH_ENABLED"):
        return front
    from emulation.functions_host import easy_auth  # noqa: PLC0415 - PyJWT takes a tenth of a second of every start

    return easy_auth.before(front, settings)


def _has_storage(settings: Settings) -> bool:
    named = (HOST_STORAGE, f"{HOST_STORAGE}__accountName", f"{HOST_STORAGE}__blobServiceUri")
    return any(settings.get(name) for name in named)


def _disabled(function: Function, settings: Settings) -> bool:
    return (settings.get(f"AzureWebJobs.{function.name}.Disabled") or "").lower() in {"1", "true"}


def _described(function: Function, url: str, prefix: str) -> dict[str, str]:
    described = {"name": function.name, "trigger": function.trigger.type}
    if function.trigger.type == http_trigger.TRIGGER:
        route = function.trigger.text("route") or function.name
        described["url"] = "/".join(part for part in (url, prefix.strip("/"), route.strip("/")) if part)
    return described
