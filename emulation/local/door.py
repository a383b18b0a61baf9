"""The port of the function app: it stays open from one host to the next, so that a request waits and is not refused."""

import socket

from emulation.failure import Failed

PORT = 7071
"""Where `func start` listens, too; another one where it is taken."""
_BACKLOG = 2048


class Door:
    """Open while there is a host behind it.

    Args:
        port: The one that is asked for; 0: the usual one, else a free one.
        usual: What it is where it is free; 0: a free one.

    Raises:
        Failed: The port that is asked for is taken.
    """

    def __init__(self, port: int, usual: int = PORT) -> None:
        self._port = port
        self._usual = usual
        self._socket: socket.socket | None = None
        if port and not _free(port):
            msg = f"port {port} is taken"
            raise Failed("NotStarted", msg, "Ask for another by --port; without it a free one is found.")

    def open(self) -> socket.socket:
        """Return what listens; once it has had a port it keeps it.

        Raises:
            Failed: The port is taken.
        """
        if self._socket is None:
            try:
                self._socket = self._listening()
            except OSError as error:
                msg = f"port {self._port} cannot be used: {error.strerror or error}"
                raise Failed("NotStarted", msg, "Ask for another by --port; without it a free one is found.") from error
            self._port = int(self._socket.getsockname()[1])
        return self._socket

    def close(self) -> None:
        """Refuse connections: nobody would answer them."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _listening(self) -> socket.socket:
        try:
            return socket.create_server(("127.0.0.1", self._port or self._usual), backlog=_BACKLOG)
        except OSError:
            if self._port:
                raise
            return socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)


def _free(port: int) -> bool:
    """Tell whether the host could listen there: connections of before that are not quite over are no hindrance."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
