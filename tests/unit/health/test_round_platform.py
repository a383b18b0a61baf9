"""A round and the platform: who is in maintenance by its word is not told, and a lost link has a second view."""

from typing import Any

from integration.config.keys.health import Health
from integration.health.check import Answer
from integration.health.maintenance import PlatformView
from integration.health.standing import Watched
from tests.fixtures.rounds import LOST, Rig

THROTTLED = Answer(health="unknown", code="Throttled", retry_after=60.0)


class Platform:
    """Says what the test says."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.because = ""
        self.link: Any = "unknown"
        self.asked: list[tuple[bool, bool]] = []

    async def ask(
        self, organization: Any, *, needed: bool, spared: bool, before: PlatformView | None
    ) -> PlatformView | None:
        self.asked.append((needed, spared))
        now = self.rig.clock.now()
        since = (before.since if before else None) or now
        return PlatformView(at=now, since=since if self.because else None, because=self.because, link=self.link)


def rig_of(**settings: Any) -> tuple[Rig, Platform]:
    rig = Rig(settings=Health(failure_threshold=2, success_threshold=2, **settings))
    rig.platform = Platform(rig)
    return rig, rig.platform


async def test_an_environment_in_maintenance_is_told_when_it_is_over():
    rig, platform = rig_of()
    platform.because = "the environment is in administration mode"
    rig.says("contoso", link=LOST)
    await rig.rounds(4)
    assert rig.receivers.said == []
    platform.because = ""
    await rig.rounds(1)
    assert rig.receivers.said == [("page", "integration.lost", "contoso")]


async def test_a_lost_link_has_the_second_view_even_at_the_first_answer():
    rig, platform = rig_of()
    platform.link = "linked"
    rig.says("contoso", link=LOST)
    await rig.rounds(1)
    facts = (await rig.state()).answer.facts
    assert facts["agrees"] == "disagrees"
    assert "still has" in facts["second_view"]


async def test_it_is_asked_in_earnest_only_where_something_fails_and_spared_where_a_wait_was_asked_for():
    rig, platform = rig_of()
    await rig.rounds(1)
    rig.says("contoso", link=LOST)
    await rig.rounds(1)
    rig.says("contoso", dataverse=THROTTLED)
    await rig.rounds(1)
    rig.says("contoso", token=Answer(health="unknown", code="Unreachable"))
    await rig.rounds(1)
    assert platform.asked == [(False, False), (True, False), (True, True)]
    standing = (await rig.standings.load(Watched("organization", "contoso"))).standing
    assert standing.platform is not None


async def test_switched_off_nothing_is_remembered_of_it():
    rig, platform = rig_of()
    platform.because = "the environment is in administration mode"
    await rig.rounds(1)
    rig.platform = None
    rig.says("contoso", link=LOST)
    await rig.rounds(2)
    assert rig.receivers.said == [("page", "integration.lost", "contoso")]
