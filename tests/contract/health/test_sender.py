"""Failed system jobs of registered steps: counted once each, and the first is told."""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from integration.dataverse.jobs import Job, Jobs, read_jobs
from integration.health.probes.remembered import Remembered
from integration.health.probes.sender import SenderProbe, judge
from tests.contract.dynamics.test_sending import until
from tests.contract.health.worlds import configured, world
from tests.fixtures.web_api import WEBHOOK, Web

STEP = "aaaaaaaa-0000-4000-8000-000000000001"
OTHER = "aaaaaaaa-0000-4000-8000-000000000002"


def job(number, *, ago=60.0, step=STEP, status=31, message=""):
    """Return a row of asyncoperations that was completed so many seconds ago."""
    return {
        "asyncoperationid": f"{number:08x}-0000-4000-8000-000000000000",
        "name": "fno-link orders",
        "statecode": 3,
        "statuscode": status,
        "completedon": f"{datetime.now(UTC) - timedelta(seconds=ago):%Y-%m-%dT%H:%M:%SZ}",
        "friendlymessage": None,
        "message": message or f"The remote server returned an error: (503) number {number}.",
        "errorcode": -2147204346,
        "_owningextensionid_value": step,
    }


class Rounds:
    """Asks again and again, remembering what a round would."""

    def __init__(self, dynamics, emulated) -> None:
        self.dynamics = dynamics
        self.emulated = emulated
        self.past = None

    async def ask(self, *steps):
        organization = configured(self.emulated)
        async with world(self.dynamics, organization) as opened:
            probe = SenderProbe(dataverse=opened.dataverse, clock=opened.clock)
            answer = await probe.ask(organization, steps or (STEP,), remembered=self.past)
            if answer.health != "not_asked":
                self.past = Remembered(answer, opened.clock.now())
            return answer

    def fail(self, *rows):
        self.dynamics.control.add_rows(self.emulated.name, "asyncoperations", list(rows))


@pytest.fixture
def rounds(dynamics):
    return Rounds(dynamics, dynamics.organization())


async def test_an_organization_whose_jobs_all_succeed_is_ok(rounds):
    assert (await rounds.ask()).health == "ok"
    rounds.fail(job(1, status=30))
    assert (await rounds.ask()).health == "ok"


async def test_each_failed_job_is_counted_in_one_round_and_the_first_is_told(rounds):
    rounds.fail(job(1, ago=120), job(2, ago=60))
    answer = await rounds.ask()
    assert (answer.health, answer.code, answer.facts["count"]) == ("bad", "SenderFailed", "2")
    assert answer.facts["job"] == "00000001-0000-4000-8000-000000000000"
    assert "(503) number 1" in answer.message
    assert [(each.id[:8], each.code, each.type) for each in answer.failed] == [
        ("00000001", "0x80044306", "fno-link orders"),
        ("00000002", "0x80044306", "fno-link orders"),
    ]
    assert (await rounds.ask()).health == "ok"
    rounds.fail(job(3, ago=1))
    answer = await rounds.ask()
    assert (answer.facts["count"], answer.facts["job"][:8]) == ("1", "00000003")
    assert (await rounds.ask()).health == "ok"


async def test_a_job_that_is_seen_later_than_it_was_completed_is_counted_nevertheless(rounds):
    assert (await rounds.ask()).health == "ok"
    rounds.fail(job(1, ago=300))
    assert (await rounds.ask()).facts["count"] == "1"


async def test_what_failed_long_before_the_first_round_is_no_news(rounds):
    rounds.fail(job(1, ago=7200))
    assert (await rounds.ask()).health == "ok"


async def test_other_steps_are_not_ours(rounds):
    rounds.fail(job(1, step=OTHER))
    assert (await rounds.ask(STEP)).health == "ok"
    assert (await rounds.ask(STEP, OTHER)).facts["step"] == OTHER


async def test_more_than_are_told_are_counted(rounds):
    rounds.fail(*(job(number, ago=number) for number in range(1, 121)))
    answer = await rounds.ask()
    assert answer.facts["count"] == "120"
    rounds.fail(job(500, ago=0))
    assert (await rounds.ask()).facts["count"] == "1"


async def test_without_the_right_it_is_not_asked(rounds):
    rounds.dynamics.control.break_(rounds.emulated.name, "refused", kind="row", code="0x80040220")
    answer = await rounds.ask()
    assert (answer.health, answer.code) == ("not_asked", "NotAsked")
    assert "0x80040220" in answer.message


@pytest.mark.parametrize(
    ("effect", "code"),
    [("throttled", "Throttled"), ("unavailable", "Unreachable"), ("malformed_json", "UnexpectedAnswer")],
)
async def test_a_dataverse_that_gives_no_answer_is_unknown(rounds, effect, code):
    rounds.dynamics.control.break_(rounds.emulated.name, effect, kind="row")
    answer = await rounds.ask()
    assert (answer.health, answer.code) == ("unknown", code)


async def test_after_a_round_without_an_answer_nothing_is_missed(rounds):
    assert (await rounds.ask()).health == "ok"
    rounds.dynamics.control.break_(rounds.emulated.name, "throttled", kind="row", times=1)
    assert (await rounds.ask()).code == "Throttled"
    rounds.fail(job(1, ago=5))
    assert (await rounds.ask()).facts["count"] == "1"
    assert (await rounds.ask()).health == "ok"


async def test_what_dataverse_itself_could_not_send_is_told(rounds, receivers):
    """Nothing is made up: a registered step posts to a receiver that refuses."""
    organization, control = rounds.emulated, rounds.dynamics.control
    control.set_site("fno-link.azurewebsites.net", receivers.url("hook").removesuffix("/hook"))
    receivers.fail("hook", 500)
    with rounds.dynamics.client(organization.base_url()) as client:
        web = Web(rounds.dynamics, organization.name, client)
        endpoint = web.create("serviceendpoints", WEBHOOK | {"url": "https://fno-link.azurewebsites.net/hook"})
        step = web.create("sdkmessageprocessingsteps", web.step(endpoint, "Create"))
        assert (await rounds.ask(step)).health == "ok"
        web.create("accounts", {"name": "Contoso"})
        await asyncio.to_thread(until, lambda: web.get("asyncoperations", filter="statuscode eq 31")["value"])
    answer = await rounds.ask(step)
    assert (answer.health, answer.code, answer.facts["count"]) == ("bad", "SenderFailed", "1")
    assert "non-success httpStatus" in answer.message
    assert answer.failed[0].code == "0x80050201"


async def test_without_steps_it_is_not_asked(dynamics):
    emulated = dynamics.organization()
    organization = configured(emulated)
    async with world(dynamics, organization) as opened:
        answers = await opened.probe.ask(organization)
    assert answers["sender"].health == "not_asked"
    assert "row" not in dynamics.control.calls(emulated.name)


def test_a_secret_in_a_message_is_not_told():
    at = datetime(2026, 1, 2, tzinfo=UTC)
    sas = "Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=a;SharedAccessKey=c2VjcmV0c2VjcmV0c2VjcmV0"
    body = {"asyncoperationid": "1", "completedon": "2026-01-02T00:00:00Z", "message": sas}
    jobs = read_jobs(msgspec.json.encode({"value": [body]}))
    assert "c2VjcmV0" not in str(judge(jobs, frozenset(), at))
    assert judge(Jobs((Job(id="12345678", completed_at=at),), 1), frozenset({"12345678"}), at).health == "ok"
