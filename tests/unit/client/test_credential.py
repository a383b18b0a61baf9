"""Who a client says it is: keys, tokens from functions and from credentials as azure-identity has them."""

from typing import NamedTuple

import httpx
import pytest

from integration import Unauthenticated
from tests.unit.client.app import ok

SCOPE = "api://fno-link/.default"


class AccessToken(NamedTuple):
    token: str
    expires_on: int


class Credential:
    def get_token(self, *scopes, **options):
        assert scopes == (SCOPE,)
        return AccessToken("a.b.c", 0)


class AsyncCredential:
    async def get_token(self, *scopes, **options):
        assert scopes == (SCOPE,)
        return AccessToken("a.b.c", 0)


async def later():
    return "a.b.c"


def promised():
    return later()


@pytest.mark.parametrize("token", [Credential(), lambda: "a.b.c"], ids=["credential", "function"])
async def test_a_token_goes_with_every_request_to_the_path_of_tokens_and_without_a_key(app, make, token):
    ask = make(key="", token=token, scope=SCOPE)
    await ask()
    assert app.requests[0].headers["authorization"] == "Bearer a.b.c"
    assert "x-functions-key" not in app.requests[0].headers
    assert str(app.requests[0].url) == "https://app.test/api/entra/organizations/contoso/link"
    with pytest.raises(ValueError, match="one of them"):
        make(key="a-key", token=token, scope=SCOPE)


@pytest.mark.parametrize("token", [AsyncCredential(), later, promised], ids=["credential", "function", "promise"])
@pytest.mark.parametrize("make", ["async"], indirect=True)
async def test_an_asyncio_program_may_say_its_token_asynchronously(app, make, token):
    ask = make(key="", token=token, scope=SCOPE)
    await ask()
    assert app.requests[0].headers["authorization"] == "Bearer a.b.c"


@pytest.mark.parametrize("make", ["sync"], indirect=True)
async def test_a_program_without_a_loop_cannot(app, make):
    with pytest.raises(Unauthenticated, match="coroutine"):
        await make(key="", token=later)()


def broken():
    msg = "the secret is s3cret"
    raise OSError(msg)


@pytest.mark.parametrize("token", [broken, lambda: "", lambda: "a\r\nb", lambda: 7])
async def test_without_a_token_nothing_is_asked_and_the_last_good_answer_serves(app, make, token):
    tokens = [lambda: "a.b.c", token]

    def in_turn():
        return tokens.pop(0)()

    ask = make(key="", token=in_turn)
    app.say(ok(seconds=0), httpx.ConnectError("never asked"))
    await ask()
    assert (await ask()).stale
    assert len(app.requests) == 1
    ask = make(key="", token=token)
    with pytest.raises(Unauthenticated) as caught:
        await ask()
    assert "s3cret" not in str(caught.value)
