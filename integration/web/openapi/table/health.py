"""Health, and this document."""

from collections.abc import Mapping
from typing import Any

from integration.web.health import LIVE
from integration.web.health_shapes import Health, HealthDetails
from integration.web.openapi.described import Answer, Described
from integration.web.openapi.table.common import CACHE_CONTROL, ETAG, IF_NONE_MATCH, not_modified

TYPE = "application/health+json"

OPERATIONS: Mapping[str, Described] = {
    "health": Described(
        tag="state",
        summary="Tell anybody whether all is well",
        query=(LIVE,),
        doc="Looked up once in five seconds in each instance. Whatever else stands in the query is passed over.",
        answers={
            200: Answer(
                doc="`pass` or `warn`.",
                types=(Health,),
                media_types=(TYPE,),
                headers=(CACHE_CONTROL,),
                examples={"well": Health(status="pass")},
            ),
            503: Answer(
                doc="`fail`.",
                types=(Health,),
                media_types=(TYPE,),
                examples={"a configuration": Health(status="fail", problems=2)},
            ),
        },
    ),
    "health_details": Described(
        tag="state",
        summary="Tell how each organization, target and source stands, and the watch itself",
        answers={
            200: Answer(doc="`pass` or `warn`.", types=(HealthDetails,), media_types=(TYPE,), headers=(CACHE_CONTROL,)),
            503: Answer(doc="`fail`.", types=(HealthDetails,), media_types=(TYPE,)),
        },
    ),
    "openapi": Described(
        tag="state",
        summary="This document",
        doc="The same in every app: it names nothing that is configured.",
        headers=(IF_NONE_MATCH,),
        answers={
            200: Answer(doc="OpenAPI 3.1.", types=(dict[str, Any],), headers=(ETAG, CACHE_CONTROL)),
            304: not_modified(),
        },
    ),
}
