"""Whatever a counterpart answers, each probe has an answer, and in it nothing that was not said."""

from datetime import UTC, datetime

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.config.keys.model import Credentials, Organization
from integration.dataverse import Dataverse
from integration.errors import ConfigurationError, Forbidden, Problem, UntrustedLink
from integration.finance_operations import FinanceOperations
from integration.health.probes.causes import Causes
from integration.health.probes.credential import CredentialProbe
from integration.health.probes.dataverse import DataverseProbe
from integration.health.probes.finance_operations import FinanceOperationsProbe
from integration.health.probes.link import LinkProbe
from integration.health.probes.organization import OrganizationProbe
from integration.health.probes.registrations import Registrations, used
from integration.health.probes.sender import SenderProbe
from integration.health.probes.token import TokenProbe
from integration.links.values import Linked
from integration.microsoft_graph import MicrosoftGraph, Secret
from tests.fake_clock import FakeClock
from tests.strategies.nonsense import NONSENSE, bodies

STEP = "6d81a1f0-0000-0000-0000-000000000001"
ORGANIZATION = Organization(
    name="contoso", url="https://contoso.crm.dynamics.com", tenant="contoso.onmicrosoft.com", steps=(STEP,)
)
SECRET = Credentials(client_id="c'lient) or (1", client_secret="a secret")
KINDS = {"token", "dataverse", "link", "trust", "finance_operations", "credential", "sender", "registration"}


class Tokens:
    """Gives tokens; refuses where a test says so."""

    def __init__(self, error=None) -> None:
        self.error = error

    def holds(self, organization, scope):
        return self.error is None

    def cause(self, organization):
        if isinstance(self.error, KeyError):
            raise self.error
        return "entra:contoso.onmicrosoft.com"

    async def token(self, organization, scope):
        if self.error is not None:
            raise self.error
        return "t"

    def drop(self, scope):
        pass


class Links:
    """Answers as a resolver does."""

    def __init__(self, answer) -> None:
        self.answer = answer

    async def refresh(self, name):
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


def linked(url="https://contoso.operations.dynamics.com"):
    return Linked(url=url, tenant_id="t", id="i", trusted=True, checked_at=FakeClock().now())


def probe(answer, links=None, tokens=None):
    http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: answer()))
    clock, tokens = FakeClock(), tokens or Tokens()
    dataverse = Dataverse(http, tokens)
    token = TokenProbe(tokens=tokens, clock=clock, within=5)
    registrations = Registrations(graph=MicrosoftGraph(http, tokens), table=None, clock=clock)
    return OrganizationProbe(
        token=token,
        dataverse=DataverseProbe(dataverse=dataverse, within=5),
        link=LinkProbe(links=Links(links or linked()), within=5),
        finance_operations=FinanceOperationsProbe(
            client=FinanceOperations(http, tokens), token=token, clock=clock, within=5
        ),
        credential=CredentialProbe(
            credentials_for=lambda _: SECRET,
            registrations=registrations,
            token=token,
            clock=clock,
            days_of=lambda _: 30,
            within=5,
        ),
        sender=SenderProbe(dataverse=dataverse, clock=clock, within=5),
        clock=clock,
    )


IDENTITY = {"OrganizationId": "o", "UserId": "u", "BusinessUnitId": "b"}


@pytest.mark.parametrize("body", NONSENSE, ids=range(len(NONSENSE)))
async def test_nonsense_is_an_answer_that_says_nothing_good(body):
    answers = await probe(lambda: httpx.Response(200, content=body)).ask(ORGANIZATION)
    assert set(answers) == KINDS
    assert answers["dataverse"].health == "unknown"


