"""The link pages: an answer, an unknown name and an unknown link are told apart; the list holds no more than names."""

import json
from datetime import UTC, datetime

import msgspec
import pytest

from integration.callers import Caller
from integration.config.keys.model import Cache, Organization
from integration.errors import Forbidden, LinkUnknown, Throttled
from integration.links.values import Link, Linked, NotLinked
from integration.operations.links import LinkOperations
from integration.web import Request
from integration.web.callers import named
from integration.web.links import LinkPages
from tests.fake_clock import FakeClock

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LINKED = Linked(url="https://contoso.operations.dynamics.com", tenant_id="t-1", id="e-1", trusted=True, checked_at=AT)
CONTOSO = Organization(name="contoso", url="https://contoso.crm.dynamics.com", tenant="contoso.onmicrosoft.com")


class Answers:
    """A resolver that gives what the test says."""

    def __init__(self, answer: Link | LinkUnknown) -> None:
        self.answer = answer
        self.asked: list[str] = []

    async def resolve(self, name: str) -> Link:
        self.asked.append(f"resolve {name}")
        if isinstance(self.answer, LinkUnknown):
            raise self.answer
        return self.answer

    async def refresh(self, name: str) -> Link:
        self.asked.append(f"refresh {name}")
        if isinstance(self.answer, LinkUnknown):
            raise self.answer
        return self.answer


def pages(answer: Link | LinkUnknown) -> LinkPages:
    return LinkPages(LinkOperations({"contoso": CONTOSO}, Answers(answer)), Cache(), FakeClock())


async def test_a_linked_organization():
    answer = await pages(LINKED).link("contoso", Request())
    assert answer.status == 200
    assert json.loads(answer.body) == {
        "state": "linked",
        "url": "https://contoso.operations.dynamics.com",
        "tenantId": "t-1",
        "id": "e-1",
        "trusted": True,
        "stale": False,
        "checkedAt": "2026-01-02T03:04:05Z",
    }
    assert answer.headers["Cache-Control"] == "private, max-age=30"
    assert answer.headers["Last-Modified"] == "Fri, 02 Jan 2026 03:04:05 GMT"


async def test_not_linked_is_an_answer_not_an_error():
    answer = await pages(NotLinked(code="0x80048d0b", message="isn't integrated", checked_at=AT)).link(
        "contoso", Request()
    )
    assert answer.status == 200
    content = json.loads(answer.body)
    assert (content["state"], content["code"]) == ("not_linked", "0x80048d0b")


async def test_an_untrusted_link_says_why():
    untrusted = Linked(
        url="https://evil.example", tenant_id="t", id="e", trusted=False, distrust="foreign host", checked_at=AT
    )
    answer = await pages(untrusted).link("contoso", Request())
    content = json.loads(answer.body)
    assert (content["trusted"], content["distrust"]) == (False, "foreign host")


async def test_the_tag_is_of_what_is_said_of_the_link_and_not_of_when_it_was_checked():
    def tag(**more):
        return pages(msgspec.structs.replace(LINKED, **more)).link("contoso", Request())

    tags = [(await tag(**more)).headers["ETag"] for more in ({}, {"checked_at": datetime.now(UTC)}, {"stale": True})]
    assert tags[0] == tags[1] != tags[2]


async def test_a_client_that_has_the_answer_gets_304_without_a_body():
    first = await pages(LINKED).link("contoso", Request())
    tag = first.headers["ETag"]
    later = Linked(url=LINKED.url, tenant_id="t-1", id="e-1", trusted=True, checked_at=datetime.now(UTC))
    for header in (tag, f'"other", {tag}', "*", tag.removeprefix("W/")):
        second = await pages(later).link("contoso", Request(headers={"if-none-match": header}))
        assert second.status == 304
        assert second.body == b""
    moved = Linked(url=LINKED.url, tenant_id="t-1", id="e-2", trusted=True, checked_at=AT)
    assert (await pages(moved).link("contoso", Request(headers={"if-none-match": tag}))).status == 200


