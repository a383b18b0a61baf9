"""A function app that answers what the test says."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest


class App(ThreadingHTTPServer):
    """A function app that answers what the test says, and remembers what it was asked."""

    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str, str | None, Any]] = []
        self.answers: list[tuple[int, Any]] = []
        self.lie: bytes | None = None
        self.lied = 200
        self.media = "application/json"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: App

    def do_GET(self) -> None:
        self._answer(None)

    def do_DELETE(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["content-length"]))))

    def _answer(self, body: Any) -> None:
        self.server.asked.append((self.command, self.path, self.headers.get("x-functions-key"), body))
        if self.server.lie is None:
            status, content = self.server.answers.pop(0)
            written = json.dumps(content).encode()
        else:
            status, written = self.server.lied, self.server.lie
        self.send_response(status)
        self.send_header("Content-Type", self.server.media)
        self.send_header("Content-Length", str(len(written)))
        self.end_headers()
        self.wfile.write(written)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def app(monkeypatch) -> Iterator[App]:
    monkeypatch.setenv("FNO_LINK_KEY", "a key")
    with App() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
