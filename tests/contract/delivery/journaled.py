"""A bench with a journal, and what its rows and messages say."""

import random
from datetime import timedelta

from integration.delivery import Work, decode_continuation
from integration.delivery.outcome import Delivered, Duplicate, PutOff, Stale
from integration.events.decode import decode
from integration.events.event import Event
from integration.journal import Journal, Subject
from tests.contract.delivery.conftest import ORDERS, OTHERS, business_event

KEEP = timedelta(days=14)
BODY = business_event(EventId="A" * 8, EventTime="/Date(1767322800000)/")
DELIVERED = [Delivered("orders", 200, "ok"), Delivered("others", 200, "ok")]
DUPLICATE, PUT_OFF, STALE = [Duplicate()], [PutOff()], [Stale()]


def journaled(bench, seed=1):
    bench.journal = Journal(bench.storage, bench.clock, random.Random(seed), KEEP)
    bench.build((ORDERS, OTHERS))
    return bench


async def row(bench, body=BODY):
    (event,) = decode(bench.inbound(body)).items
    assert isinstance(event, Event)
    return await bench.journal.find(Subject.of(event))


async def works(bench):
    found = [decode_continuation(message) for message in await bench.continuations()]
    return [each for each in found if isinstance(each, Work)]
