"""What several organizations fail by is asked once; what a counterpart asked for is kept."""

import asyncio
from datetime import timedelta

import pytest

from integration.config.keys.model import Organization
from integration.errors import Busy, Throttled, Unauthenticated
from integration.health.check import OK, Answer
from integration.health.probes.asking import answered, of_error
from integration.health.probes.causes import Causes
from integration.health.probes.link import LinkProbe
from integration.health.probes.remembered import Remembered, resting
from integration.links.values import NotLinked
from tests.fake_clock import FakeClock, PassingClock, settle

AWAY = Answer(health="unknown", code="Unreachable", cause="entra:contoso.com")
NOW = FakeClock().now()
CONTOSO = Organization(name="contoso", url="https://contoso.crm.dynamics.com", tenant="contoso.com")


class Entra:
    """Answers when a test lets it."""

    def __init__(self, answer) -> None:
        self.answer = answer
        self.asked = 0
        self.free = asyncio.Event()

    async def question(self):
        self.asked += 1
        await self.free.wait()
        return self.answer


async def ask_fifty(causes, entra):
    asked = [asyncio.create_task(causes.ask("entra:contoso.com", entra.question)) for _ in range(50)]
    await settle()
    began = entra.asked
    entra.free.set()
    return began, await asyncio.gather(*asked)


async def test_fifty_organizations_ask_an_entra_that_is_away_once():
    entra = Entra(AWAY)
    began, answers = await ask_fifty(Causes(), entra)
    assert (began, entra.asked) == (1, 1)
    assert answers == [AWAY] * 50


@pytest.mark.parametrize("answer", [OK, Answer(health="unknown", code="Unauthenticated")])
async def test_where_entra_answers_each_organization_asks_for_itself(answer):
    entra = Entra(answer)
    began, answers = await ask_fifty(Causes(), entra)
    assert (began, entra.asked) == (1, 50)
    assert answers == [answer] * 50


async def test_an_entra_that_goes_away_in_the_middle_of_a_round_is_asked_no_more():
    causes, entra = Causes(), Entra(OK)
    entra.free.set()
    assert await causes.ask("entra:contoso.com", entra.question) is OK
    entra.answer = AWAY
    for _ in range(3):
        assert await causes.ask("entra:contoso.com", entra.question) is AWAY
    assert entra.asked == 2


async def test_the_cause_of_one_tenant_is_not_that_of_another():
    causes, entra = Causes(), Entra(AWAY)
    entra.free.set()
    await causes.ask("entra:contoso.com", entra.question)
    other = Entra(OK)
    other.free.set()
    assert await causes.ask("entra:fabrikam.com", other.question) is OK


async def test_a_first_asker_that_is_cancelled_lets_the_next_one_ask():
    causes, entra = Causes(), Entra(OK)
    first = asyncio.create_task(causes.ask("entra:contoso.com", entra.question))
    second = asyncio.create_task(causes.ask("entra:contoso.com", entra.question))
    await settle()
    first.cancel()
    entra.free.set()
    assert await second is OK
    assert entra.asked == 2


WAIT = Answer(health="unknown", code="Throttled", message="slow down", retry_after=300.0)


@pytest.mark.parametrize(
    ("passed", "left"),
    [(0, 300.0), (299, 1.0), (300, None), (4000, None), (-7200, 300.0)],
    ids=["at once", "nearly over", "over", "long over", "a clock that was set back"],
)
def test_a_wait_that_was_asked_for_is_kept_across_rounds(passed, left):
    rests = resting(Remembered(WAIT, NOW), NOW + timedelta(seconds=passed))
    assert (rests.retry_after if rests else None) == left
    if rests:
        assert (rests.code, rests.health, rests.message) == ("Throttled", "unknown", "slow down")


def test_without_a_wait_it_is_asked_again():
    assert resting(None, NOW) is None
    assert resting(Remembered(OK, NOW), NOW) is None


def test_our_own_back_off_is_no_wait_that_anybody_asked_for():
    own = Throttled("slow down")
    own.retry_after = 8.0
    assert of_error("unknown", own).retry_after is None
    assert of_error("unknown", Throttled("slow down", retry_after=8.0)).retry_after == 8.0


def test_the_other_sides_code_is_a_fact():
    error = Unauthenticated("refused", status=401, remote_code="AADSTS7000222")
    assert of_error("unknown", error).facts == {"status": "401", "remote_code": "AADSTS7000222"}


async def test_an_answer_that_never_comes_is_unknown_in_time():
    answer = await answered(asyncio.Event().wait(), within=0.01, whom="contoso.crm.dynamics.com", check="link")
    assert (answer.health, answer.code) == ("unknown", "Unreachable")
    assert "contoso.crm.dynamics.com did not answer within 0.01 s" in answer.message


@pytest.mark.parametrize(
    "fault", [ZeroDivisionError("a fault"), asyncio.CancelledError(), BaseExceptionGroup("g", [KeyError("x")])]
)
async def test_what_nobody_foresees_is_unknown_and_ends_no_round(fault):
    async def question():
        raise fault

    answer = await answered(question(), within=5, whom="x", check="link")
    assert (answer.health, answer.code) == ("unknown", "Unforeseen")
    assert type(fault).__name__ in answer.message or "KeyError" in answer.message


class BusyLinks:
    """Another instance has the lease for the first few times."""

    def __init__(self, times, retry_after=2.0) -> None:
        self.times = times
        self.retry_after = retry_after
        self.asked = 0

    async def refresh(self, name):
        self.asked += 1
        if self.asked <= self.times:
            raise Busy("another instance is asking", retry_after=self.retry_after)
        return NotLinked(code="0x80048d0b", message="not integrated with finance and operations", checked_at=NOW)


async def test_while_another_instance_asks_a_slow_dataverse_its_answer_is_waited_for():
    links = BusyLinks(5)
    probe = LinkProbe(links=links, clock=PassingClock(), within=60)
    assert (await probe.ask(CONTOSO)).health == "bad"
    assert links.asked == 6


async def test_a_process_that_shuts_down_is_not_waited_for():
    links = BusyLinks(5, retry_after=None)
    answer = await LinkProbe(links=links, clock=PassingClock(), within=60).ask(CONTOSO)
    assert (answer.health, answer.code, answer.retry_after, links.asked) == ("unknown", "Busy", None, 1)


async def test_the_wish_to_end_the_round_is_not_an_answer():
    task = asyncio.create_task(answered(asyncio.Event().wait(), within=60, whom="x", check="link"))
    await settle()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
