"""What the platform says of an environment, by the real msal and httpx against the emulated Power Platform API."""

from contextlib import asynccontextmanager
from datetime import timedelta

import msgspec
import pytest

from emulation.dynamics import App, Application, Environment, Metadata, Operation, Secret
from integration.health.maintenance import PlatformView, agreement, silence
from integration.health.probes.platform import PlatformProbe
from integration.power_platform import PowerPlatform
from tests.contract.health.worlds import configured, world
from tests.fake_clock import FakeClock

DAY = timedelta(days=1).total_seconds()


class Asked:
    """A probe, its clock, and what it was told, kept as the round keeps it: as JSON, which any process reads."""

    def __init__(self, opened, clock, organization, within) -> None:
        self.clock = clock
        self.organization = organization
        self._parts = (opened, within)
        self._kept = b"null"
        self.restart()

    def restart(self):
        opened, within = self._parts
        client = PowerPlatform(opened.http, opened.tokens, opened.dataverse, clock=self.clock)
        self.probe = PlatformProbe(client=client, clock=self.clock, within=within)

    async def ask(self, **more):
        before = msgspec.json.decode(self._kept, type=PlatformView | None)
        view = await self.probe.ask(self.organization, before=before, **more)
        self._kept = msgspec.json.encode(view)
        return view


@asynccontextmanager
async def asked(dynamics, emulated, *, within=60.0, allowed=True):
    dynamics.control.set_platform_access(dynamics.client_id, allowed=allowed)
    organization = configured(emulated)
    async with world(dynamics, organization) as opened:
        yield Asked(opened, FakeClock(), organization, within)


def set_environment(dynamics, emulated, **fields):
    dynamics.control.set_environment(emulated.name, Environment(**fields))


def calls(dynamics, emulated):
    counted = dynamics.control.calls(emulated.name)
    return tuple(counted.get(kind, 0) for kind in ("environment", "platform", "application"))


async def test_an_environment_that_is_well_is_asked_once_for_each_thing(dynamics):
    emulated = dynamics.organization()
    async with asked(dynamics, emulated) as it:
        view = await it.ask()
        assert (view.link, view.url) == ("linked", f"https://{emulated.name}.operations.dynamics.com/")
        assert (view.code, view.because, view.heard) == ("", "", ("environment",))
        assert view.environment_id == Environment().named(emulated.base_url())
        assert silence(emulated.name, it.clock.now(), windows=(), platform=view) is None
        assert calls(dynamics, emulated) == (1, 2, 1)
        await it.ask()
        # The id is known, and an environment without an application does not get one from one round to the next.
        assert calls(dynamics, emulated) == (1, 4, 1)


@pytest.mark.parametrize(
    ("fields", "because"),
    [
        ({"admin_mode": "Enabled"}, "the environment is in administration mode"),
        ({"state": "Upgrading"}, "the environment's state is Upgrading"),
        (
            {"operations": (Operation("Copy", "Succeeded"), Operation("Restore", started=""))},
            "the operation Restore is running",
        ),
        ({"application": Application("Updating")}, "the Finance & Operations application's state is Updating"),
    ],
)
async def test_what_is_said_of_maintenance_silences_and_ends_with_it(dynamics, fields, because):
    emulated = dynamics.organization()
    set_environment(dynamics, emulated, **fields)
    async with asked(dynamics, emulated) as it:
        view = await it.ask()
        held = silence(emulated.name, it.clock.now(), windows=(), platform=view)
        assert (held.until, held.because) == (None, (because,))
        set_environment(dynamics, emulated)
        await it.clock.advance(300)
        ended = await it.ask()
        assert silence(emulated.name, it.clock.now(), windows=(), platform=ended) is None


