"""How a delivery's chain of retries goes on and begins anew, and what the messages of earlier code are about."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from integration.dead_letters import Attempted
from integration.delivery import Work, decode_continuation
from integration.delivery.queued.chain import Chain
from integration.journal.scope import WHOLE, ByRoute, Recheck, WhenLinked

AT = datetime(2026, 1, 2, tzinfo=UTC)
FAILED, FAULT = Attempted(AT, "TargetUnavailable", "busy"), Attempted(AT, "Unforeseen", "odd")
FAR = Chain(attempt=3, earlier=2, since=AT, last=FAILED, generation=7, replay=1, faults=1)
BEFORE = Path(__file__).parent / "written_before" / "retries"


def test_what_begins_anew_keeps_only_what_was_tried_and_how_it_ended():
    assert FAR.anew(2) == Chain(earlier=5, last=FAILED, replay=2)


def test_attempts_and_faults_are_counted_each_for_itself():
    assert Chain().tried(FAILED) == Chain(attempt=1, last=FAILED)
    assert Chain().tried(FAILED).faulted(FAULT) == Chain(attempt=1, faults=1, last=FAULT)


def test_a_chain_fails_since_its_first_failure():
    later = AT.replace(year=2027)
    assert Chain().failing(AT).failing(later).since == AT


@pytest.mark.parametrize("scope", [ByRoute("orders"), WhenLinked(), WHOLE])
def test_another_part_of_the_event_has_a_chain_that_begins_now(scope):
    work = Work(scope=ByRoute("crm"), accepted_at=AT, environment="e", chain=FAR)
    assert work.part(scope) == Work(scope=scope, accepted_at=AT, chain=Chain(generation=7, replay=1))
    assert work.part(ByRoute("crm")) is work


@pytest.mark.parametrize("scope", [ByRoute("orders"), WhenLinked(), WHOLE])
def test_who_begins_anew_begins_the_same_and_a_recheck_the_event_as_a_whole(scope):
    assert Work(scope=scope, accepted_at=AT).anew("reopen", 1).scope == scope
    assert Work(scope=Recheck("1"), accepted_at=AT).anew("reopen", 1).scope == WHOLE


@pytest.mark.parametrize("file", sorted(BEFORE.glob("*.json")), ids=lambda file: file.stem)
def test_a_message_of_earlier_code_is_about_what_it_was(file):
    said, work = json.loads(file.read_bytes()), decode_continuation(file.read_bytes())
    if not isinstance(work, Work):
        assert said["kind"] != "delivery"
        return
    told = {name: getattr(work.chain, name) for name in ("attempt", "earlier", "generation", "replay", "faults")}
    assert told == {name: said[name] for name in told}
    if said["route"].startswith("*"):
        assert (work.scope, work.kind) == (Recheck(said["route"][1:]), "recheck")
    elif said["route"]:
        assert work.scope == ByRoute(said["route"])
    else:
        assert work.scope == (WHOLE if said["whole"] else WhenLinked())
