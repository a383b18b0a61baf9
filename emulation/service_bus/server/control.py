"""The control API: faults, inspection and entities at run time, as JSON over HTTP on loopback.

GET  /                       connections, and per entity how many messages are active, locked, deferred, scheduled
GET  /messages?entity=PATH   the messages of an entity, without taking them
POST /create                 {"kind": "queue" | "topic" | "subscription", "topic": …, "settings": as in the TOML file}
                             {"kind": "key", "entity"?: PATH, "settings": …}: a key, until the broker ends
POST /delete | /purge        {"entity": PATH}
POST /drop                   cut every connection
POST /refuse                 {"entity": PATH, "condition"?: …, "description"?: …}: no new links
POST /throttle               {"entity": PATH}: messages and requests are answered server-busy
POST /delay                  {"seconds": N}: everything the broker sends waits
POST /fail-settling          {"entity": PATH, "way": "detach" | "drop" | "lose-lock" | "die", "times"?: 1}: the next
                             settlement of so many messages cuts the link, the connection, ends the lock, or kills the
                             broker before it is taken; what is tried again under the same lock is answered server-busy
POST /lose-locks             {"entity"?: PATH}
POST /clear                  no faults any more
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from emulation.service_bus.amqp.addresses import parse_address
from emulation.service_bus.amqp.errors import DETACH_FORCED, SERVER_BUSY, Refused
from emulation.service_bus.broker.faults import Settling
from emulation.service_bus.broker.recovery import created_record, make_entity
from emulation.service_bus.config import Key, QueueConfig, SubscriptionConfig, TopicConfig, convert
from emulation.service_bus.entities.queue import Queue
from emulation.service_bus.entities.topic import Topic
from emulation.service_bus.server.inspection import describe, overview
from emulation.service_bus.server.server import Server

BUSY = (
    "The request was terminated because the entity is being throttled. Error code : 50009. Please wait 10 seconds and "
    "try again."
)
MAX_BODY = 1 << 20
type Call = Callable[[Server, dict[str, Any]], Any]
_KINDS: dict[str, type[QueueConfig | TopicConfig]] = {
    "queue": QueueConfig,
    "topic": TopicConfig,
    "subscription": SubscriptionConfig,
}


class ControlServer:
    """The API on its port."""

    def __init__(self, server: Server) -> None:
        self._serves = server
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self, host: str, port: int) -> None:
        """Serve; port 0 takes a free one."""
        self._server = await asyncio.start_server(self._serve, host, port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop serving."""
        if self._server is not None:
            self._server.close()
            self._server.close_clients()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            status, answer = await self._answer(reader)
            body = json.dumps(answer, default=str).encode()
            headers = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close"
            writer.write(f"HTTP/1.1 {status}\r\n{headers}\r\n\r\n".encode() + body)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the caller is gone
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader) -> tuple[str, Any]:
        try:
            method, target, body = await _read(reader)
            url = urlsplit(target)
            call = CALLS.get((method, url.path))
            if call is None:
                return "404 Not Found", {"error": f"no {method} {url.path}; there are {sorted(map(' '.join, CALLS))}"}
            settings = {key: values[-1] for key, values in parse_qs(url.query).items()} | body
            return "200 OK", await self._call(call, settings)
        except Refused as refused:
            return f"{refused.status} Refused", {"error": refused.description, "condition": refused.condition}
        except (KeyError, TypeError, ValueError) as error:
            return "400 Bad Request", {"error": f"{type(error).__name__}: {error}"}

    async def _call(self, call: Call, settings: dict[str, Any]) -> Any:
        """Do what was asked; return when it is durable."""
        found = call(self._serves, settings)
        durable = asyncio.Event()
        self._serves.broker.after_commit(durable.set)
        await durable.wait()
        return found


async def serve_control(server: Server, port: int) -> ControlServer:
    """Serve the control API of a broker on a loopback port."""
    control = ControlServer(server)
    await control.start(server.broker.host, port)
    return control