async def test_an_operation_on_a_later_page_is_found(dynamics):
    emulated = dynamics.organization()
    past = tuple(Operation(f"op-{number}", "Succeeded") for number in range(120))
    set_environment(dynamics, emulated, operations=(*past, Operation("Copy", started="2025-12-31T23:59:00Z")))
    async with asked(dynamics, emulated) as it:
        assert (await it.ask()).because == "the operation Copy is running"
        assert calls(dynamics, emulated) == (1, 4, 1)


async def test_the_second_view_of_the_link(dynamics):
    emulated = dynamics.organization()
    async with asked(dynamics, emulated) as it:
        assert agreement(await it.ask(), None) == "disagrees"
        dynamics.control.unlink(emulated.name)
        assert agreement(await it.ask(), None) == "agrees"
        set_environment(dynamics, emulated, knows=Metadata(url="https://other.operations.dynamics.com"))
        view = await it.ask()
        assert (agreement(view, None), view.url) == ("disagrees", "https://other.operations.dynamics.com")
        set_environment(dynamics, emulated, knows="nothing", application=Application())
        await it.clock.advance(DAY + 1)
        assert agreement(await it.ask(), None) == "unknown"  # the two contradict each other


@pytest.mark.parametrize("effect", ["forbidden", "unauthorized", "not_found"])
async def test_a_refusal_is_remembered_for_a_day_by_the_fleet(dynamics, effect):
    emulated = dynamics.organization()
    dynamics.control.break_(emulated.name, effect, kind="platform")
    async with asked(dynamics, emulated) as it:
        refused = await it.ask()
        assert refused.code in ("Forbidden", "Unauthenticated", "UnexpectedAnswer")
        assert emulated.name not in refused.message or "environment" in refused.message
        assert (refused.link, refused.because) == ("unknown", "")
        before = calls(dynamics, emulated)
        dynamics.control.heal(emulated.name)
        await it.clock.advance(DAY - 1)
        assert await it.ask() == refused
        it.restart()
        assert await it.ask() == refused  # another process knows it from the row
        assert calls(dynamics, emulated) == before
        await it.clock.advance(2)
        assert (await it.ask()).link == "linked"


async def test_an_application_without_a_role_is_refused_without_a_word(dynamics, caplog):
    emulated = dynamics.organization()
    async with asked(dynamics, emulated, allowed=False) as it:
        view = await it.ask()
        assert (view.code, view.link) == ("Forbidden", "unknown")
        assert "does not let this application read environment" in view.message
        await it.ask()
        assert calls(dynamics, emulated) == (1, 1, 1)
    assert [each for each in caplog.records if each.levelname in ("WARNING", "ERROR")] == []


async def test_a_tenant_that_does_not_have_the_api_is_not_asked_again_either(dynamics):
    tenant = dynamics.tenant
    bare = type(tenant)("99999999-0000-4000-8000-0000000000f1", "bare.example.com", power_platform=False)
    dynamics.control.add_tenant(bare)
    emulated = dynamics.organization(tenant=bare.id)
    dynamics.control.add_app(App(dynamics.client_id, bare.domain, (Secret(dynamics.client_secret),)))
    organization = configured(emulated, tenant=bare.domain)
    async with world(dynamics, organization) as opened:
        it = Asked(opened, FakeClock(), organization, 60.0)
        view = await it.ask()
        assert view.code == "Unauthenticated"
        assert "AADSTS500011" in view.message
        assert set(view.waits) == {"environment", "application"}


async def test_retry_after_is_kept_and_what_was_said_is_believed_meanwhile(dynamics):
    emulated = dynamics.organization()
    set_environment(dynamics, emulated, admin_mode="Enabled")
    async with asked(dynamics, emulated) as it:
        first = await it.ask()
        dynamics.control.throttle(emulated.name, "120", kind="platform", times=1)
        await it.clock.advance(60)
        throttled = await it.ask()
        assert throttled.code == "Throttled"
        assert (throttled.at, throttled.since) == (first.at, first.since)
        assert throttled.in_maintenance(it.clock.now())
        before = calls(dynamics, emulated)
        await it.clock.advance(119)
        assert (await it.ask()).waits == throttled.waits
        assert calls(dynamics, emulated) == before
        await it.clock.advance(1)
        again = await it.ask()
        assert (again.code, again.since) == ("", first.since)
        assert again.at == it.clock.now()


