"""A server on loopback that gives a real Chromium status pages as the app does."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, override
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Page

from integration.config.keys.model import StatusPage
from integration.operations.status_shapes import Status
from integration.web.message import Request, Response
from integration.web.status.form import Form
from integration.web.status.forms import Forms
from integration.web.status.html import page as render
from integration.web.status.html import policy
from integration.web.status.operator import OperatorPages
from tests.status_sample import hostile, troubled, unattended, well


class Noted:
    """Does nothing, and keeps what it was asked to do."""

    def __init__(self) -> None:
        self.forms: list[Form] = []

    async def do(self, form: Form) -> str:
        self.forms.append(form)
        return {"mute": "muted", "unmute": "unmuted", "release": "released", "replay": "replayed"}.get(
            form.do, "acknowledged"
        )


class Now:
    """The time, as much of it as the operator's page asks for."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class Site:
    """Serves status pages by their name, and those of operators under `NAME/operator`.

    Args:
        states: What each page shows; may be changed while it is served.
    """

    def __init__(self, states: dict[str, Status]) -> None:
        self.states = states
        self.asked: list[str] = []
        self.heard: list[dict[str, str]] = []
        self.done = Noted()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                self._answer(site.show)

            def do_POST(self) -> None:
                self._answer(site.act)

            def _answer(self, answer: Any) -> None:
                parts = urlsplit(self.path)
                request = Request(
                    method=self.command,
                    headers={name.lower(): value for name, value in self.headers.items()},
                    body=self.rfile.read(int(self.headers.get("Content-Length", "0"))),
                    query=dict(parse_qsl(parts.query)),
                )
                site.heard.append(dict(request.headers))
                response = asyncio.run(answer(parts.path.strip("/"), request))
                self.send_response(response.status)
                for name, value in response.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(response.body)))
                self.end_headers()
                self.wfile.write(response.body)

            @override
            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    async def show(self, path: str, request: Request) -> Response:
        name, _, operator = path.partition("/")
        if operator:
            return await self._pages(name).show(request)
        return self._page(request, name, None)

    async def act(self, path: str, request: Request) -> Response:
        return await self._pages(path.partition("/")[0]).act(request)

    def _pages(self, name: str) -> OperatorPages:
        async def show(request: Request, forms: Forms | None) -> Response:
            return self._page(request, name, forms)

        return OperatorPages(settings=StatusPage(), show=show, actions=self.done, clock=Now())

    def _page(self, request: Request, name: str, forms: Forms | None) -> Response:
        status = self.states.get(name)
        headers = {"Content-Type": "text/html; charset=utf-8", **policy(forms=forms is not None)}
        if status is None:
            return Response(status=404, headers=headers)
        body = render(status, forms=forms, key=request.query.get("code", ""))
        return Response(status=200, headers=headers, body=body)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Visit:
    """One look at a page, and everything that went wrong during it."""

    def __init__(self, page: Page, site: Site) -> None:
        self.page = page
        self.site = site
        self.faults: list[str] = []
        page.on("console", lambda said: self.faults.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("dialog", lambda dialog: (self.faults.append(dialog.message), dialog.dismiss()))
        page.on(
            "request", lambda asked: None if asked.url.startswith((site.url, "data:")) else self._strange(asked.url)
        )

    def _strange(self, url: str) -> None:
        self.faults.append(f"asked {url}")

    def open(self, name: str, query: str = "") -> Page:
        self.page.goto(f"{self.site.url}/{name}{query}")
        return self.page


@pytest.fixture
def site() -> Iterator[Site]:
    running = Site({"well": well(), "troubled": troubled(), "hostile": hostile(), "unattended": unattended()})
    yield running
    running.close()


@pytest.fixture
def visit(context_of, site) -> Any:
    def new(**settings: Any) -> Visit:
        return Visit(context_of(**settings).new_page(), site)

    return new
