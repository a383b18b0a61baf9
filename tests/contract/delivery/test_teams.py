"""The Teams target against a workflow's webhook that answers as the real one: 202 first, and a run that may fail."""

import logging
from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest

from emulation.loopback import LoopbackServer
from emulation.workflows import Fault, Workflow
from integration.config import check_text
from integration.config.keys.model import Breaker, TeamsTarget
from integration.delivery.breaking.circuits import Circuits
from integration.delivery.shipment import Receipt, Shipment
from integration.delivery.targets import OpenTargets
from integration.delivery.targets.teams.target import Teams
from integration.errors import CircuitOpen, DeliveryFailed, TargetRejected, TargetUnavailable
from integration.events.alerts import ALL, Alert, Failed, event_of
from integration.events.event import Event
from integration.telemetry.libraries import quieten
from tests.fake_clock import PassingClock
from tests.fixtures.bench import ORDERS, business_event

NOW = datetime(2026, 3, 1, 14, 5, tzinfo=UTC)
SIGNATURE = "s1gnature-that-nobody-may-see"
ALERT = Alert(
    organization="contoso",
    organization_url="https://contoso.crm.dynamics.com",
    subject="contoso",
    check="integration",
    incident="0123456789abcdef",
    transition="triggered",
    n=1,
    since=NOW,
    message="not linked",
)


class Channel:
    """A workflow on loopback, and the target that posts to it."""

    def __init__(self, http) -> None:
        self.http = http
        self.workflow = Workflow(signature=SIGNATURE)
        self.server = LoopbackServer(self.workflow)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.port}{self.workflow.path}"

    def target(self, url="", timeout=20.0):
        return Teams(TeamsTarget(name="ops", url=url or self.url, timeout=timedelta(seconds=timeout)), self.http)

    async def post(self, event, **changes):
        return await self.target(**changes).deliver(Shipment(event, "alerts"))


@pytest.fixture
async def channel():
    async with httpx.AsyncClient(trust_env=False) as http:
        channel = Channel(http)
        await channel.server.start()
        yield channel
        await channel.server.stop()


def alert(kind="fno-link.integration.lost", **changes):
    return event_of(kind, msgspec.structs.replace(ALERT, **changes), NOW)


async def test_every_alert_and_any_other_event_is_shown_in_the_channel(channel):
    for kind in ALL:
        assert (await channel.post(alert(kind))).status == 202
    await channel.post(Event(id="e1", source="/s", type="SalesOrder", organization="contoso"))
    assert [run for run in channel.workflow.runs if run.status == "Failed"] == []
    assert len(channel.workflow.posted) == len(ALL) + 1
    assert "not linked" in str(channel.workflow.posted[0])


async def test_a_card_about_a_thousand_failures_is_shown_and_not_lost_behind_the_202(channel):
    failed = tuple(Failed(type="T" * 500, id="漢" * 500, code="C", message="\x1b" * 9000) for _ in range(1000))
    alerts = alert(message="x" * 90_000, hint="😀" * 9000, failed=failed, children=("c" * 900,) * 1000)
    await channel.post(alerts)
    # What another version, or an event's own sender, made of it is no shorter.
    long = msgspec.json.encode(
        {"message": "漢" * 90_000, "children": ["c" * 900] * 1000, "facts": {"f" * 99: "v" * 99_999}}
    )
    await channel.post(msgspec.structs.replace(alerts, data=msgspec.Raw(long)))
    await channel.post(Event(id="i" * 50_000, source="/s", type="t" * 50_000, organization="contoso"))
    assert [run.status for run in channel.workflow.runs] == ["Succeeded"] * 3


async def test_events_of_dynamics_reach_the_channel_through_the_pipeline(bench, channel):
    bench.targets._targets["orders"] = channel.target()
    bench.build((ORDERS,))
    [outcome] = await bench.pipeline.receive(bench.inbound(business_event()))
    assert (outcome.route, outcome.status) == ("orders", 202)
    [card] = channel.workflow.posted
    assert "contoso" in str(card)


