"""An app in memory that says what a test tells it to, for both clients, and counts."""

import asyncio
import inspect
import threading
from datetime import UTC, datetime, timedelta

import httpx

from integration import LinkClient, SyncLinkClient
from integration.links import Link

HOME = "https://contoso.operations.dynamics.com"
ID = "6f4a2c1e-0000-4000-8000-000000000001"
CHECKED = "2026-01-02T03:04:05Z"


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.at = 1000.0

    def monotonic(self):
        return self.at

    def now(self):
        return datetime(2026, 1, 2, 3, 5, tzinfo=UTC) + timedelta(seconds=self.at - 1000)


def linked(url=HOME, **more):
    return {
        "state": "linked",
        "url": url,
        "tenantId": ID,
        "id": ID,
        "trusted": True,
        "stale": False,
        "checkedAt": CHECKED,
        **more,
    }


def not_linked():
    return {
        "state": "not_linked",
        "code": "0x80048d0b",
        "message": "No",
        "familiar": True,
        "stale": False,
        "checkedAt": CHECKED,
    }


def ok(content=None, tag='W/"1"', seconds=30, **headers):
    given = {"etag": tag, "cache-control": f"private, max-age={seconds}", **headers}
    return httpx.Response(200, json=linked() if content is None else content, headers=given)


def unknown(code="Throttled", wait=None, status=503, **more):
    problem = {"code": code, "detail": "Dataverse asked to slow down.", "hint": "Wait.", **more}
    headers = {"retry-after": str(wait)} if wait is not None else {}
    return httpx.Response(status, json=problem, headers=headers)


class App:
    """Answers in order, the last one for ever; an exception is raised instead of answered."""

    def __init__(self, *answers) -> None:
        self.answers = list(answers)
        self.requests = []
        self.gate = threading.Event()
        self.gate.set()

    def say(self, *answers):
        self.answers = list(answers)

    def _next(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    def sync(self, request):
        self.gate.wait(60)
        return self._next(request)

    async def asynchronous(self, request):
        await asyncio.to_thread(self.gate.wait, 60)
        return self._next(request)


class Asker:
    """Either client, asked in the same words."""

    def __init__(self, kind, app, **options) -> None:
        self.clock = Clock()
        given = {"key": "a-key", **options}
        if kind == "async":
            self.http = httpx.AsyncClient(transport=httpx.MockTransport(app.asynchronous))
            self.client = LinkClient("https://app.test", http=self.http, clock=self.clock, **given)
        else:
            self.http = httpx.Client(transport=httpx.MockTransport(app.sync))
            self.client = SyncLinkClient("https://app.test", http=self.http, clock=self.clock, **given)

    async def __call__(self, name="contoso") -> Link:
        found = self.client.resolve(name)
        return await found if inspect.isawaitable(found) else found

    async def close(self):
        if isinstance(self.client, LinkClient):
            await self.client.aclose()
            await self.http.aclose()
        else:
            self.client.close()
            self.http.close()