async def _read(reader: asyncio.StreamReader) -> tuple[str, str, dict[str, Any]]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    size = int(headers.get("content-length") or 0)
    if size > MAX_BODY:
        msg = f"a body of {size} bytes is too large"
        raise ValueError(msg)
    body = msgspec.json.decode(await reader.readexactly(size), type=dict[str, Any]) if size else {}
    return method, target, body


def _queue(server: Server, settings: dict[str, Any]) -> Queue:
    entity = server.broker.namespace.entity(parse_address(settings["entity"]))
    return entity.intake if isinstance(entity, Topic) else entity


def _state(server: Server, _settings: dict[str, Any]) -> Any:
    return {"connections": len(server.connections), "entities": overview(server.broker.namespace)}


def _messages(server: Server, settings: dict[str, Any]) -> Any:
    messages = _queue(server, settings).peek(int(settings.get("from", 0)), int(settings.get("count", 100)))
    return [describe(message) for message in messages]


def _create(server: Server, settings: dict[str, Any]) -> Any:
    kind, parent = str(settings["kind"]), str(settings.get("topic") or "")
    if kind == "key":
        key = convert(settings["settings"], Key)
        server.broker.authority.add(str(settings.get("entity") or ""), (key,))
        return {"created": key.name}
    config = convert(settings["settings"], _KINDS[kind])
    record = created_record(kind, parent, config)
    make_entity(server.broker.namespace, parent, kind, record[3])
    server.broker.created.append(record)
    server.broker.journal.append(record)
    return {"created": config.name}


def _delete(server: Server, settings: dict[str, Any]) -> Any:
    path = str(settings["entity"])
    server.delete(path)
    return {"deleted": path}


def _purge(server: Server, settings: dict[str, Any]) -> Any:
    return {"purged": _queue(server, settings).purge()}


def _drop(server: Server, _settings: dict[str, Any]) -> Any:
    return {"dropped": server.drop_connections()}


def _refuse(server: Server, settings: dict[str, Any]) -> Any:
    condition = str(settings.get("condition") or DETACH_FORCED)
    description = str(settings.get("description") or "Links to this entity are refused.")
    server.broker.faults.refuse_links(str(settings["entity"]), Refused(condition, description))
    return {"refused": settings["entity"]}


def _throttle(server: Server, settings: dict[str, Any]) -> Any:
    server.broker.faults.refuse_sends(str(settings["entity"]), Refused(SERVER_BUSY, BUSY))
    return {"throttled": settings["entity"]}


def _delay(server: Server, settings: dict[str, Any]) -> Any:
    server.broker.faults.delay = float(settings["seconds"])
    return {"delay": server.broker.faults.delay}


def _lose_locks(server: Server, settings: dict[str, Any]) -> Any:
    queues = [_queue(server, settings)] if "entity" in settings else server.broker.namespace.all_queues()
    return {"lost": sum(queue.lose_locks() for queue in queues)}


def _fail_settling(server: Server, settings: dict[str, Any]) -> Any:
    way = msgspec.convert(settings["way"], Settling)
    server.broker.faults.fail_settling(str(settings["entity"]), way, int(settings.get("times", 1)))
    return {"failing": way}


def _clear(server: Server, _settings: dict[str, Any]) -> Any:
    server.broker.faults.clear()
    return {"cleared": True}


CALLS: dict[tuple[str, str], Call] = {
    ("GET", "/"): _state,
    ("GET", "/messages"): _messages,
    ("POST", "/create"): _create,
    ("POST", "/delete"): _delete,
    ("POST", "/purge"): _purge,
    ("POST", "/drop"): _drop,
    ("POST", "/refuse"): _refuse,
    ("POST", "/throttle"): _throttle,
    ("POST", "/delay"): _delay,
    ("POST", "/lose-locks"): _lose_locks,
    ("POST", "/fail-settling"): _fail_settling,
    ("POST", "/clear"): _clear,
}
