"""Entra answers nonsense to the real msal: a token, or an error of ours."""

import contextlib

import pytest

from integration.config.keys.model import Credentials, Organization
from integration.errors import LinkUnknown, Throttled, UnexpectedAnswer
from integration.identity import Tokens
from tests.strategies.nonsense import NONSENSE

OF_GATEWAYS = (
    b'{"error": {"code": "ServiceUnavailable", "message": "The service is temporarily unavailable."}}',
    b'{"error": ["unavailable"]}',
    b'{"error": null}',
    b'{"error": 503}',
    b'{"error": "not a\\r\\nheader"}',
    b'{"error": "\xc3\xa9\xe2\x80\xae"}',
    b'{"error": "' + b"x" * 70_000 + b'"}',
)
HUGE = b'{"access_token": "' + b"a" * 2_000_000 + b'", "expires_in": 3600}'


@pytest.fixture
async def ask(dynamics):
    emulated = dynamics.organization()
    organization = Organization(name=emulated.name, url=emulated.base_url(), tenant=dynamics.tenant.domain)
    opened = []

    async def ask(kind, **fault):
        dynamics.control.heal(emulated.name)
        dynamics.control.break_(emulated.name, "answer", kind=kind, **fault)
        tokens = Tokens(lambda _: Credentials(client_id=dynamics.client_id, client_secret=dynamics.client_secret))
        opened.append(tokens)
        return await tokens.token(organization, f"{emulated.base_url()}/.default")

    yield ask
    for tokens in opened:
        await tokens.aclose()


@pytest.mark.parametrize("status", [200, 400, 401])
@pytest.mark.parametrize("kind", ["token", "discovery"])
async def test_nonsense_is_no_token_and_no_exception_of_a_library(ask, kind, status):
    for body in NONSENSE:
        with pytest.raises(LinkUnknown):
            await ask(kind, status=status, raw=body or b" ")


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("kind", ["token", "discovery"])
async def test_what_was_nonsense_is_forgotten_once_entra_answers_again(dynamics, kind, status):
    emulated = dynamics.organization()
    organization = Organization(name=emulated.name, url=emulated.base_url(), tenant=dynamics.tenant.domain)
    tokens = Tokens(lambda _: Credentials(client_id=dynamics.client_id, client_secret=dynamics.client_secret))
    try:
        for body in (*(each for each in NONSENSE if b'"error": "' not in each), *OF_GATEWAYS):
            dynamics.control.break_(emulated.name, "answer", kind=kind, status=status, raw=body or b" ")
            with contextlib.suppress(LinkUnknown):  # discovery is asked once only
                await tokens.token(organization, f"{emulated.base_url()}/.default")
            dynamics.control.heal(emulated.name)
            tokens.drop(f"{emulated.base_url()}/.default")
            assert await tokens.token(organization, f"{emulated.base_url()}/.default"), body
            tokens.drop(f"{emulated.base_url()}/.default")
    finally:
        await tokens.aclose()


@pytest.mark.parametrize("kind", ["token", "discovery"])
async def test_an_answer_without_end_is_not_read_to_its_end(ask, kind):
    with pytest.raises(UnexpectedAnswer, match="more than"):
        await ask(kind, raw=HUGE)


@pytest.mark.parametrize(
    "lifetime", [b"-5", b"1e400", b'"x"', b"null", b"[]", b'"99999999999999999999999999"', b"3600.5", b"NaN", b"0"]
)
async def test_a_lifetime_of_nonsense_is_a_token_for_once_or_none(ask, lifetime):
    body = b'{"token_type": "Bearer", "access_token": "abc", "expires_in": ' + lifetime + b"}"
    with contextlib.suppress(LinkUnknown):
        assert await ask("token", raw=body) == "abc"


@pytest.mark.parametrize("header", ["Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "-1", "9" * 500, "soon"])
@pytest.mark.parametrize("status", [400, 429, 503])
async def test_retry_after_of_nonsense_breaks_nothing(ask, status, header):
    with pytest.raises(LinkUnknown) as raised:
        await ask("token", status=status, body='{"error": "x"}', headers={"Retry-After": header})
    assert raised.value.retry_after is None
    assert isinstance(raised.value, Throttled) == (status == 429)