@given(body=bodies, status=st.sampled_from([200, 204, 302, 400, 401, 403, 404, 429, 500, 503]))
async def test_every_question_has_an_answer_whatever_comes(body, status):
    headers = {"Location": "http://[", "Retry-After": "soon", "Content-Type": "text/\xff"}

    def reply():
        return httpx.Response(status, content=body, headers=headers)

    asked = probe(reply)
    for kind in (asked._dataverse, asked._link, asked._credential):
        assert (await kind.ask(ORGANIZATION)).health in {"ok", "bad", "unknown", "not_asked"}
    assert (await asked._finance_operations.ask(ORGANIZATION, linked())).health in {"ok", "bad", "unknown"}
    assert (await asked._sender.ask(ORGANIZATION, (STEP,))).health in {"ok", "bad", "unknown", "not_asked"}


@pytest.mark.parametrize("fault", [RuntimeError("a fault of ours"), KeyError("x"), RecursionError(), MemoryError()])
async def test_a_fault_of_ours_is_unforeseen_for_one_check_and_ends_nothing(fault):
    def reply():
        return httpx.Response(200, json=IDENTITY)

    answers = await probe(reply, links=fault).ask(ORGANIZATION)
    assert (answers["link"].health, answers["link"].code) == ("unknown", "Unforeseen")
    answers = await probe(reply, tokens=Tokens(fault)).ask(ORGANIZATION, causes=Causes())
    assert (answers["token"].health, answers["token"].code) == ("unknown", "Unforeseen")


async def test_credentials_that_cannot_be_read_are_told_by_the_token_check_alone():
    def unreadable(_):
        raise ConfigurationError([Problem("FNO_LINK_CONTOSO_CLIENT_SECRET", "the Key Vault reference is not resolved")])

    asked = probe(lambda: httpx.Response(200, json=IDENTITY), tokens=Tokens(ConfigurationError([])))
    asked._credential._credentials_for = unreadable
    answers = await asked.ask(ORGANIZATION, causes=Causes())
    assert (answers["token"].health, answers["token"].code) == ("unknown", "ConfigurationError")
    assert answers["credential"].health == "not_asked"
    assert "Key Vault" in answers["credential"].message


@pytest.mark.parametrize("error", [Forbidden("no"), UntrustedLink("no")])
async def test_an_error_without_an_answer_is_no_refusal_of_the_environment(error):
    class Client:
        async def probe(self, organization, link):
            raise error

    token = TokenProbe(tokens=Tokens(), clock=FakeClock(), within=5)
    probe = FinanceOperationsProbe(client=Client(), token=token, clock=FakeClock(), within=5)
    assert (await probe.ask(ORGANIZATION, linked())).health == "unknown"


@pytest.mark.parametrize(
    "ends",
    ["9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+14:00", "2026-01-02T03:04:05", "2300-01-01T00:00:00Z"],
)
async def test_days_at_the_end_of_time_are_days(ends):
    credential = {"keyId": None, "displayName": None, "hint": "a s", "endDateTime": ends}
    body = msgspec.json.encode({"passwordCredentials": [credential]})
    answer = await probe(lambda: httpx.Response(200, content=body))._credential.ask(ORGANIZATION)
    assert answer.code in {"", "CredentialExpired", "CredentialExpiring"}
    assert "ends" in answer.facts


moments = st.none() | st.datetimes(timezones=st.just(UTC))
secrets = st.lists(
    st.builds(
        Secret, key_id=st.text(max_size=3), hint=st.none() | st.sampled_from(["", "abc", "xyz"]), end_date_time=moments
    )
)


@given(listed=secrets, secret=st.sampled_from(["abcdef", "xyz123", "other"]))
def test_the_used_secret_is_one_that_is_listed_and_certain_only_where_one_begins_so(listed, secret):
    now = datetime(2026, 1, 2, tzinfo=UTC)
    told = used(tuple(listed), secret, now)
    if not listed:
        assert told.silent
        return
    fitting = [each for each in listed if each.hint and secret.startswith(each.hint)]
    assert told.certain == (len(fitting) == 1)
    assert told.ends in {each.end_date_time for each in fitting or listed}
    among = [each.end_date_time for each in fitting or listed]
    assert told.ends is None or (None not in among and told.ends == max(among))
