"""Dead letters and parked deliveries."""

from collections.abc import Mapping

from integration.dead_letters import Job
from integration.errors import UnknownDeadLetter, UnknownJob, UnknownOrganization
from integration.operations.dead_letters import Count, DeadLetterOrder, DeadLetterPage
from integration.operations.kept import QUERY, Summary, Whole
from integration.operations.parked import Ordered, ParkedPage, Released, ReleaseOrder
from integration.operations.query import Parameter
from integration.web.openapi.described import Answer, Body, Described, Link
from integration.web.openapi.table.common import AT, JOB_LOCATION, LATER
from integration.web.openapi.table.events import JOB
from integration.web.openapi.table.links import UNKNOWN

_LETTER = Summary(
    id="Y29udG9zby9UYXJnZXRSZWplY3RlZA",
    organization="contoso",
    reason="TargetRejected",
    message="the target answered 400",
    accepted_at=AT,
    recorded_at=LATER,
    source="erp",
    route="orders",
    target="orders",
    attempts=1,
    replays=0,
    event_id="5637611099",
    type="SalesOrderConfirmedBusinessEvent",
    subject=None,
)
_ID = Parameter("id", "Its id, as the listing tells it.", _LETTER.id)
_JOB_ID = Parameter("id", "The id that ordering the job answered.", JOB.id)
_TO_JOB = {
    "job": Link(operation="dead_letters_job", given={"id": "$response.body#/id"}),
    "cancel": Link(operation="dead_letters_cancel", given={"id": "$response.body#/id"}),
}
_ORDERED = Answer(
    doc="The job, which works in the background.",
    types=(Job,),
    headers=(JOB_LOCATION,),
    examples={"job": JOB},
    links=_TO_JOB,
)
_ONE = {"filter": {"organization": "contoso", "reason": "TargetRejected"}, "perSecond": 20}

OPERATIONS: Mapping[str, Described] = {
    "dead_letters": Described(
        tag="dead letters",
        summary="List dead letters, oldest first",
        query=QUERY,
        answers={
            200: Answer(
                doc="One page; it can hold fewer than `limit` when some are replayed meanwhile.",
                types=(DeadLetterPage,),
                examples={"one": DeadLetterPage(dead_letters=[_LETTER], next=None)},
                links={
                    "show": Link(operation="dead_letter", given={"id": "$response.body#/deadLetters/0/id"}),
                    "next": Link(operation="dead_letters", given={"after": "$response.body#/next"}),
                },
            )
        },
        errors=(UnknownDeadLetter,),
    ),
    "dead_letter": Described(
        tag="dead letters",
        summary="Show a dead letter with its event, or the body of which no event could be made",
        parts=(_ID,),
        answers={200: Answer(doc="All that is known of it.", types=(Whole,))},
        errors=(UnknownDeadLetter,),
    ),
    "dead_letters_replay": Described(
        tag="dead letters",
        summary="Replay dead letters",
        body=Body(doc="Which, and how fast.", order=DeadLetterOrder, examples={"some": _ONE}),
        answers={202: _ORDERED},
        errors=(UnknownDeadLetter,),
    ),
    "dead_letters_purge": Described(
        tag="dead letters",
        summary="Count what a purge would remove, or order it",
        body=Body(
            doc="Which; `dryRun`, which is the default, only counts.",
            order=DeadLetterOrder,
            examples={"count": _ONE, "all": {"all": True, "dryRun": False}},
        ),
        answers={
            200: Answer(
                doc="How many it would remove.",
                types=(Count,),
                examples={"some": Count(matching=12, complete=True, by_reason={"TargetRejected": 12})},
            ),
            202: _ORDERED,
        },
        errors=(UnknownDeadLetter,),
    ),
    "dead_letters_job": Described(
        tag="dead letters",
        summary="Tell how far a replay or purge is",
        parts=(_JOB_ID,),
        answers={
            200: Answer(
                doc="The job; it is kept for 30 days after it was last worked on.", types=(Job,), examples={"job": JOB}
            )
        },
        errors=(UnknownJob,),
    ),
    "dead_letters_cancel": Described(
        tag="dead letters",
        summary="Stop a replay or purge: what it has done stays done",
        parts=(_JOB_ID,),
        answers={202: Answer(doc="The job, which stops within seconds.", types=(Job,), headers=(JOB_LOCATION,))},
        errors=(UnknownJob,),
    ),
    "parked": Described(
        tag="parked",
        summary="List parked deliveries, oldest first",
        query=QUERY,
        answers={
            200: Answer(
                doc="One page.",
                types=(ParkedPage,),
                links={
                    "show": Link(operation="parked_delivery", given={"id": "$response.body#/parked/0/id"}),
                    "next": Link(operation="parked", given={"after": "$response.body#/next"}),
                },
            )
        },
        errors=(UnknownDeadLetter,),
    ),
    "parked_delivery": Described(
        tag="parked",
        summary="Show a parked delivery with its event",
        parts=(_ID,),
        answers={200: Answer(doc="All that is known of it.", types=(Whole,))},
        errors=(UnknownDeadLetter,),
    ),
    "parked_release": Described(
        tag="parked",
        summary="Let parked deliveries go on",
        body=Body(
            doc="Those of an organization, in the background, or some by their ids, at once.",
            order=ReleaseOrder,
            examples={"an organization's": {"organization": "contoso"}, "by ids": {"ids": [_LETTER.id]}},
        ),
        answers={
            200: Answer(
                doc="What became of those that were named.",
                types=(Released,),
                examples={"one": Released(released={_LETTER.id: ["delivered"]}, left=[])},
            ),
            202: Answer(
                doc="Whether the organization's are released: not where nothing is parked.",
                types=(Ordered,),
                examples={"ordered": Ordered(ordered=True)},
            ),
        },
        errors=(UnknownDeadLetter, UnknownOrganization, *UNKNOWN),
    ),
}
