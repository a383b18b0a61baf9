"""Which fault a call meets."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulation.dynamics.faults import Fault, Faults

CALLS = ("discovery", "token", "whoami", "link", "sdkmessages", "environment", "application", "row", "fno", "platform")


def effects(faults: Faults, kind: str, times: int, version: str = "") -> list[str | None]:
    return [fault.effect if (fault := faults.take(kind, version)) else None for _ in range(times)]


def test_counted_faults_come_first_and_in_the_order_in_which_they_were_set():
    faults = Faults()
    faults.add(Fault("forbidden"))
    faults.add(Fault("throttled", times=2))
    faults.add(Fault("unavailable", times=1))
    assert effects(faults, "link", 4) == ["throttled", "throttled", "unavailable", "forbidden"]


def test_the_newest_of_lasting_faults_wins():
    faults = Faults()
    faults.add(Fault("forbidden", "any"))
    faults.add(Fault("unavailable", "link"))
    assert effects(faults, "link", 1) == ["unavailable"]
    assert effects(faults, "whoami", 1) == ["forbidden"]


@pytest.mark.parametrize(
    ("kind", "concerned"),
    [
        ("dataverse", {"whoami", "link", "sdkmessages", "environment", "application", "row"}),
        ("any", set(CALLS)),
        *((kind, {kind}) for kind in CALLS),
    ],
)
def test_a_fault_concerns_the_calls_of_its_kind(kind, concerned: set[str]):
    fault = Fault("hang", kind)
    assert {call for call in CALLS if fault.concerns(call)} == concerned


def test_a_version_narrows_a_fault():
    faults = Faults()
    faults.add(Fault("not_found", "link", version="v9.2"))
    assert effects(faults, "link", 1, "v9.1") == [None]
    assert effects(faults, "link", 1, "v9.2") == ["not_found"]


def test_faults_of_connections_and_of_calls_do_not_meet():
    faults = Faults()
    faults.add(Fault("unreachable", times=1))
    faults.add(Fault("forbidden", times=1))
    assert effects(faults, "link", 2) == ["forbidden", None]
    assert faults.take_at_connect(frozenset({"fno"}), "unreachable") is None
    assert faults.take_at_connect(frozenset({"link"}), "wrong_certificate") is None
    assert faults.take_at_connect(frozenset({"link"}), "unreachable") is not None
    assert faults.take_at_connect(frozenset({"link"}), "unreachable") is None


def test_healing_one_kind_keeps_the_others():
    faults = Faults()
    for kind in ("link", "token"):
        faults.add(Fault("unavailable", kind))
        faults.add(Fault("throttled", kind, times=1))
    faults.heal("link")
    assert effects(faults, "link", 1) == [None]
    assert effects(faults, "token", 2) == ["throttled", "unavailable"]
    faults.heal()
    assert effects(faults, "token", 1) == [None]


@given(st.lists(st.integers(1, 5), max_size=5))
def test_counted_faults_happen_exactly_as_often_as_asked(counts: list[int]):
    faults = Faults()
    for count in counts:
        faults.add(Fault("throttled", times=count))
    assert effects(faults, "link", sum(counts) + 3) == ["throttled"] * sum(counts) + [None] * 3


def test_a_fault_that_would_never_happen_is_refused():
    with pytest.raises(msgspec.ValidationError, match="times"):
        msgspec.json.decode(b'{"effect": "hang", "times": 0}', type=Fault)
