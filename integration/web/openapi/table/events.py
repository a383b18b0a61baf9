"""Events, and the newest ControlNumbers."""

from collections.abc import Mapping

from integration.dead_letters import Filter, Job
from integration.delivery.screening.newest_row import Newest
from integration.errors import AmbiguousEvent, InvalidRequest, PayloadNotKept, UnknownDeadLetter, UnknownEvent
from integration.operations import control_numbers
from integration.operations.event_orders import PURGE_QUERY, Forgotten, Ordered
from integration.operations.event_shapes import DeliverySummary, EventPage, Summary, Whole
from integration.operations.events import QUERY
from integration.operations.query import Parameter
from integration.web.events import REPLAY_QUERY, SHOW_QUERY
from integration.web.openapi.described import Answer, Described, Link
from integration.web.openapi.table.common import AT, JOB_LOCATION, KEY, LATER

JOB = Job(
    id="0123456789abcdef0123456789abcdef",
    kind="replay",
    requested_at=AT,
    updated_at=LATER,
    filter=Filter(organization="contoso"),
    state="running",
    counts={"delivered": 12},
)
_ID = Parameter("id", "Its CloudEvents id, or its key: 64 hexadecimal digits.", KEY)
_EVENT = Summary(
    id="5637611099",
    key=KEY,
    organization="contoso",
    source="erp",
    type="SalesOrderConfirmedBusinessEvent",
    subject="",
    legal_entity="usmf",
    time=AT,
    accepted_at=AT,
    state="done",
    reason="",
    digest="9f86d081",
    duplicates=0,
    differing=0,
    resent=0,
    replayed=0,
    updated_at=LATER,
    deliveries=[DeliverySummary(route="orders", target="orders", state="delivered")],
)
_NEWEST = Newest(
    organization="contoso",
    group="erp",
    legal_entity="usmf",
    type="SalesOrderConfirmedBusinessEvent",
    number="5637611099",
    resets=0,
    updated_at=AT,
)
_GIVEN = {"id": "$response.body#/events/0/key"}

OPERATIONS: Mapping[str, Described] = {
    "events": Described(
        tag="events",
        summary="List events: what became of each",
        doc="The newest week comes first. A page can hold fewer than `limit`, even none, while `next` tells of more.",
        query=QUERY,
        answers={
            200: Answer(
                doc="One page.",
                types=(EventPage,),
                examples={"one": EventPage(events=[_EVENT], next=None)},
                links={
                    "event": Link(operation="event", given=_GIVEN),
                    "replay": Link(operation="event_replay", given=_GIVEN),
                    "next": Link(operation="events", given={"after": "$response.body#/next"}),
                },
            )
        },
    ),
    "event": Described(
        tag="events",
        summary="Show an event with its deliveries",
        doc="An id that holds a `/` is asked for with `GET /api/events?id=`, which tells the key.",
        parts=(_ID,),
        query=SHOW_QUERY,
        answers={200: Answer(doc="All that is known of it.", types=(Whole,))},
        errors=(UnknownEvent, AmbiguousEvent),
    ),
    "event_replay": Described(
        tag="events",
        summary="Deliver an event again",
        doc="What of it became a dead letter or, where nothing did, the event as a whole if its payload was kept.",
        parts=(_ID,),
        query=REPLAY_QUERY,
        answers={
            202: Answer(
                doc="The job that replays its dead letters, or that the event itself was ordered.",
                types=(Job, Ordered),
                headers=(JOB_LOCATION,),
                examples={"job": JOB, "event": Ordered(event=KEY, organization="contoso", replay=1)},
                links={"job": Link(operation="dead_letters_job", given={"id": "$response.body#/id"})},
            )
        },
        errors=(UnknownEvent, AmbiguousEvent, PayloadNotKept, UnknownDeadLetter),
    ),
    "events_purge": Described(
        tag="events",
        summary="Count, or forget, rows of events that are over",
        doc="It works for about twenty seconds; `next`, when it is not null, is the `after` to go on with.",
        query=PURGE_QUERY,
        answers={
            200: Answer(
                doc="How many.",
                types=(Forgotten,),
                examples={
                    "dry run": Forgotten(dry_run=True, matching=12, kept=3, next=None),
                    "done": Forgotten(dry_run=False, purged=12, kept=3, next=None),
                },
            )
        },
        errors=(InvalidRequest,),
    ),
    "control_numbers": Described(
        tag="events",
        summary="List the newest ControlNumber of each kind of business event",
        query=control_numbers.QUERY,
        answers={
            200: Answer(
                doc="What the out-of-order mark goes by.",
                types=(control_numbers.ControlNumbers,),
                examples={"one": control_numbers.ControlNumbers(control_numbers=[_NEWEST])},
            )
        },
    ),
    "control_numbers_reset": Described(
        tag="events",
        summary="Forget the newest ControlNumber of kinds",
        query=control_numbers.RESET_QUERY,
        answers={
            200: Answer(
                doc="Those that were forgotten, as they were.",
                types=(control_numbers.Reset,),
                examples={"one": control_numbers.Reset(reset=[_NEWEST])},
            )
        },
    ),
}