async def test_only_an_unknown_name_is_404():
    answer = await pages(LINKED).link("../../etc", Request())
    assert answer.status == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert json.loads(answer.body)["code"] == "UnknownOrganization"
    assert (await pages(LINKED).refresh("nobody", Request())).status == 404


@pytest.mark.parametrize(
    ("error", "seconds"),
    [(Throttled(retry_after=12.2), "13"), (Forbidden("no user", remote_code="0x80072560", status=403), "30")],
)
async def test_unknown_is_503_with_the_reason_and_when_to_ask_again(error, seconds):
    for ask in (lambda p: p.link("contoso", Request()), lambda p: p.refresh("contoso", Request())):
        answer = await ask(pages(error))
        assert answer.status == 503
        assert answer.headers["Retry-After"] == seconds
        content = json.loads(answer.body)
        assert content["code"] == error.code
        assert content["hint"] == error.hint
        assert content.get("remoteCode") == error.remote_code


async def test_refresh_asks_past_the_cache():
    answers = Answers(LINKED)
    await LinkPages(LinkOperations({"contoso": CONTOSO}, answers), Cache(), FakeClock()).refresh("contoso", Request())
    assert answers.asked == ["refresh contoso"]


async def test_the_list_holds_names_and_urls_only():
    content = json.loads((await pages(LINKED).organizations()).body)
    assert content == {
        "organizations": [{"name": "contoso", "url": "https://contoso.crm.dynamics.com", "cloud": "public"}]
    }


async def test_who_refreshes_too_often_waits_and_nobody_else_does():
    clock = FakeClock()
    asked = LinkPages(LinkOperations({"contoso": CONTOSO}, Answers(LINKED)), Cache(refreshes_per_minute=2), clock)
    mine, theirs = Request(headers={"x-functions-key": "mine"}), Request(query={"code": "theirs"})
    assert [(await asked.refresh("contoso", mine)).status for _ in range(3)] == [200, 200, 429]
    answer = await asked.refresh("contoso", mine)
    assert (json.loads(answer.body)["code"], answer.headers["Retry-After"]) == ("TooManyRefreshes", "30")
    assert (await asked.refresh("contoso", theirs)).status == 200
    assert (await asked.link("contoso", mine)).status == 200
    await clock.advance(31)
    assert (await asked.refresh("contoso", mine)).status == 200


async def test_a_client_has_one_allowance_whatever_token_or_key_it_shows_beside():
    clock = FakeClock()
    asked = LinkPages(LinkOperations({"contoso": CONTOSO}, Answers(LINKED)), Cache(refreshes_per_minute=2), clock)

    async def refreshed(client: str, number: int):
        shown = {"authorization": f"Bearer token-{number}", "x-functions-key": f"made up {number}"}
        request = named(Request(headers=shown, query={"code": f"{number}", "Code": f"{number}"}), Caller(client=client))
        return await asked.refresh("contoso", request)

    answers = [await refreshed("portal", number) for number in range(3)]
    assert [each.status for each in answers] == [200, 200, 429]
    assert (json.loads(answers[-1].body)["code"], answers[-1].headers["Retry-After"]) == ("TooManyRefreshes", "30")
    assert (await refreshed("other", 4)).status == 200
    await clock.advance(31)
    assert (await refreshed("portal", 5)).status == 200


async def test_a_person_who_refreshes_too_often_holds_up_nobody_else_of_the_same_client():
    asked = LinkPages(LinkOperations({"contoso": CONTOSO}, Answers(LINKED)), Cache(refreshes_per_minute=1), FakeClock())

    async def refreshed(person: str, token: str):
        request = named(Request(headers={"authorization": token}), Caller(client="cli", person=person))
        return (await asked.refresh("contoso", request)).status

    assert [await refreshed("t/one", token) for token in ("Bearer a", "Bearer b")] == [200, 429]
    assert [await refreshed(person, "Bearer c") for person in ("t/two", "other/one", "")] == [200, 200, 200]
