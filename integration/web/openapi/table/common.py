"""What the tables share: headers, and the moment of which their examples tell."""

from collections.abc import Sequence
from datetime import UTC, datetime

from integration.web.openapi.described import Answer, Header

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LATER = datetime(2026, 1, 2, 5, 4, 5, tzinfo=UTC)
KEY = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
ETAG = Header(name="ETag", doc="Changes when what is told does.", required=True)
CACHE_CONTROL = Header(name="Cache-Control", doc="For how long a copy serves.", required=True)
IF_NONE_MATCH = Header(name="If-None-Match", doc="The tag of the copy that the caller has.")
ACCEPT = Header(name="Accept", doc="As which it is wanted; JSON where nothing is said.")
JOB_LOCATION = Header(name="Location", doc="Where to ask how far the job is.", required=True)


def not_modified(headers: Sequence[Header] = (ETAG, CACHE_CONTROL)) -> Answer:
    """Describe the answer to a caller whose copy is still right."""
    return Answer(doc="The caller's copy is still right.", media_types=(), headers=headers)
