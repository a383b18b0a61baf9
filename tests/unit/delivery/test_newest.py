"""An event is marked out of order exactly if a newer one of its kind was delivered."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from integration.delivery.screening.newest import OUT_OF_ORDER, Newest
from integration.events.event import Event


def an_event(number, *, entity="usmf", type_="T", organization="contoso", shape="business_event"):
    extensions = {"legalentity": entity, "controlnumber": str(number)}
    return Event(id="1", source="s", type=type_, organization=organization, shape=shape, extensions=extensions)


@given(st.lists(st.tuples(st.sampled_from(["usmf", "demf"]), st.integers(1, 9)), max_size=30))
async def test_an_event_is_marked_exactly_if_a_newer_one_of_its_kind_was_delivered(arrivals):
    newest, seen = Newest(), {}
    for entity, number in arrivals:
        event = an_event(number, entity=entity)
        marked = await newest.mark(event)
        assert (OUT_OF_ORDER in marked.extensions) == (number < seen.get(entity, 0))
        newest.delivered(marked)
        seen[entity] = max(number, seen.get(entity, 0))


async def test_other_kinds_have_an_order_of_their_own():
    newest = Newest()
    newest.delivered(an_event(9))
    for other in (an_event(1, entity="demf"), an_event(1, type_="U"), an_event(1, organization="fabrikam")):
        assert await newest.mark(other) is other
    assert (await newest.mark(an_event(1))).extensions[OUT_OF_ORDER] is True


async def test_only_business_events_with_a_number_have_an_order():
    newest = Newest()
    newest.delivered(an_event(9))
    newest.delivered(an_event("²"))
    newest.delivered(an_event("9999999999999999999"))
    none = map(an_event, ("none", "-1", "", "9" * 5000))
    for event in (an_event(1, shape="cloud_event"), *none):
        assert await newest.mark(event) is event


async def test_what_was_not_seen_for_long_is_forgotten():
    newest = Newest(kinds=2)
    for type_ in ("A", "B", "C"):
        newest.delivered(an_event(9, type_=type_))
    assert OUT_OF_ORDER not in (await newest.mark(an_event(1, type_="A"))).extensions
    assert OUT_OF_ORDER in (await newest.mark(an_event(1, type_="B"))).extensions


async def test_a_number_out_of_reach_says_nothing(caplog):
    newest = Newest(jump=100)
    newest.delivered(an_event(1000))
    newest.delivered(an_event(1101))
    newest.delivered(an_event(5))
    assert caplog.text.count("control-numbers reset") == 1
    assert OUT_OF_ORDER in (await newest.mark(an_event(999))).extensions
    assert OUT_OF_ORDER in (await newest.mark(an_event(900))).extensions
    for number in (899, 1001, 1100, 2**63 - 1):
        assert OUT_OF_ORDER not in (await newest.mark(an_event(number))).extensions
    newest.delivered(an_event(1100))
    assert OUT_OF_ORDER in (await newest.mark(an_event(1099))).extensions


async def test_one_number_beyond_int64_marks_no_later_event():
    newest = Newest()
    newest.delivered(an_event("9999999999999999999"))
    newest.delivered(an_event(2**63 - 1))
    for number in (5637611099, 5637611100):
        assert OUT_OF_ORDER not in (await newest.mark(an_event(number))).extensions
        newest.delivered(an_event(number))


async def test_each_group_of_sources_has_an_order_of_its_own():
    newest = Newest()
    newest.delivered(msgspec.structs.replace(an_event(9), group="shop"))
    assert OUT_OF_ORDER not in (await newest.mark(msgspec.structs.replace(an_event(1), group="erp"))).extensions
    assert OUT_OF_ORDER in (await newest.mark(msgspec.structs.replace(an_event(1), group="shop"))).extensions
