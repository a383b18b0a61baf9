"""The rules about alerts, by evidence made by hand: what is right passes, what is wrong is found for what it is."""

import msgspec
import pytest

from tests.faults.alerts import CERTAIN, wrong
from tests.faults.by_hand import T, evidence, window
from tests.faults.evidence import Receipt, Rot

LOST, UNREACHABLE, RESTORED = (f"fno-link.integration.{name}" for name in ("lost", "unreachable", "restored"))
FAULT = window("link_lost", T, T + CERTAIN, "contoso")


def told(name="triggered:1", type_=LOST, at=T + 5, incident="i1", **more):
    given = {"subject": "contoso", **more}
    return Receipt(target="alerts", route="to-alerts", id=f"{incident}:{name}", type=type_, at=at, **given)


END = told("resolved:1", RESTORED, T + 14)


def rules(*receipts, windows=(FAULT,), **more):
    found = evidence(receipts=receipts, windows=windows, **more)
    return {rule for rule, _, _ in wrong(msgspec.structs.replace(found, transports={"alerts": "webhook"}))}


def test_a_fault_that_is_told_once_and_whose_end_is_told_once_is_right():
    assert rules(told(), END) == set()
    assert rules(told(status=500), told(at=T + 6), END) == set()


def test_a_fault_that_nobody_was_told_of_is_found():
    assert rules() == {"alerts"}
    assert rules(windows=[window("link_lost", T, T + CERTAIN - 1, "contoso")]) == set()


@pytest.mark.parametrize("other", ["storage_cut", "host_kill", "overload", "secret_expired"])
def test_what_keeps_the_rounds_from_coming_excuses_that_nobody_was_told(other):
    assert rules(windows=[FAULT, window(other, T + 2, T + 4)]) == set()
    assert rules(windows=[FAULT, window(other, T + 40, T + 44)]) == {"alerts"}


def test_the_fault_of_another_organization_is_another_incident():
    assert rules(told(subject="fabrikam"), END) == {"alerts", "needless_alert"}


def test_a_fault_that_is_told_as_something_else_is_found():
    assert rules(told(type_=UNREACHABLE), END) == {"alerts"}
    down = window("dataverse_down", T, T + CERTAIN, "contoso")
    assert rules(told(type_=UNREACHABLE), END, windows=[down]) == set()


def test_two_incidents_of_one_fault_are_found():
    again = told(at=T + 8, incident="i2"), told("resolved:1", RESTORED, T + 15, "i2")
    assert rules(told(), END, *again) == {"alerts"}


def test_an_end_that_is_not_told_and_one_of_what_was_not_told_are_found():
    assert rules(told()) == {"alert_without_end"}
    assert rules(END, windows=[]) == {"alert_without_beginning"}


def test_a_notice_that_comes_twice_is_found_unless_a_fault_fell_in_between():
    assert rules(told(), told(at=T + 6), END) == {"alert_twice"}
    assert rules(told(), told(at=T + 6), END, windows=[FAULT, window("host_kill", T + 5.5, T + 6)]) == set()


def test_an_alert_without_a_fault_is_found_and_a_link_that_moves_is_no_incident():
    assert rules(told(), END, windows=[]) == {"needless_alert"}
    assert rules(told("relinked:1", "fno-link.integration.relinked", incident="i1-relinked"), windows=[]) == set()


def test_a_row_that_was_changed_is_begun_anew():
    rot = Rot(place="health", id="", digest="d", at=T)
    assert rules(told(), rots=[rot]) == set()
