"""The resolver against a model of design §5, by random histories."""

import asyncio
from itertools import pairwise

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from integration.errors import Forbidden, LinkUnknown, Throttled, Unreachable
from integration.links import Linked, NotLinked
from tests.fake_clock import settle
from tests.unit.links.fleet import POLICY, UNLINKED, World, details

ANSWERS = st.sampled_from(
    [
        details("one"),
        details("two"),
        UNLINKED,
        Unreachable("gone", status=503),
        Forbidden("no user", status=403),
        Throttled("slow", status=429, retry_after=40.0),
    ]
)
STEPS = st.sampled_from([0.5, 3.0, 14.0, 16.0, 31.0, 61.0, 700.0, 1000.0, 90_000.0])


class Fleet(RuleBasedStateMachine):
    """Up to three processes; Dataverse answers what it is told; storage comes and goes."""

    @initialize(processes=st.integers(1, 3), shared=st.booleans())
    def start(self, processes, shared):
        self.loop = asyncio.new_event_loop()
        self.world = self.run(self.build())
        self.shared = shared
        self.resolvers = self.run(self.make(processes))
        self.heard = [[] for _ in self.resolvers]
        for resolver, heard in zip(self.resolvers, self.heard, strict=True):
            resolver.subscribe(lambda _, before, after, heard=heard: heard.append((before, after)))
        self.given = []  # every definite answer that Dataverse gave: (when, answer)
        self.storage_always_up = True

    async def build(self):
        return World()

    async def make(self, processes):
        return [self.world.process(shared=self.shared) for _ in range(processes)]

    def run(self, coroutine):
        return self.loop.run_until_complete(coroutine)

    @rule(answer=ANSWERS)
    def dataverse_answers(self, answer):
        self.world.dataverse.answer = answer

    @rule(down=st.booleans())
    def storage_goes_down_or_comes_back(self, down):
        self.world.tier.down = down
        self.storage_always_up = self.storage_always_up and not down

    @rule(seconds=STEPS)
    def time_passes(self, seconds):
        self.run(self.world.clock.advance(seconds))

    def ask(self, process, method):
        resolver = self.resolvers[process % len(self.resolvers)]
        calls = self.world.dataverse.calls

        async def go():
            asking = asyncio.create_task(getattr(resolver, method)("contoso"))
            await settle()
            if not asking.done():  # it waits for another's lease: at most as long as its patience
                await self.world.clock.advance(8.1)
            return (await asyncio.gather(asking, return_exceptions=True))[0]

        answer = self.run(go())
        made = self.world.dataverse.calls - calls
        self.note(made)
        return answer, made

    def note(self, made):
        if made and not isinstance(self.world.dataverse.answer, Exception):
            self.given.append((self.world.clock.elapsed, self.world.dataverse.answer))

    @rule(process=st.integers(0, 2))
    def somebody_resolves(self, process):
        answer, made = self.ask(process, "resolve")
        now = self.world.clock.elapsed
        assert made <= 1
        if isinstance(answer, Linked | NotLinked):
            age = (self.world.clock.now() - answer.checked_at).total_seconds()
            assert age < (POLICY.expire_after if isinstance(answer, Linked) else POLICY.not_linked_for)
            assert any(now - age == at and fits(answer, given) for at, given in self.given)
        else:
            assert isinstance(answer, LinkUnknown), answer
            assert answer.retry_after is not None
            assert 0 < answer.retry_after <= 600

    @rule(process=st.integers(0, 2))
    def a_probe_refreshes(self, process):
        answer, made = self.ask(process, "refresh")
        assert made <= 1
        if made and not isinstance(self.world.dataverse.answer, Exception):
            assert fits(answer, self.world.dataverse.answer)
            assert answer.checked_at == self.world.clock.now()
        else:
            assert isinstance(answer, LinkUnknown)
            assert made or isinstance(answer, Throttled)

    @invariant()
    def calls_keep_the_distance_that_dataverse_asked_for(self):
        if not hasattr(self, "resolvers") or not self.shared or not self.storage_always_up:
            return
        record = self.world.tier.rows and self.world.tier.record()
        if record and record.failure and record.failure.kind == "Throttled":
            assert (record.not_before - self.world.clock.now()).total_seconds() <= 44.0

    @invariant()
    def every_change_that_is_told_starts_where_the_last_one_ended(self):
        for heard in getattr(self, "heard", []):
            for (_, after), (before, _) in pairwise(heard):
                assert same(after, before)
            assert all(before is None or before.checked_at <= after.checked_at for before, after in heard)

    @invariant()
    def no_lease_is_left_behind(self):
        if getattr(self, "storage_always_up", False) and self.world.tier.rows:
            assert not self.world.tier.record().lease

    def teardown(self):
        if hasattr(self, "loop"):
            self.run(self.world.aclose())
            self.loop.close()


def fits(link, given):
    if isinstance(link, NotLinked):
        return given == UNLINKED
    return isinstance(link, Linked) and link.url == getattr(given, "url", None)


def same(one, other):
    if isinstance(one, Linked) and isinstance(other, Linked):
        return one == msgspec.structs.replace(other, stale=one.stale)
    return one == other


TestFleet = Fleet.TestCase
TestFleet.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