@pytest.mark.parametrize(
    ("state", "code"), [("Deleted", "WorkflowNotFound"), ("Disabled", "WorkflowTriggerIsNotEnabled")]
)
async def test_a_workflow_that_is_gone_or_switched_off_is_said_with_its_own_words(channel, state, code):
    channel.workflow.state = state
    with pytest.raises(TargetRejected) as caught:
        await channel.post(alert())
    assert code in caught.value.response


async def test_a_url_whose_signature_was_renewed_is_refused(channel):
    with pytest.raises(TargetRejected) as caught:
        await channel.post(alert(), url=channel.url.replace(SIGNATURE, "the-one-before"))
    assert caught.value.status == 401


async def test_throttling_and_outages_pass_and_retry_after_is_kept(channel):
    channel.workflow.fail(Fault(429, "17"), Fault(503), Fault(500))
    for status, wait in ((429, 17), (503, None), (500, None)):
        with pytest.raises(TargetUnavailable) as caught:
            await channel.post(alert())
        assert (caught.value.status, caught.value.retry_after) == (status, wait)
    assert (await channel.post(alert())).status == 202


async def test_no_answer_is_waited_for_no_longer_than_the_timeout(channel):
    channel.workflow.fail(Fault(0))
    with pytest.raises(TargetUnavailable, match="gave no answer"):
        await channel.post(alert(), timeout=0.2)


async def test_a_redirect_is_not_followed(receivers, channel):
    receivers.fail("moved", 307, headers={"Location": channel.url})
    with pytest.raises(TargetRejected, match="redirect"):
        await channel.post(alert(), url=receivers.url("moved"))
    assert channel.workflow.requests == 0


@pytest.mark.parametrize("status", [202, 400, 503])
async def test_the_url_is_in_no_answer_that_is_kept_and_in_no_log(receivers, channel, caplog, status):
    quieten()
    receivers.fail("echo", status, effect="echo")
    caplog.set_level(logging.DEBUG, "fno_link")
    try:
        kept = repr(await channel.post(alert(), url=f"{receivers.url('echo')}/?api-version=1&sig={SIGNATURE}"))
    except DeliveryFailed as failed:
        kept = f"{failed!r} {failed.response}"
    assert "[redacted]" in kept
    assert SIGNATURE not in kept
    assert SIGNATURE not in caplog.text


async def test_a_channel_that_keeps_failing_is_left_alone_as_any_target(channel):
    class Only:
        def get(self, name):
            return channel.target()

    circuits = Circuits(Only(), Breaker(failures=2), PassingClock(NOW))
    channel.workflow.fail(Fault(503), Fault(503))
    for _ in range(2):
        with pytest.raises(TargetUnavailable):
            await circuits.get("ops").deliver(Shipment(alert(), "alerts"))
    with pytest.raises(CircuitOpen):
        await circuits.get("ops").deliver(Shipment(alert(), "alerts"))
    assert channel.workflow.requests == 2
    assert [each.state for each in circuits.take_transitions()] == ["opened"]


async def test_a_configured_target_posts(channel):
    text = """
[[organizations]]
name = "contoso"
url = "https://contoso.crm.dynamics.com"
tenant = "contoso.onmicrosoft.com"
[targets.ops]
kind = "teams"
url = "%OPS_CHANNEL%"
"""
    checked = check_text(text, {"OPS_CHANNEL": channel.url, "AzureWebJobsStorage": "UseDevelopmentStorage=true"})
    assert checked.configuration is not None, checked.problems
    unused = pytest.fail
    targets = OpenTargets(
        checked.configuration.targets,
        unused,
        lambda: channel.http,
        namespaces=unused,
        credential=unused,
        finance_operations=unused,
    )
    assert await targets.get("ops").deliver(Shipment(alert(), "alerts")) == Receipt(202, "")
