"""The guard before delivery: foreign organizations refused, echoes and legal entities as the source asks for."""

from datetime import timedelta

import pytest

from integration.config.keys.model import Configuration, HttpSource, Organization
from integration.dataverse import Identity
from integration.delivery.screening.guard import ECHO, PASSED, RECENT, Guard, Refused, foreign
from integration.delivery.shipment import Shipment
from integration.errors import Unreachable
from integration.events.event import Event, Origin

OURS = "11111111-0000-4000-8000-000000000001"
THEIRS = "22222222-0000-4000-8000-000000000002"
ME = "33333333-0000-4000-8000-000000000003"
SOMEBODY = "44444444-0000-4000-8000-000000000004"
CONTOSO = Organization(name="contoso", url="https://contoso.crm.dynamics.com", tenant="contoso.com")


class Identities:
    """Answers the first id until a young answer is asked for."""

    def __init__(self, *ids: str) -> None:
        self.ids = list(ids)
        self.asked: list[timedelta | None] = []

    async def of(self, organization: Organization, *, younger_than: timedelta | None = None) -> Identity:
        self.asked.append(younger_than)
        if not self.ids:
            raise Unreachable
        if younger_than is not None and len(self.ids) > 1:
            self.ids.pop(0)
        return Identity(self.ids[0], ME, "")


def event(origin: Origin, **extensions: str) -> Event:
    return Event(
        id="1", source="s", type="account.Update", organization="contoso", ingress="crm", origin=origin,
        extensions=dict(extensions),
    )  # fmt: skip


def guard(identities=None, *, configured: str = "", **source) -> Guard:
    organization = Organization(name="contoso", url=CONTOSO.url, tenant="contoso.com", organization_id=configured)
    configuration = Configuration(
        organizations={"contoso": organization},
        sources={"crm": HttpSource(name="crm", organization="contoso", **source)},
        routes=(),
        targets={},
    )
    return Guard(configuration, identities)


async def test_an_event_of_another_organization_is_refused_and_the_reason_names_it():
    verdict = await guard(configured=OURS).check(event(Origin(organization_id=THEIRS)))
    assert isinstance(verdict, Refused)
    assert verdict.reason == "ForeignOrganization"
    assert verdict.message == f"it is of the organization {THEIRS}, not of contoso ({OURS})"


async def test_our_own_organization_passes_whatever_the_case_of_its_id():
    assert await guard(configured=OURS).check(event(Origin(organization_id=OURS.upper()))) is PASSED


async def test_without_a_configured_id_whoami_decides_and_is_asked_again_before_an_event_is_refused():
    identities = Identities(OURS)
    assert await guard(identities).check(event(Origin(organization_id=OURS))) is PASSED
    assert identities.asked == [None]
    restored = Identities(OURS, THEIRS)
    assert await guard(restored).check(event(Origin(organization_id=THEIRS))) is PASSED
    assert restored.asked == [None, RECENT]
    assert isinstance(await guard(Identities(OURS)).check(event(Origin(organization_id=THEIRS))), Refused)


async def test_an_unknown_identity_is_no_verdict():
    with pytest.raises(Unreachable):
        await guard(Identities()).check(event(Origin(organization_id=OURS)))


async def test_an_event_that_names_nobody_passes_without_asking():
    identities = Identities()
    assert await guard(identities, drop_echoes=True).check(event(Origin())) is PASSED
    assert identities.asked == []


@pytest.mark.parametrize(
    ("host", "theirs"),
    [
        ("contoso.crm.dynamics.com", ""),
        ("https://CONTOSO.crm.dynamics.com/", ""),
        ("contoso.api.crm.dynamics.com", ""),
        ("contoso.crm.dynamics.com:443", ""),
        ("orgunique", ""),
        ("", ""),
        ("contoso-copy.crm.dynamics.com", "contoso-copy.crm.dynamics.com"),
        ("https://contoso.crm4.dynamics.com/x", "contoso.crm4.dynamics.com"),
    ],
)
def test_hosts_are_compared_where_no_id_is_given(host, theirs):
    assert foreign(Origin(organization_host=host), CONTOSO, "") == theirs


def test_the_id_decides_over_the_host():
    assert foreign(Origin(organization_id=OURS, organization_host="renamed.crm.dynamics.com"), CONTOSO, OURS) == ""


async def test_an_echo_of_our_own_write_is_dropped_only_where_the_source_asks_for_it():
    echo = event(Origin(initiating_user_id=ME.upper(), user_id=SOMEBODY))
    assert await guard(Identities(OURS), drop_echoes=True).check(echo) is ECHO
    assert await guard(Identities(OURS)).check(echo) is PASSED


async def test_a_step_that_runs_as_us_for_somebody_else_is_no_echo():
    own_step = event(Origin(initiating_user_id=SOMEBODY, user_id=ME))
    assert await guard(Identities(OURS), drop_echoes=True).check(own_step) is PASSED


@pytest.mark.parametrize(("company", "passes"), [("USMF", True), ("demf", False), ("", True)])
async def test_a_source_names_the_legal_entities_that_it_takes(company, passes):
    verdict = await guard(legal_entities=("usmf",)).check(event(Origin(), legalentity=company))
    assert (verdict is PASSED) is passes
    if not passes:
        assert isinstance(verdict, Refused)
        assert verdict.reason == "ForeignLegalEntity"


@pytest.mark.parametrize(("depth", "allowed", "passes"), [(4, 3, False), (3, 3, True), (99, 0, True), (0, 3, True)])
async def test_a_call_chain_may_be_limited(depth, allowed, passes):
    verdict = await guard(max_call_depth=allowed).check(event(Origin(depth=depth)))
    assert (verdict is PASSED) is passes
    if not passes:
        assert isinstance(verdict, Refused)
        assert verdict.reason == "CallDepth"


def test_a_replay_has_a_message_id_of_its_own_under_the_same_delivery_id():
    sent = event(Origin())
    name = sent.key[:32]
    assert Shipment(sent, "orders", 2).message_id == f"{name}:orders"
    assert Shipment(sent, "orders", 2, None, 3).message_id == f"{name}:orders:r3"
    assert Shipment(sent, "orders", 2, None, 3).delivery_id == f"{name}:orders"
    long = Shipment(sent, "x" * 200, 1, None, 1).message_id
    assert len(long) == 64
    assert long != Shipment(sent, "x" * 200, 1, None, 2).message_id
