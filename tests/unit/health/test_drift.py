"""Whether what is registered is what is declared: when it is asked, how long an answer holds, and what is told."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from integration.config.keys.health import Health
from integration.config.keys.model import Configuration, HttpSource, Organization
from integration.config.keys.senders import Sender
from integration.errors import Forbidden, InvalidRequest, Throttled
from integration.health.check import Answer, not_asked
from integration.health.probes.drift import RIGHTS, DriftProbe, holds
from integration.health.probes.organization import OrganizationProbe
from integration.health.probes.remembered import Remembered
from tests.fake_clock import FakeClock
from tests.fixtures.rounds import Rig

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CONTOSO = Organization(name="contoso", url="https://contoso.crm.dynamics.com", tenant="contoso.com")
CRM = HttpSource(
    name="crm",
    organization="contoso",
    dataverse=Sender(key="secret", messages=("Create",), tables=("account",)),
)
DRIFTED = Answer(health="bad", code="RegistrationDrifted", message="a step was switched off", hint="register plan")


class Rows:
    """An organization that has nothing registered, or fails."""

    def __init__(self) -> None:
        self.asked = 0
        self.fails = None

    async def rows(self, organization, path):
        self.asked += 1
        if self.fails is not None:
            raise self.fails
        return []

    async def rows_if_there(self, organization, path):
        raise AssertionError(path)


class World:
    def __init__(self, *sources, address="https://app.azurewebsites.net") -> None:
        self.rows, self.clock, self.address = Rows(), FakeClock(), address
        self.sources = {each.name: each for each in sources}
        self.past = None

    def _address(self):
        if isinstance(self.address, Exception):
            raise self.address
        return self.address

    def probe(self):
        configuration = Configuration(
            organizations={"contoso": CONTOSO}, sources=self.sources, targets={}, routes=(), health=Health()
        )
        return DriftProbe(
            dataverse=self.rows, configuration=configuration, environ={}, address=self._address, clock=self.clock
        )

    async def ask(self):
        answer = await self.probe().ask(CONTOSO, remembered=self.past)
        self.past = Remembered(answer, self.clock.now())
        return answer


async def test_where_nothing_is_declared_nothing_is_asked():
    world = World(HttpSource(name="erp", organization="contoso"), msgspec.structs.replace(CRM, organization="other"))
    answer = await world.ask()
    assert (answer.health, world.rows.asked) == ("not_asked", 0)
    assert "no source declares" in answer.message


async def test_what_is_not_there_is_named_with_the_command_and_no_secret():
    answer = await World(CRM).ask()
    assert (answer.health, answer.code, answer.facts["count"]) == ("bad", "RegistrationDrifted", "2")
    assert [(each.type, each.code) for each in answer.failed] == [
        ("fno-link: crm", "create"),
        ("fno-link: crm: Create of account (post_operation)", "create"),
    ]
    assert "it is not there" in answer.message
    assert "fno-link register plan contoso" in answer.hint
    assert "secret" not in repr(answer)


async def test_a_bad_answer_is_asked_for_again_in_each_round():
    world = World(CRM)
    for number in range(1, 4):
        assert (await world.ask()).health == "bad"
        assert world.rows.asked == number


async def test_a_good_answer_holds_for_its_time_and_for_what_was_declared():
    world = World(CRM)
    bad = await world.ask()
    ok = Answer(health="ok", facts={name: bad.facts[name] for name in ("compared", "declared")})
    world.past = Remembered(ok, world.clock.now())
    await world.clock.advance(3599)
    assert (await world.ask(), world.rows.asked) == (ok, 1)
    await world.clock.advance(1)
    assert ((await world.ask()).health, world.rows.asked) == ("bad", 2)
    world.past = Remembered(msgspec.structs.replace(ok, facts=bad.facts), world.clock.now())
    more = Sender(key="secret", messages=("Create", "Delete"), tables=("account",))
    world.sources["crm"] = msgspec.structs.replace(CRM, dataverse=more)
    assert ((await world.ask()).facts["count"], world.rows.asked) == ("3", 3)


@pytest.mark.parametrize(
    ("health", "facts", "ago", "expected"),
    [
        ("ok", {"declared": "d", "compared": "2026-01-01T00:00:00+00:00"}, 0, True),
        ("ok", {"declared": "d", "compared": "2026-01-01T00:00:00+00:00"}, 3600, False),
        ("ok", {"declared": "d", "compared": "2026-01-01T00:00:00+00:00"}, -1, False),
        ("ok", {"declared": "e", "compared": "2026-01-01T00:00:00+00:00"}, 0, False),
        ("ok", {"declared": "d", "compared": "2026-01-01T00:00:00"}, 0, False),
        ("ok", {"declared": "d", "compared": "lately"}, 0, False),
        ("ok", {}, 0, False),
        ("bad", {"declared": "d", "compared": "2026-01-01T00:00:00+00:00"}, 0, False),
    ],
)
def test_only_a_good_answer_of_the_same_declaration_holds_and_only_forward(health, facts, ago, expected):
    answer = Answer(health=health, facts=facts)
    assert holds(answer, "d", timedelta(hours=1), NOW + timedelta(seconds=ago)) is expected


async def test_who_gives_no_answer_is_unknown_with_what_to_do():
    world = World(CRM)
    world.rows.fails = Forbidden("prvReadServiceEndpoint is missing", status=403)
    answer = await world.ask()
    assert (answer.health, answer.code, answer.hint) == ("unknown", "Forbidden", RIGHTS)
    world.rows.fails = Throttled("slowly", status=429, retry_after=60.0)
    assert ((await world.ask()).code, world.past.answer.retry_after) == ("Throttled", 60.0)
    world.address = InvalidRequest("the address of the app has a path")
    assert (await world.ask()).code == "InvalidRequest"


class Says:
    """Answers one question."""

    def __init__(self, answer) -> None:
        self.answer = answer

    async def ask(self, *_args, **_known):
        return self.answer


@pytest.mark.parametrize("failed", ["token", "dataverse"])
async def test_behind_a_token_or_whoami_that_failed_it_is_not_asked(failed):
    world = World(CRM)
    says = {"token": Answer(health="ok"), "dataverse": Answer(health="ok")} | {failed: Answer(health="unknown")}
    link = Says(not_asked("test"))
    probe = OrganizationProbe(
        token=Says(says["token"]),
        dataverse=Says(says["dataverse"]),
        link=link,
        finance_operations=None,
        drift=world.probe(),
        clock=world.clock,
    )
    answer = (await probe.ask(CONTOSO))["registration"]
    assert (answer.message, world.rows.asked) == (f"not asked: {failed}", 0)


async def test_drift_is_told_after_the_threshold_once_and_restored_once():
    rig = Rig(settings=Health(failure_threshold=3, success_threshold=2))
    rig.sources["crm"] = CRM
    rig.says("contoso", registration=DRIFTED)
    await rig.rounds(2)
    assert rig.receivers.said == []
    await rig.rounds(3)
    rig.says("contoso", registration=Answer(health="ok"))
    await rig.rounds(3)
    assert rig.receivers.said == [
        ("page", "registration.drifted", "contoso"),
        ("page", "registration.restored", "contoso"),
    ]


@pytest.mark.parametrize("how", ["switched off", "not declared any more"])
async def test_what_is_not_asked_any_more_ends(how):
    rig = Rig(settings=Health(failure_threshold=1))
    rig.sources["crm"] = CRM
    rig.says("contoso", registration=DRIFTED)
    await rig.rounds(1)
    if how == "switched off":
        rig.settings = Health(registration_every=timedelta())
    else:
        del rig.sources["crm"]
    rig.says("contoso", registration=not_asked(how))
    await rig.rounds(2)
    assert [kind for _, kind, _ in rig.receivers.said] == ["registration.drifted", "registration.restored"]
