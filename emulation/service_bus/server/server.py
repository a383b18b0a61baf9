"""Serve a broker: its ports and the connections to them."""

import ssl
from functools import partial
from typing import TYPE_CHECKING

from emulation.service_bus.amqp.connection import Connection
from emulation.service_bus.broker.broker import Broker
from emulation.service_bus.nodes.attach import attach
from emulation.service_bus.server.front_door import FrontDoor

if TYPE_CHECKING:
    import asyncio


class Server:
    """Serves a broker on loopback.

    Args:
        broker: What it serves; closing the server leaves it open.
    """

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.connections: set[Connection] = set()
        self._attach = partial(attach, broker)
        self._listening: list[asyncio.Server] = []

    async def listen(self, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Serve on a loopback port; 0 takes a free one. Return the port."""
        server = await self.broker.loop.create_server(self._door, self.broker.host, port, ssl=tls)
        self._listening.append(server)
        return server.sockets[0].getsockname()[1]

    def delete(self, path: str) -> None:
        """Remove an entity of the broker with its messages; links to it are detached.

        Raises:
            Refused: There is none.
        """
        gone = self.broker.delete(path)
        for connection in self.connections:
            connection.detach_from(gone)

    def drop_connections(self) -> int:
        """Cut every connection; return how many there were."""
        connections = list(self.connections)
        for connection in connections:
            connection.drop()
        return len(connections)

    async def close(self) -> None:
        """Stop serving."""
        for server in self._listening:
            server.close()
        self.drop_connections()
        for server in self._listening:
            await server.wait_closed()

    def _door(self) -> FrontDoor:
        return FrontDoor(Connection(self.broker, self._attach, self.connections))
