"""What schemathesis is told of this API, for what JSON Schema cannot say: `SCHEMATHESIS_HOOKS=tests.openapi...`.

Our own formats, times that a table can compare with, and times to come where an end is asked for.
"""

import base64
import json
import re
from datetime import UTC, datetime, timedelta

import schemathesis
from hypothesis import strategies as st

_CATEGORIES = ("L", "M", "N", "P", "S")
_PRINTABLE = st.characters(categories=_CATEGORIES, include_characters=" ")
_LINES = st.characters(categories=_CATEGORIES, include_characters=" \n")
_TIMES = st.datetimes(datetime(1602, 1, 1), datetime(9998, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001  # UTC by `timezones`
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_LETTER = "contoso/TargetRejected/2026/01/02/030405000000-" + "0" * 64 + "-" + "1" * 12 + ".json"


def token(content: object) -> str:
    """Write a bookmark as its listing does."""
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


schemathesis.openapi.format("printable", st.text(_PRINTABLE, max_size=80))
schemathesis.openapi.format("printable-lines", st.text(_LINES, max_size=80))
schemathesis.openapi.format("short-duration", st.integers(1, 700).map(lambda hours: f"{hours}h"))
schemathesis.openapi.format("date-time", _TIMES.map(lambda at: at.isoformat().replace("+00:00", "Z")))
schemathesis.openapi.format("letter-bookmark", st.just(base64.urlsafe_b64encode(_LETTER.encode()).decode().rstrip("=")))
schemathesis.openapi.format("incident-bookmark", st.just(token([True, "2026-01-02T03:04:05Z", "0" * 16])))
schemathesis.openapi.format("event-bookmark", st.just(token(["fnolinkjournal2026w01"])))
schemathesis.openapi.format("status-bookmark", st.just(token([0, "contoso"])))


def _is_time(text: str) -> bool:
    """Tell whether it is one: 12:99 has the form alone, and is sent as it is."""
    try:
        return _TIME.fullmatch(text) is not None and bool(datetime.fromisoformat(text))
    except ValueError:
        return False


@schemathesis.hook
def map_body(context, body):
    """Let an end that is asked for be one that can be: within the 30 days that are allowed."""
    if isinstance(body, dict) and _is_time(str(body.get("until", ""))):
        return body | {"until": (datetime.now(UTC) + timedelta(hours=2)).isoformat()}
    return body


@schemathesis.hook
def filter_query(context, query):
    """Leave out what the Functions host hides from the app: empty values, and that there were several of one name."""
    return not any(value == "" or isinstance(value, list | dict) for value in (query or {}).values())
