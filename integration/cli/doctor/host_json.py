"""What the app relies on in host.json; pure.

Sources: the pages "host.json reference for Azure Functions 2.x and later", "Azure Queue storage trigger and bindings"
(`visibilityTimeout`, `maxDequeueCount`, `maxPollingInterval`, `messageEncoding`) and "Azure Service Bus bindings".
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any, cast

from integration.cli.doctor.ours import HOST_JSON
from integration.cli.doctor.step import Finding, failed, passed, warned
from integration.cli.lenient_json import read_lenient

SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.\d+)?")
"""A time span as .NET reads it: days, hours, minutes, seconds."""
RUN = timedelta(seconds=120)
"""What one run of a function may take."""
SHOWN = 5
BUNDLE = 4
BATCH = 32
"""Messages of a queue that one instance fetches at a time, at the most."""
NOT_SAMPLED = frozenset({"Request", "Exception", "Trace"})

type Rule = Callable[[Any], str]
"""Says what is wrong with a value; empty: nothing is."""


def judge_host_json(text: str, functions: Iterable[str] = ()) -> Finding:
    """Judge host.json.

    Args:
        text: As it lies in the app's folder; the host reads it with Json.NET, comments and all.
        functions: The names of those that the configuration means.
    """
    try:
        read: Any = read_lenient(text)
    except ValueError as error:
        return failed(HOST_JSON, f"it is no JSON: {error}")
    if not isinstance(read, dict):
        return failed(HOST_JSON, "it is no JSON object: the host does not start")
    document = cast("dict[str, Any]", read)
    bad = [*_faults(document, MUST), *_not_loaded(document, functions)]
    doubtful = list(_faults(document, SHOULD))
    if bad:
        return failed(HOST_JSON, "; ".join([*bad, *doubtful]))
    if doubtful:
        return warned(HOST_JSON, "; ".join(doubtful))
    return passed(HOST_JSON, f"{len(MUST) + len(SHOULD)} values are as they have to be")


def _not_loaded(document: dict[str, Any], functions: Iterable[str]) -> Iterator[str]:
    # A list of names, of which the host loads these alone; it is meant for a laptop.
    listed = document.get("functions")
    if listed is None:
        return
    names = {str(each).lower() for each in cast("list[Any]", listed)} if isinstance(listed, list) else set[str]()
    absent = sorted(name for name in functions if name.lower() not in names)
    if absent:
        more = f" and {len(absent) - SHOWN} more" if len(absent) > SHOWN else ""
        yield f"functions names which are loaded, without {', '.join(absent[:SHOWN])}{more}: leave it out"


def _faults(document: dict[str, Any], rules: dict[str, Rule]) -> Iterator[str]:
    for path, rule in rules.items():
        value = _at(document, path)
        fault = rule(value)
        if fault:
            yield f"{path} is {'not set' if value is None else json.dumps(value)[:80]}: {fault}"


def _at(document: dict[str, Any], path: str) -> Any:
    value: Any = document
    for key in path.split("."):
        value = cast("dict[str, Any]", value).get(key) if isinstance(value, dict) else None
    return value


def _span(value: Any) -> timedelta | None:
    found = SPAN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _is(wanted: Any, why: str) -> Rule:
    return lambda value: (
        "" if value == wanted and type(value) is type(wanted) else f"it has to be {json.dumps(wanted)}, {why}"
    )


def _between(least: timedelta, most: timedelta, why: str) -> Rule:
    def rule(value: Any) -> str:
        span = _span(value)
        return "" if span is not None and least <= span <= most else f"it has to be {least} to {most}, {why}"

    return rule


def _count(least: int, why: str) -> Rule:
    def rule(value: Any) -> str:
        good = isinstance(value, int) and not isinstance(value, bool) and value >= least
        return "" if good else f"it has to be at least {least}, {why}"

    return rule


def _timeout(value: Any) -> str:
    span = _span(value)
    if value is None or value == "-1" or (span is not None and span > RUN):
        return ""
    return f"it has to be longer than {RUN}, which a run of fno-link may take"


def _bundle(value: Any) -> str:
    if value == "Microsoft.Azure.Functions.ExtensionBundle":
        return ""
    return "the bundle Microsoft.Azure.Functions.ExtensionBundle brings the triggers of queues and brokers"


def _range(value: Any) -> str:
    found = re.match(r"[\[(]?\s*(\d+)", value) if isinstance(value, str) else None
    if found and int(found[1]) >= BUNDLE:
        return ""
    return f'it has to begin with {BUNDLE}, "[{BUNDLE}.*, {BUNDLE + 1}.0.0)": those before it are no longer mended'


def _batch(value: Any) -> str:
    good = value is None or (isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= BATCH)
    return "" if good else f"it has to be 1 to {BATCH}: with more the host does not start"


def _settled(value: Any) -> str:
    return "" if value in (None, True) else "it has to be true, or left out: nobody else says that a message is done"


def _renewal(value: Any) -> str:
    span = _span(value)
    if value is None or (span is not None and span >= RUN):
        return ""
    return f"it has to be at least {RUN}: a lock that ends while a run works gives the message to another"


def _excluded(value: Any) -> str:
    named = {part.strip() for part in value.split(";")} if isinstance(value, str) else set[str]()
    absent = sorted(NOT_SAMPLED - named)
    return f"without {', '.join(absent)} records of trouble are sampled away" if absent else ""


def _prefix(value: Any) -> str:
    # The host's own default is `api`, too.
    return "" if value in (None, "api") else 'it has to be "api": senders, keys and commands use /api/…'


def _throttles(value: Any) -> str:
    # The host switches them on by itself on a Consumption plan alone.
    return (
        "" if value is False else "it has to be false: the host answers 429 by itself, and Dynamics does not send again"
    )


def _telemetry(value: Any) -> str:
    known = (None, "OpenTelemetry", "ApplicationInsights")
    return "" if value in known else "it has to be OpenTelemetry, or left out; the host knows no other"


MUST: dict[str, Rule] = {
    "version": _is("2.0", "the host reads no other"),
    "functionTimeout": _timeout,
    "extensionBundle.id": _bundle,
    "extensions.http.routePrefix": _prefix,
    "extensions.http.dynamicThrottlesEnabled": _throttles,
    "extensions.queues.messageEncoding": _is("none", "fno-link reads base64 and plain text itself"),
    "extensions.queues.batchSize": _batch,
    "extensions.queues.maxDequeueCount": _count(5, "else storage that is away for a moment sets events aside"),
    "extensions.queues.visibilityTimeout": _between(
        timedelta(seconds=5), timedelta(minutes=10), "what failed is tried again after it; without it at once"
    ),
    "extensions.serviceBus.autoCompleteMessages": _settled,
    "extensions.serviceBus.maxAutoLockRenewalDuration": _renewal,
}
"""Without these events are lost, delayed or refused."""
SHOULD: dict[str, Rule] = {
    "extensionBundle.version": _range,
    "extensions.queues.maxPollingInterval": _between(
        timedelta(milliseconds=100), timedelta(seconds=30), "an idle app notices events only after it; 1 minute without"
    ),
    "logging.applicationInsights.samplingSettings.excludedTypes": _excluded,
    "telemetryMode": _telemetry,
}
"""Without these it works, but late or unseen."""
