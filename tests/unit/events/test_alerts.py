"""fno-link's own events: which type tells what, that each trouble has an end, and what an event of it holds."""

from datetime import UTC, datetime
from typing import get_args

import msgspec
import pytest

from integration.dead_letters.reasons import REASONS
from integration.events.alerts import ALL, ENDS, FORMER, Alert, Failed, command_of, event_of, target_of, type_of
from integration.events.alerts.alert import LARGEST, MOST_NAMED
from integration.events.alerts.types import BY_NAME, TYPES, Machine
from integration.events.cloudevents import structured
from integration.health.check import Kind

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ALERT = Alert(
    organization="contoso",
    organization_url="https://contoso.crm.dynamics.com",
    subject="contoso",
    check="integration",
    incident="0123456789abcdef",
    transition="triggered",
    n=1,
    since=NOW,
)


def test_each_trouble_has_one_end_of_the_same_machine_and_what_ends_it_is_good_news():
    for trouble, end in ENDS.items():
        assert BY_NAME[end].machine == BY_NAME[trouble].machine
        assert (BY_NAME[end].severity, BY_NAME[end].ended_by) == ("good", "")
    without = [each.name for each in TYPES if not each.ended_by and each.severity != "good"]
    assert without == ["fno-link.integration.relinked"], "it is no trouble that lasts"
    assert len(ALL) == len(set(ALL)) == len(TYPES)


def test_every_machine_and_every_check_is_told_by_some_type():
    assert {each.machine for each in TYPES} == set(get_args(Machine.__value__))
    for kind in get_args(Kind.__value__):
        machine = "integration" if kind in ("token", "dataverse", "link") else kind
        assert type_of(machine, "bad", "Anything", "triggered") in ENDS


@pytest.mark.parametrize(
    ("kind", "health", "code", "transition", "expected"),
    [
        ("integration", "bad", "0x80048d0b", "triggered", "integration.lost"),
        ("integration", "bad", "0x80048d0b", "changed", "integration.lost"),
        ("integration", "bad", "0x80048d0b", "reminder", "integration.lost"),
        ("integration", "bad", "Unauthenticated", "triggered", "integration.unreachable"),
        ("integration", "unknown", "Unreachable", "escalated", "integration.unreachable"),
        ("integration", "unknown", "Unreachable", "flapping", "integration.flapping"),
        ("integration", "ok", "", "flapping", "integration.flapping"),
        ("integration", "ok", "", "resolved", "integration.restored"),
        ("integration", "ok", "", "relinked", "integration.relinked"),
        ("trust", "bad", "UntrustedLink", "triggered", "link.untrusted"),
        ("trust", "ok", "", "resolved", "link.trusted"),
        ("finance_operations", "bad", "Forbidden", "triggered", "finance_operations.unreachable"),
        ("finance_operations", "ok", "", "flapping", "finance_operations.unreachable"),
        ("credential", "bad", "CredentialExpiring", "triggered", "credentials.expiring"),
        ("credential", "bad", "CredentialExpired", "changed", "credentials.expired"),
        ("credential", "bad", "CredentialRefused", "triggered", "credentials.expired"),
        ("credential", "bad", "CredentialNotYetValid", "triggered", "credentials.expired"),
        ("credential", "ok", "", "resolved", "credentials.renewed"),
        ("target", "bad", "TargetUnavailable", "triggered", "target.opened"),
        ("target", "ok", "", "resolved", "target.closed"),
        ("source", "bad", "SourceSilent", "triggered", "source.silent"),
        ("source", "bad", "Poison", "triggered", "source.failing"),
        ("source", "ok", "", "resolved", "source.restored"),
        ("dead_letters", "bad", "Growing", "triggered", "dead_letters.growing"),
        ("parked", "ok", "", "resolved", "parked.settled"),
        ("sender", "bad", "JobsFailed", "triggered", "sender.failing"),
        ("registration", "bad", "RegistrationDrifted", "triggered", "registration.drifted"),
        ("registration", "ok", "", "resolved", "registration.restored"),
        ("callers", "bad", "CallersRefused", "triggered", "callers.refused"),
        ("callers", "ok", "", "resolved", "callers.settled"),
        ("storage", "unknown", "StorageUnavailable", "triggered", "storage.unreachable"),
        ("foreign", "bad", "ForeignOrganization", "triggered", "organization.foreign"),
        ("foreign", "ok", "", "resolved", "organization.settled"),
    ],
)
def test_the_type_follows_what_is_wrong_and_what_is_told_of_it(kind, health, code, transition, expected):
    assert type_of(kind, health, code, transition) == f"fno-link.{expected}"


