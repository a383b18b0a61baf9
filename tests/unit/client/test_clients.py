"""Both clients of Python: what serves without asking, what is asked, and what is kept through trouble."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from integration import (
    AppRefused,
    LinkClient,
    Linked,
    LinkUnknown,
    NotLinked,
    SyncLinkClient,
    Throttled,
    UnexpectedAnswer,
    UnknownOrganization,
    Unreachable,
)
from integration.errors import Busy
from tests.unit.client.app import HOME, linked, not_linked, ok, unknown


async def test_an_answer_serves_for_as_long_as_it_says_and_is_then_asked_about(app, make):
    ask = make()
    app.say(ok(tag='W/"1"', age="10"), httpx.Response(304, headers={"cache-control": "max-age=5"}))
    link = await ask()
    assert isinstance(link, Linked)
    assert (link.url, link.trusted, link.stale) == (HOME, True, False)
    ask.clock.at += 19
    assert await ask() is link
    assert len(app.requests) == 1
    ask.clock.at += 2
    assert await ask() == link
    assert "if-none-match" not in app.requests[0].headers
    assert [app.requests[1].headers[name] for name in ("if-none-match", "x-functions-key")] == ['W/"1"', "a-key"]
    assert str(app.requests[0].url) == "https://app.test/api/organizations/contoso/link"
    ask.clock.at += 4
    await ask()
    assert len(app.requests) == 2
    ask.clock.at += 2
    await ask()
    assert app.requests[2].headers["if-none-match"] == 'W/"1"', "the tag outlives a 304 without one"


async def test_a_304_says_when_dataverse_was_asked_last(app, make):
    ask = make()
    app.say(ok(seconds=0), httpx.Response(304, headers={"last-modified": "Fri, 02 Jan 2026 03:30:00 GMT"}))
    await ask()
    assert (await ask()).checked_at == datetime(2026, 1, 2, 3, 30, tzinfo=UTC)


@pytest.mark.parametrize("said", ["no-cache, max-age=60", "no-store, max-age=60", "max-age=x", ""])
async def test_what_must_not_serve_without_asking_does_not(app, make, said):
    ask = make()
    app.say(ok(**{"cache-control": said}))
    await ask()
    await ask()
    assert len(app.requests) == 2
    assert ("if-none-match" in app.requests[1].headers) == ("no-store" not in said)


async def test_a_relink_is_seen_once_the_copy_is_old(app, make):
    ask = make()
    app.say(ok(), ok(linked("https://new.operations.dynamics.com"), tag='W/"2"'))
    await ask()
    ask.clock.at += 31
    assert (await ask()).url == "https://new.operations.dynamics.com"


async def test_through_trouble_the_last_good_answer_serves_marked_and_with_an_end(app, make):
    ask = make(keep_for=timedelta(hours=1))
    await ask()
    ask.clock.at += 31
    app.say(unknown(wait=20))
    assert (await ask()).stale
    ask.clock.at += 19
    assert (await ask()).stale
    assert len(app.requests) == 2, "it is left alone for as long as it asked for"
    app.say(httpx.ConnectError("away"))
    ask.clock.at += 2
    assert (await ask()).stale
    assert len(app.requests) == 3
    ask.clock.at += 3600
    with pytest.raises(Unreachable, match=r"https://app\.test did not answer: ConnectError") as caught:
        await ask()
    assert "app's URL" in caught.value.hint
    ask.clock.at += 60
    app.say(ok())
    assert not (await ask()).stale


async def test_an_unknown_link_says_why_and_is_not_asked_again_too_early(app, make):
    ask = make()
    app.say(unknown(wait=30, remoteCode="0x80072322"))
    with pytest.raises(Throttled, match="slow down") as caught:
        await ask()
    assert (caught.value.retry_after, caught.value.remote_code, caught.value.status) == (30, "0x80072322", 503)
    ask.clock.at += 10
    with pytest.raises(Throttled, match="slow down") as caught:
        await ask()
    assert caught.value.retry_after == 20
    assert len(app.requests) == 1


@pytest.mark.parametrize("code", ["StorageUnavailable", "RowRefused", "__class__"])
async def test_what_is_no_reason_for_an_unknown_link_is_told_in_the_message_alone(app, make, code):
    app.say(unknown(code))
    with pytest.raises(LinkUnknown, match=code) as caught:
        await make()()
    assert caught.value.code == "LinkUnknown"


async def test_without_a_wait_that_is_asked_for_each_failure_doubles_it(app, make):
    ask = make()
    app.say(unknown("NoCodeOfOurs", status=500), unknown(status=502), unknown(status=429))
    waits = []
    for _ in range(3):
        with pytest.raises(LinkUnknown):
            await ask()
        with pytest.raises(LinkUnknown) as caught:
            await ask()
        waits.append(caught.value.retry_after)
        ask.clock.at += 10
    assert (waits, len(app.requests)) == ([2, 4, 8], 3)


async def test_not_linked_is_never_kept_for_when_nobody_knows(app, make):
    ask = make()
    app.say(ok(not_linked()), unknown())
    assert isinstance(await ask(), NotLinked)
    ask.clock.at += 31
    with pytest.raises(Throttled):
        await ask()
    ask.clock.at += 10
    app.say(ok())
    assert (await ask()).url == HOME
    assert "if-none-match" not in app.requests[-1].headers


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (unknown("", status=401), AppRefused),
        (unknown("", status=403), AppRefused),
        (unknown("UnknownOrganization", status=404), UnknownOrganization),
    ],
)
async def test_who_is_refused_is_shown_no_old_answer(app, make, answer, error):
    ask = make()
    await ask()
    ask.clock.at += 31
    app.say(answer, unknown())
    with pytest.raises(error):
        await ask()
    ask.clock.at += 2
    with pytest.raises(Throttled):
        await ask()


LIES = [
    httpx.Response(200, html="<html>Sign in</html>"),
    httpx.Response(200, json=[]),
    httpx.Response(200, json={"state": "linked", "url": HOME}),
    httpx.Response(200, json=linked("https://user@evil.example/path")),
    httpx.Response(200, json={**linked(), "state": "perhaps"}),
    httpx.Response(200, content=b" " * (2 << 20)),
    httpx.Response(204),
    httpx.Response(302, headers={"location": "https://elsewhere.test/"}),
    httpx.Response(304),
    httpx.Response(404, html="<html>No such site</html>"),
]


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: f"{lie.status_code}-{lie.content[:30]!r}")
async def test_what_is_not_fno_links_answer_is_unknown_and_goes_nowhere_else(app, make, lie):
    ask = make()
    app.say(lie)
    with pytest.raises(UnexpectedAnswer):
        await ask()
    assert [request.url.host for request in app.requests] == ["app.test"]
    ask.clock.at += 5
    app.say(ok(seconds=0), lie)
    await ask()
    if lie.status_code != 304:
        assert (await ask()).stale


async def test_names_stay_one_segment_and_what_is_none_is_refused(app, make):
    ask = make()
    await ask("../a b?c#d/ü")
    assert app.requests[0].url.raw_path == b"/api/organizations/..%2Fa%20b%3Fc%23d%2F%C3%BC/link"
    for name in ("", ".", ".."):
        with pytest.raises(ValueError, match="no name"):
            await ask(name)


async def test_made_up_names_fill_no_memory(app, make):
    ask = make()
    app.say(unknown("UnknownOrganization", status=404))
    for number in range(1010):
        with pytest.raises(UnknownOrganization):
            await ask(f"nobody-{number}")
    assert len(ask.client._copies._copies) == 1000


async def test_after_the_end_nobody_asks(app, make):
    ask = make()
    await ask.close()
    with pytest.raises(Busy, match="closed"):
        await ask()
    assert app.requests == []


@pytest.mark.parametrize("client", [LinkClient, SyncLinkClient])
def test_what_cannot_be_is_refused_at_once(client):
    for address in ("http://app.test", "app.test", "https://u:p@app.test", "https://app.test?code=x", "https://["):
        with pytest.raises(ValueError, match=r"URL|address"):
            client(address, key="k")
    for wrong in ({}, {"key": "a\nb"}, {"token": type("C", (), {"get_token": lambda self, *s: s})()}):
        with pytest.raises(ValueError, match=r"key|scope"):
            client("https://app.test", **wrong)


async def test_tasks_that_ask_at_once_share_one_request_and_one_that_gives_up_takes_nothing_from_the_others(app):
    client = LinkClient(
        "https://app.test/api/", key="k", http=httpx.AsyncClient(transport=httpx.MockTransport(app.asynchronous))
    )
    app.gate.clear()
    asking = [asyncio.create_task(client.resolve("contoso")) for _ in range(50)]
    await asyncio.sleep(0)
    asking[0].cancel()
    app.gate.set()
    done = await asyncio.gather(*asking[1:])
    assert {link.url for link in done} == {HOME}
    assert len(app.requests) == 1
    ended = asyncio.create_task(client.resolve("other"))
    app.gate.clear()
    await asyncio.sleep(0.05)
    await client.aclose()
    app.gate.set()
    with pytest.raises(Busy, match="shutting down"):
        await ended
    await client._http.aclose()


def test_threads_that_ask_at_once_share_one_request_its_failure_too(app):
    with (
        httpx.Client(transport=httpx.MockTransport(app.sync)) as http,
        SyncLinkClient("https://app.test", key="k", http=http) as client,
        ThreadPoolExecutor(16) as pool,
    ):
        together = threading.Barrier(16)

        def ask(name):
            together.wait(60)
            try:
                return client.resolve(name)
            except LinkUnknown as error:
                return error

        assert {link.url for link in pool.map(ask, ["contoso"] * 16)} == {HOME}
        assert len(app.requests) == 1
        app.say(unknown(wait=60))
        errors = list(pool.map(ask, ["other"] * 16))
        assert {type(error) for error in errors} == {Throttled}
        assert len({id(error) for error in errors}) == 16
        assert len(app.requests) == 2