@pytest.mark.parametrize(
    "effect", ["unavailable", "reset", "malformed_json", "cut", "unreachable", "wrong_certificate"]
)
async def test_what_goes_wrong_is_no_refusal_and_silences_nothing_for_longer_than_an_hour(dynamics, effect):
    emulated = dynamics.organization()
    set_environment(dynamics, emulated, admin_mode="Enabled")
    async with asked(dynamics, emulated) as it:
        await it.ask()
        dynamics.control.break_(emulated.name, effect, kind="platform")
        await it.clock.advance(1800)
        broken = await it.ask()
        assert broken.code in ("Unreachable", "UnexpectedAnswer")
        assert "environment" not in broken.waits
        assert broken.in_maintenance(it.clock.now())
        await it.clock.advance(1801)
        assert not (await it.ask()).in_maintenance(it.clock.now())
        dynamics.control.heal(emulated.name)
        assert (await it.ask()).in_maintenance(it.clock.now())


@pytest.mark.parametrize(
    "body",
    ["", "null", "[]", '{"id": "somebody-else", "adminMode": "Enabled"}', '{"adminMode": "Enabled"}', "<html>"],
)
async def test_nonsense_silences_nothing(dynamics, body):
    emulated = dynamics.organization()
    dynamics.control.break_(emulated.name, "answer", kind="platform", body=body)
    dynamics.control.break_(emulated.name, "answer", kind="application", body=body)
    async with asked(dynamics, emulated) as it:
        view = await it.ask()
        assert (view.code, view.link) == ("UnexpectedAnswer", "unknown")
        assert silence(emulated.name, it.clock.now(), windows=(), platform=view) is None


async def test_an_answer_that_never_comes_ends_in_time(dynamics):
    emulated = dynamics.organization()
    dynamics.control.break_(emulated.name, "hang", kind="platform")
    async with asked(dynamics, emulated, within=0.2) as it:
        view = await it.ask()
        assert (view.code, view.link) == ("Unreachable", "unknown")


async def test_dataverse_that_does_not_say_where_it_is_is_no_refusal(dynamics):
    emulated = dynamics.organization()
    dynamics.control.set_access(dynamics.client_id, ())
    async with asked(dynamics, emulated) as it:
        view = await it.ask()
        assert view.code == "Forbidden"
        assert "environment" not in view.waits
        dynamics.control.set_access(dynamics.client_id, None)
        assert (await it.ask()).link == "linked"


async def test_once_it_is_known_where_it_is_dataverse_need_not_answer(dynamics):
    emulated = dynamics.organization()
    async with asked(dynamics, emulated) as it:
        assert (await it.ask(needed=False)).environment_id
        before = calls(dynamics, emulated)
        assert (await it.ask(needed=False)).environment_id
        assert calls(dynamics, emulated) == before  # all is well: nobody is asked
        dynamics.control.break_(emulated.name, "unavailable", kind="dataverse")
        set_environment(dynamics, emulated, admin_mode="Enabled")
        await it.clock.advance(DAY + 1)
        assert (await it.ask()).in_maintenance(it.clock.now())


async def test_a_clock_that_was_set_back_makes_no_wait_longer(dynamics):
    emulated = dynamics.organization()
    async with asked(dynamics, emulated, allowed=False) as it:
        it.clock = FakeClock(skew=30 * DAY)
        it.restart()
        refused = await it.ask()
        it.clock = FakeClock()
        it.restart()
        dynamics.control.set_platform_access(dynamics.client_id)
        assert refused.waits
        assert (await it.ask()).link == "linked"