def test_a_kind_that_no_machine_has_is_refused():
    with pytest.raises(ValueError, match="no alert is about 'link'"):
        type_of("link", "bad", "x", "triggered")


def test_the_same_notice_is_the_same_event_and_another_one_is_another():
    first = event_of("fno-link.integration.lost", ALERT, NOW)
    assert first.id == "0123456789abcdef:triggered:1"
    assert (first.source, first.subject) == ("https://contoso.crm.dynamics.com/fno-link", "contoso")
    assert first.internal
    again = event_of("fno-link.integration.lost", ALERT, NOW)
    assert (again.key, again.digest) == (first.key, first.digest)
    reminder = event_of("fno-link.integration.lost", msgspec.structs.replace(ALERT, transition="reminder", n=2), NOW)
    assert reminder.key != first.key


def test_an_alert_about_no_organization_is_kept_by_the_one_that_is_named_and_does_not_claim_it():
    alert = msgspec.structs.replace(ALERT, organization="", organization_url="", subject="orders", check="target")
    event = event_of("fno-link.target.opened", alert, NOW, organization="contoso", source="https://c.example/fno-link")
    assert (event.organization, event.source, event.subject) == ("contoso", "https://c.example/fno-link", "orders")
    assert (event.payload["organization"], event.payload["target"], event.payload["state"]) == ("", "orders", "opened")
    assert target_of(event) == "orders"
    closed = event_of("fno-link.target.closed", alert, NOW, organization="contoso", source="https://c.example/fno-link")
    assert (closed.payload["state"], target_of(closed)) == ("closed", "orders")
    assert target_of(event_of("fno-link.integration.lost", ALERT, NOW)) == ""
    assert target_of(msgspec.structs.replace(event, shape="cloud_event")) == "", "somebody else's is about no target"


def test_what_is_not_about_a_target_or_a_source_does_not_speak_of_one():
    assert event_of("fno-link.integration.lost", ALERT, NOW).payload.keys().isdisjoint({"target", "state", "source"})
    silent = msgspec.structs.replace(ALERT, subject="crm", check="source")
    assert event_of("fno-link.source.silent", silent, NOW).payload["source"] == "crm"


@pytest.mark.parametrize("filling", ["x", "漢", "😀", "\x00", "\ud800", '"'])
def test_text_from_outside_is_cleaned_and_bounded_wherever_it_stands(filling):
    hostile = "a\x1b[2J\u202eb\n" + filling * 10_000
    failed = Failed(type=hostile, id=hostile, code=hostile, message=hostile)
    alert = msgspec.structs.replace(
        ALERT,
        message=hostile,
        hint=hostile,
        children=(hostile,) * 500,
        failed=(failed,) * 500,
        facts={f"{i}{hostile}": hostile for i in range(500)},
    )
    event = event_of("fno-link.integration.lost", alert, NOW)
    text = bytes(event.data).decode()
    assert text.isprintable()
    assert len(event.data) <= LARGEST
    data = event.payload
    assert (len(data["children"]), data["childrenLeftOut"], len(data["failed"])) == (MOST_NAMED, 490, MOST_NAMED)
    assert msgspec.json.decode(structured(event))["data"] == data


def test_what_an_alert_was_called_is_the_name_of_none_and_leads_to_one():
    assert FORMER
    assert set(FORMER.values()) <= set(ALL)
    assert set(FORMER).isdisjoint(ALL)


def test_each_command_is_one_that_there_is():
    assert command_of("target", incident="i", subject="orders", route="large") == (
        "fno-link dead-letters replay --reason RetriesExhausted --route large"
    )
    assert "RetriesExhausted" in REASONS
    assert command_of("dead_letters", incident="i", organization="contoso", reason="TargetRejected") == (
        "fno-link dead-letters replay --organization contoso --reason TargetRejected"
    )
    assert command_of("parked", incident="i", subject="contoso") == "fno-link parked release --organization contoso"
    assert command_of("source", incident="i", organization="contoso", subject="crm", code="PoisonMessages") == (
        "fno-link dead-letters replay --organization contoso --reason Poison"
    )
    assert command_of("source", incident="0123", subject="crm", code="SourceSilent") == "fno-link incidents show 0123"
    assert command_of("integration", incident="i", subject="contoso") == "fno-link doctor contoso"
    assert command_of("storage", incident="0123", subject="app") == "fno-link incidents show 0123"
