"""The decisions about a cached link: when to serve, load, compare or take the lease, and how long to back off."""

from datetime import UTC, datetime, timedelta
from math import inf
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from integration.config.keys.model import Cache
from integration.links import Linked, NotLinked, Record
from integration.links.decide import Adopt, Policy, Refused, Step, Take, Wait, next_backoff, next_step, who_asks
from integration.links.entry import Entry
from integration.links.shared import Failure, decode_record, encode_record
from integration.links.trust import distrust, is_under
from integration.retry_after import LONGEST_SECONDS, parse_retry_after
from tests.unit.links.fleet import CONTOSO, POLICY, TENANT

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LINK = Linked(url="https://a.operations.dynamics.com", tenant_id=TENANT, id=TENANT, trusted=True, checked_at=NOW)
NO_LINK = NotLinked(code="0x80048d0b", message="", checked_at=NOW)
moments = st.floats(-1e6, 1e6)


def entry(link=None, *, fresh_until=-inf, usable_until=-inf, not_before=-inf, compare_from=inf, compare_by=inf):
    made = Entry(CONTOSO)
    made.link, made.fresh_until, made.usable_until = link, fresh_until, usable_until
    made.not_before, made.compare_from, made.compare_by = not_before, compare_from, compare_by
    return made


@given(now=moments, fresh=moments, usable=moments, not_before=moments, has_link=st.booleans(), shared=st.booleans())
def test_nothing_is_served_that_is_too_old_and_nothing_is_loaded_too_early(
    *, now, fresh, usable, not_before, has_link, shared
):
    step = next_step(
        entry(LINK if has_link else None, fresh_until=fresh, usable_until=usable, not_before=not_before),
        now,
        shared=shared,
    )
    serves = {Step.SERVE, Step.SERVE_AND_COMPARE, Step.SERVE_AND_REFRESH}
    assert (step in serves) == (has_link and (now < fresh or now < usable))
    if step in {Step.LOAD, Step.SERVE_AND_REFRESH}:
        assert now >= not_before
    if step is Step.REFUSE:
        assert now < not_before


@given(now=moments, compare_from=moments, compare_by=moments)
def test_comparing_happens_only_with_a_shared_tier(now, compare_from, compare_by):
    made = entry(LINK, fresh_until=inf, usable_until=inf, compare_from=compare_from, compare_by=compare_by)
    assert next_step(made, now, shared=False) is Step.SERVE
    expected = Step.COMPARE if now >= compare_by else Step.SERVE_AND_COMPARE if now >= compare_from else Step.SERVE
    assert next_step(made, now, shared=True) is expected


failures = st.builds(Failure, st.sampled_from(["Throttled", "Unreachable", "Forbidden"]), st.just("why"))
times = st.integers(-200_000, 200_000).map(lambda seconds: NOW + timedelta(seconds=seconds))
links = (
    st.none()
    | times.map(lambda at: Linked(url=LINK.url, tenant_id=TENANT, id=TENANT, trusted=True, checked_at=at))
    | times.map(lambda at: NotLinked(code="0x80048d0b", message="", checked_at=at))
)
records = st.builds(
    Record,
    link=links,
    lease=st.sampled_from(["", "somebody"]),
    failure=st.none() | failures,
    attempts=st.integers(0, 9),
    not_before=st.none() | times,
)


@given(record=records, known=st.none() | times, unchanged=st.floats(0, 300), forced=st.booleans())
def test_nobody_calls_beside_a_living_lease_nor_before_it_may_nor_adopts_what_is_old(record, known, unchanged, forced):
    decision = who_asks(record, known=known, unchanged_for=unchanged, now=NOW, policy=POLICY, forced=forced)
    waiting = record.failure is not None and record.not_before is not None and record.not_before > NOW
    match decision:
        case Adopt(link):
            assert known is None or link.checked_at > known
            age = (NOW - link.checked_at).total_seconds()
            assert -300 <= age < (900 if isinstance(link, Linked) else 60)
        case Take():
            assert not record.lease or unchanged >= POLICY.lease
            assert not waiting or (forced and record.failure.kind != "Throttled")
        case Refused(_, _, seconds):
            assert waiting
            assert 0 < seconds <= LONGEST_SECONDS
        case Wait():
            assert record.lease
            assert unchanged < POLICY.lease


def test_without_a_record_the_first_takes_the_lease():
    assert who_asks(None, known=None, unchanged_for=0, now=NOW, policy=POLICY) == Take()


@given(asked=st.none() | st.floats(0, 1e9), attempt=st.integers(1, 1000), seed=st.integers())
def test_a_back_off_is_never_shorter_than_asked_nor_than_a_second_nor_longer_than_the_cap(asked, attempt, seed):
    seconds = next_backoff(asked, attempt, Random(seed))
    assert 1 <= seconds <= LONGEST_SECONDS
    assert seconds >= min(
        asked if asked is not None else 2.0**attempt if attempt < 20 else LONGEST_SECONDS,
        LONGEST_SECONDS,
    )


@given(st.text())
def test_any_retry_after_is_read_without_an_error(header):
    seconds = parse_retry_after(header, NOW)
    assert seconds is None or 1 <= seconds <= LONGEST_SECONDS


@given(records)
def test_a_record_reads_back(record):
    assert decode_record(encode_record(record)) == record


@given(st.text() | st.none() | st.integers() | st.binary())
def test_what_is_no_record_reads_as_none(text):
    assert decode_record(text) is None or isinstance(decode_record(text), Record)


def test_the_policy_takes_its_times_from_the_configuration():
    policy = Policy.of(Cache(), call_timeout=90.0)
    assert (policy.refresh_after, policy.expire_after, policy.not_linked_for) == (900, 86400, 60)
    assert (policy.share_check, policy.lease, policy.patience) == (30, 95, 8)


def test_trust_goes_by_whole_labels_of_the_host():
    def judged(host, tenant=TENANT, **changes):
        organization = CONTOSO.__class__(name="c", url=CONTOSO.url, tenant="contoso.onmicrosoft.com", **changes)
        return distrust(f"https://{host}", tenant, organization, TENANT)

    assert judged("contoso.operations.dynamics.com") == ""
    assert judged("contoso.sandbox.operations.eu.dynamics.com") == ""
    assert judged("contosooperations.dynamics.com")
    assert judged("contoso.operations.dynamics.com.evil.example")
    assert judged("evil-operations.dynamics.com")
    assert judged("contoso.operations.dynamics.cn")
    assert judged("contoso.operations.dynamics.cn", cloud="china") == ""
    assert judged("contoso.operations.dynamics.com", cloud="china")
    assert judged("erp.example.com")
    for suffix in ("example.com", ".example.com", "*.example.com", ".Example.com."):
        assert judged("erp.example.com", trusted_hosts=(suffix,)) == ""
        assert judged("erpexample.com", trusted_hosts=(suffix,))
    assert "tenant" in judged("contoso.operations.dynamics.com", tenant="x")
    for empty in ("", ".", "*", "*."):
        assert not is_under("erp.example.com", empty)
