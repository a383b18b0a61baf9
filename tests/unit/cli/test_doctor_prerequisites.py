"""What the doctor makes of the page's prerequisites."""

import pytest

from integration.cli.doctor.prerequisites import (
    ADMINISTRATORS,
    judge_administrator,
    judge_capacity,
    judge_governance,
    judge_licence,
)
from integration.links import Linked, NotLinked
from integration.microsoft_graph import Held, Licence, Role, ServicePlan
from integration.power_platform.estate import Capacity
from tests.fake_clock import FakeClock

NOW = FakeClock().now()
LINKED = Linked(url="https://c.operations.dynamics.com", id="i", tenant_id="t", trusted=True, checked_at=NOW)
NOT_LINKED = NotLinked(code="0x80048d0b", message="not integrated", checked_at=NOW)
GLOBAL = next(iter(ADMINISTRATORS))
OTHER = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b"


def roles(*ids, complete=True):
    return Held(tuple(Role(role_template_id=each) for each in ids), complete)


def licence(product, *plans, status="Success"):
    found = tuple(ServicePlan(service_plan_name=plan, provisioning_status=status) for plan in plans)
    return Licence(sku_part_number=product, service_plans=found)


def licences(*held, complete=True):
    return Held(held, complete)


@pytest.mark.parametrize(
    ("total", "used", "available", "link", "verdict"),
    [
        (20480, 3150.9, True, NOT_LINKED, "pass"),
        (20480, 3150.9, None, None, "pass"),
        (4096, 3072, True, NOT_LINKED, "warn"),
        (4096, 3072, True, LINKED, "pass"),
        (4096, 3072.1, True, NOT_LINKED, "fail"),
        (4096, 3072.1, True, LINKED, "warn"),
        (4096, 3072.1, True, None, "warn"),
        (4096, 9999, False, NOT_LINKED, "fail"),
        (20480, 0, False, NOT_LINKED, "fail"),
    ],
)
def test_a_gigabyte_has_to_be_free_and_three_are_better(total, used, available, link, verdict):
    found = judge_capacity(Capacity(total=total, used=used, available=available), link)
    assert (found.step, found.verdict) == ("capacity", verdict)


def test_whoever_may_create_environments_is_told():
    assert judge_governance("", only_administrators=False).verdict == "pass"
    assert judge_governance("", only_administrators=True).verdict == "warn"
    assert judge_governance("Global Administrator", only_administrators=True).verdict == "pass"


@pytest.mark.parametrize(
    ("held", "only", "link", "verdict"),
    [
        (roles(OTHER, GLOBAL.upper()), True, NOT_LINKED, "pass"),
        (roles(GLOBAL, complete=False), None, None, "pass"),
        (roles(None, GLOBAL), None, None, "pass"),
        (roles(), False, NOT_LINKED, "pass"),
        (None, False, NOT_LINKED, "pass"),
        (roles(), True, NOT_LINKED, "fail"),
        (roles(OTHER), True, LINKED, "warn"),
        (roles(OTHER), None, NOT_LINKED, "warn"),
        (roles(OTHER, None), True, NOT_LINKED, "skipped"),
        (roles(OTHER, complete=False), True, NOT_LINKED, "unknown"),
    ],
)
def test_an_administrator_has_one_of_the_pages_roles(held, only, link, verdict):
    found = judge_administrator(held, link, only_administrators=only)
    assert (found.step, found.verdict, bool(found.todo)) == ("administrator", verdict, verdict != "pass")


@pytest.mark.parametrize(
    ("held", "link", "verdict"),
    [
        (licences(licence("Dynamics_365_for_Operations", "FLOW_DYN_P2")), NOT_LINKED, "pass"),
        (licences(licence("FLOW_FREE"), licence("AX_ENTERPRISE_USER")), NOT_LINKED, "pass"),
        (licences(licence("A_BUNDLE", "D365_Finance"), complete=False), NOT_LINKED, "pass"),
        (licences(licence("DYN365_FINANCE", "D365_Finance", status="Disabled")), NOT_LINKED, "warn"),
        (licences(licence("DYN365_TEAM_MEMBERS", "Dynamics_365_for_Operations_Team_members")), NOT_LINKED, "warn"),
        (licences(licence(None)), NOT_LINKED, "warn"),
        (licences(*(licence(f"X{n}\x1b[2J") for n in range(99))), NOT_LINKED, "warn"),
        (licences(), NOT_LINKED, "fail"),
        (licences(), LINKED, "warn"),
        (licences(complete=False), NOT_LINKED, "unknown"),
    ],
)
def test_a_licence_is_one_of_the_pages_and_another_is_not_refused(held, link, verdict):
    found = judge_licence(held, link)
    assert (found.step, found.verdict) == ("licence", verdict)
    assert found.message.isprintable()
    assert len(found.message) < 700
