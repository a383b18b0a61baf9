"""Run the broker in a process of its own, for tests and the demo."""

import json
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import msgspec

from emulation.child import ChildFailed
from emulation.server_process import ServerProcess
from emulation.service_bus.config import DEFAULT_KEY_NAME, BrokerConfig, Key, to_builtins
from emulation.service_bus.toml import dump


class ServiceBusFailed(Exception):
    """The broker did not start, or did not do what its control API was asked."""


class Control:
    """The broker's control API; every call returns what it answers, decoded.

    Args:
        port: Its port on loopback.
    """

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def state(self) -> dict[str, Any]:
        """Return the number of connections, and counts by entity."""
        return self._call("GET", "/")

    def counts(self, entity: str) -> dict[str, int]:
        """Return how many messages of an entity are active, locked, deferred, scheduled."""
        return self.state()["entities"][entity]

    def messages(self, entity: str, count: int = 100) -> list[dict[str, Any]]:
        """Return the messages of an entity without taking them."""
        return self._call("GET", f"/messages?{urlencode({'entity': entity, 'count': count})}")

    def create(self, kind: str, settings: msgspec.Struct | dict[str, Any], topic: str | None = None) -> None:
        """Make a queue, a topic, or a subscription of a topic."""
        plain = to_builtins(settings) if isinstance(settings, msgspec.Struct) else settings
        self._call("POST", "/create", {"kind": kind, "topic": topic, "settings": plain})

    def create_key(self, key: Key, entity: str = "") -> None:
        """Make a key of the namespace or an entity; it lasts until the broker ends."""
        self._call("POST", "/create", {"kind": "key", "entity": entity, "settings": to_builtins(key)})

    def delete(self, entity: str) -> None:
        """Remove an entity with its messages."""
        self._call("POST", "/delete", {"entity": entity})

    def purge(self, entity: str) -> int:
        """Remove the messages of an entity that are not locked; return how many there were."""
        return self._call("POST", "/purge", {"entity": entity})["purged"]

    def drop_connections(self) -> int:
        """Cut every connection; return how many there were."""
        return self._call("POST", "/drop")["dropped"]

    def refuse_links(self, entity: str, condition: str | None = None) -> None:
        """Refuse new links to an entity."""
        self._call("POST", "/refuse", {"entity": entity, "condition": condition})

    def throttle(self, entity: str) -> None:
        """Answer everything sent to an entity with server-busy."""
        self._call("POST", "/throttle", {"entity": entity})

    def delay(self, seconds: float) -> None:
        """Let everything the broker sends wait."""
        self._call("POST", "/delay", {"seconds": seconds})

    def lose_locks(self, entity: str | None = None) -> int:
        """End the locks of an entity, or all of them; return how many there were."""
        return self._call("POST", "/lose-locks", {} if entity is None else {"entity": entity})["lost"]

    def fail_settling(self, entity: str, way: str, times: int = 1) -> None:
        """Let the next settlement of so many messages fail: "detach", "drop", "lose-lock" or "die" (the broker)."""
        self._call("POST", "/fail-settling", {"entity": entity, "way": way, "times": times})

    def clear(self) -> None:
        """End every fault."""
        self._call("POST", "/clear")

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        data = json.dumps(body or {}).encode() if method == "POST" else None
        try:
            with urlopen(Request(self.url + path, data, method=method), timeout=30) as answer:  # noqa: S310 - loopback
                return json.load(answer)
        except HTTPError as error:
            msg = f"{method} {path}: {error} {error.read().decode()}"
            raise ServiceBusFailed(msg) from error
        except OSError as error:
            msg = f"{method} {path}: {error}"
            raise ServiceBusFailed(msg) from error


class Ready(msgspec.Struct, frozen=True):
    """What the broker's process prints when it serves.

    Args:
        port: AMQP without TLS.
        tls_port: AMQP and WebSockets over TLS; 0 without a certificate.
        control_port: The control API.
        connection_strings: By the name of the namespace's key.
    """

    port: int
    tls_port: int
    control_port: int
    connection_strings: dict[str, str]


class ServiceBus:
    """A broker as a child process, as a context manager.

    Args:
        config: Its keys and entities.
        journal: Where messages survive a restart; none keeps them in memory.
        port: The AMQP port; 0 takes a free one, which a restart keeps.
        certificate: PEM with key and chain, to serve TLS as well.
    """

    def __init__(
        self,
        config: BrokerConfig | None = None,
        *,
        journal: Path | None = None,
        port: int = 0,
        certificate: Path | None = None,
    ) -> None:
        self._config = config if config is not None else BrokerConfig()
        self._journal = journal
        self._certificate = certificate
        self._folder = tempfile.TemporaryDirectory(prefix="service-bus-")
        self._process = ServerProcess("emulation.service_bus", Ready)
        self.port = port
        self.tls_port = 0
        self.control_port = 0
        self.connection_strings: dict[str, str] = {}

    @property
    def connection_string(self) -> str:
        """The connection string of the key with every right."""
        return self.connection_strings.get(DEFAULT_KEY_NAME) or next(iter(self.connection_strings.values()))

    @property
    def control(self) -> Control:
        """The control API."""
        return Control(self.control_port)

    @property
    def pid(self) -> int:
        """The child's process id; 0 while it does not run."""
        return self._process.pid

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._folder.cleanup()

    def start(self) -> None:
        """Start the child and wait until it is ready.

        Raises:
            ServiceBusFailed: It ended instead; the message holds what it said.
        """
        path = Path(self._folder.name) / "service-bus.toml"
        path.write_text(dump(to_builtins(self._config)), encoding="utf-8")
        arguments = ["--config", str(path), "--port", str(self.port), "--control-port", str(self.control_port)]
        if self._journal is not None:
            arguments += ["--journal", str(self._journal)]
        if self._certificate is not None:
            arguments += ["--certificate", str(self._certificate), "--tls-port", str(self.tls_port)]
        try:
            self._process.start(*arguments)
        except ChildFailed as error:
            raise ServiceBusFailed(str(error)) from error
        ready = self._process.ready
        self.port, self.tls_port, self.control_port = ready.port, ready.tls_port, ready.control_port
        self.connection_strings = ready.connection_strings

    def stop(self) -> None:
        """End the child gently."""
        self._process.stop()

    def kill(self) -> None:
        """End the child as a power cut would."""
        self._process.kill()

    def restart(self) -> None:
        """End the child if it runs, and start it again on the same ports."""
        self.stop()
        self.start()
