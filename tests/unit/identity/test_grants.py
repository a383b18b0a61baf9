"""Tokens are kept until shortly before they expire, fetched once for many, kept apart, and never shown."""

import asyncio
import threading

import pytest

from integration.clock import SystemClock
from integration.config.keys.model import Credentials, Organization
from integration.errors import Throttled, Unauthenticated, Unreachable
from integration.identity import Tokens, scope_for
from integration.identity.grants import Grant, Grants
from integration.identity.refusals import explain, interruption, refusal_code
from tests.fake_clock import FakeClock

ORGANIZATION = Organization(name="contoso", url="https://contoso.crm.dynamics.com", tenant="contoso.onmicrosoft.com")
SCOPE = "https://contoso.crm.dynamics.com/.default"


class Issuer:
    """Issues token-1, token-2 …; waits at the gate; fails with `error`."""

    def __init__(self, lifetime=3600.0) -> None:
        self.lifetime = lifetime
        self.calls = 0
        self.threads = set()
        self.gate = threading.Event()
        self.gate.set()
        self.error = None

    def __call__(self, *_) -> Grant:
        self.calls += 1
        self.threads.add(threading.current_thread().name)
        assert self.gate.wait(20)
        if self.error:
            raise self.error
        return Grant(f"token-{self.calls}", self.lifetime)


@pytest.fixture
async def grants():
    made = []

    def make(clock=None, timeout=10.0, threads=2):
        made.append(Grants(clock or FakeClock(), timeout=timeout, threads=threads))
        return made[-1]

    yield make
    for one in made:
        await one.aclose()


async def test_a_token_is_kept_until_five_minutes_before_it_expires(grants):
    clock, issuer = FakeClock(), Issuer()
    cache = grants(clock)
    assert await cache.get("key", issuer) == ("token-1", 3600.0)
    await clock.advance(3299)
    assert await cache.get("key", issuer) == ("token-1", 301.0)
    await clock.advance(1)
    assert (await cache.get("key", issuer))[0] == "token-2"


async def test_a_token_that_lives_shorter_than_the_margin_is_still_used(grants):
    clock, issuer = FakeClock(), Issuer(lifetime=100.0)
    cache = grants(clock)
    await cache.get("key", issuer)
    await clock.advance(49)
    assert (await cache.get("key", issuer))[0] == "token-1"
    await clock.advance(1)
    assert (await cache.get("key", issuer))[0] == "token-2"


async def test_many_who_need_the_same_token_cause_one_fetch_and_cancelling_one_harms_nobody(grants):
    issuer = Issuer()
    issuer.gate.clear()
    cache = grants()
    waiting = [asyncio.create_task(cache.get("key", issuer)) for _ in range(100)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    issuer.gate.set()
    tokens = await asyncio.gather(*waiting[1:])
    assert {token for token, _ in tokens} == {"token-1"}
    assert waiting[0].cancelled()
    assert issuer.calls == 1


async def test_a_forgotten_token_is_fetched_again(grants):
    issuer = Issuer()
    cache = grants()
    await cache.get("key", issuer)
    cache.forget(lambda key: key == "other")
    assert (await cache.get("key", issuer))[0] == "token-1"
    cache.forget(lambda key: key == "key")
    assert (await cache.get("key", issuer))[0] == "token-2"


async def test_an_entra_that_hangs_neither_blocks_the_loop_nor_takes_the_loops_threads(grants):
    issuer = Issuer()
    issuer.gate.clear()
    cache = grants(SystemClock(), timeout=0.2, threads=2)
    hanging = [asyncio.create_task(cache.get(f"key-{number}", issuer)) for number in range(20)]
    beats = 0
    while not all(task.done() for task in hanging):
        await asyncio.sleep(0.001)  # a loop that is blocked does not get here
        assert await asyncio.to_thread(int, "1") == 1  # the default executor is free
        beats += 1
    results = await asyncio.gather(*hanging, return_exceptions=True)
    assert {type(result) for result in results} == {Unreachable}
    assert beats > 5
    assert issuer.calls == 2
    issuer.gate.set()


async def test_a_failure_is_not_kept(grants):
    issuer = Issuer()
    issuer.error = Unauthenticated("no")
    cache = grants()
    with pytest.raises(Unauthenticated):
        await cache.get("key", issuer)
    issuer.error = None
    assert (await cache.get("key", issuer))[0] == "token-2"


def test_a_grant_never_shows_its_token():
    assert "secret" not in repr(Grant("secret", 1.0))


async def test_tokens_are_kept_apart_by_credentials_and_scope_and_dropped_by_scope(monkeypatch):
    issuer = Issuer()
    monkeypatch.setattr("integration.identity.entra.Entra.grant", lambda _, *key: issuer(*key))
    secrets = {"contoso": Credentials(client_id="a", client_secret="one")}
    tokens = Tokens(secrets, clock=FakeClock())
    assert await tokens.token(ORGANIZATION, SCOPE) == "token-1"
    assert await tokens.token(ORGANIZATION, "https://other/.default") == "token-2"
    secrets["contoso"] = Credentials(client_id="a", client_secret="rotated")
    assert await tokens.token(ORGANIZATION, SCOPE) == "token-3"
    tokens.drop("https://other/.default")
    assert await tokens.token(ORGANIZATION, SCOPE) == "token-3"
    assert await tokens.token(ORGANIZATION, "https://other/.default") == "token-4"
    await tokens.aclose()


async def test_without_a_secret_the_managed_identity_is_asked(monkeypatch):
    asked = []

    def managed(client_id, scope):
        asked.append((client_id, scope))
        return Grant("managed", 3600)

    monkeypatch.setattr("integration.identity.tokens.managed_grant", managed)
    tokens = Tokens(lambda _: Credentials(client_id="user-assigned"))
    assert await tokens.token(ORGANIZATION, SCOPE) == "managed"
    assert asked == [("user-assigned", SCOPE)]
    await tokens.aclose()


async def test_an_organization_without_credentials_says_so():
    tokens = Tokens({})
    with pytest.raises(Unauthenticated, match="contoso"):
        await tokens.token(ORGANIZATION, SCOPE)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret."}, "AADSTS7000215"),
        ({"error": "invalid_client", "error_codes": [7000222]}, "AADSTS7000222"),
        ({"error": "invalid_scope"}, "invalid_scope"),
        ({}, None),
        ({"error": 3, "error_codes": "x"}, None),
    ],
)
def test_the_code_of_a_refusal_is_found(answer, code):
    assert refusal_code(answer) == code


def test_a_refusal_says_what_to_do_and_transient_trouble_is_not_a_refusal():
    error = explain("client a", "AADSTS7000222")
    assert isinstance(error, Unauthenticated)
    assert error.remote_code == "AADSTS7000222"
    assert "expired" in str(error)
    assert isinstance(explain("client a", "AADSTS90033"), Unreachable)
    assert isinstance(interruption(429, 5.0), Throttled)
    assert isinstance(interruption(503, None), Unreachable)
    assert interruption(400, None) is None


def test_a_scope_has_one_slash():
    assert scope_for("https://a.example/") == scope_for("https://a.example") == "https://a.example/.default"
