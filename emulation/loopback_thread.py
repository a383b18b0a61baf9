"""An ASGI application on loopback, in a thread with an event loop of its own: for programs that have none."""

import asyncio
import threading
from types import TracebackType
from typing import Any, Self

from emulation.loopback import LoopbackServer


class LoopbackThread:
    """Serves while entered.

    Args:
        app: The ASGI application.
        name: What the thread is called.
    """

    def __init__(self, app: Any, name: str) -> None:
        self._app = app
        self._name = name
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name)
        self._server: LoopbackServer | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def url(self) -> str:
        """Its base URL, without a slash at its end.

        Raises:
            RuntimeError: It is not running.
        """
        if self._server is None:
            msg = f"{self._name} is not running; use it in a with statement"
            raise RuntimeError(msg)
        return f"http://127.0.0.1:{self._server.port}"

    async def _start(self) -> LoopbackServer:
        server = LoopbackServer(self._app)
        await server.start()
        return server
