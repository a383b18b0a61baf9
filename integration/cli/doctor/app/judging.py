"""What an app's answers mean; pure.

Source: "Health Check Response Format for HTTP APIs" (draft-inadarei-api-health-check) for `status` and `version`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast
from urllib.parse import urlsplit

from integration.cli.doctor.app.asking import HEALTH_MEDIA, Reply
from integration.cli.doctor.app.steps import APP, HEALTH, HTTPS, KEY, VERSION
from integration.cli.doctor.step import Finding, failed, passed, skipped, warned
from integration.plain_text import plain

SHOWN = 6
LONGEST = 300
_DETAILS = ("checks", "targets", "sources", "app")


def judge_app(reply: Reply) -> Finding:
    """Judge whether fno-link answers at all.

    Args:
        reply: To `GET /api/health`.
    """
    if not reply.status:
        told = f"it did not answer: {plain(reply.error, longest=LONGEST)}"
        refused = "CERTIFICATE" in reply.error.upper() or "SSL" in reply.error.upper()
        return failed(APP, told, verdict="fail" if refused else "unknown")
    if reply.media == HEALTH_MEDIA:
        return passed(APP, f"it answered {reply.status}")
    told = f"it answered {reply.status} ({plain(reply.media, longest=80) or 'no content type'}), not as fno-link does"
    if reply.status >= 500:  # noqa: PLR2004 (HTTP statuses read best as such)
        return failed(APP, told, verdict="unknown")
    return failed(APP, told)


def plain_address(base: str) -> str:
    """Return where an app would answer without TLS; empty: that cannot be told.

    Args:
        base: Its address.
    """
    parts = urlsplit(base)
    return f"http://{parts.hostname}" if parts.scheme == "https" and parts.port is None else ""


def judge_https(base: str, reply: Reply | None) -> Finding:
    """Judge whether it can be asked in the clear.

    Args:
        base: Its address.
        reply: Of the plain address; None: it was not asked.
    """
    if reply is None:
        port = urlsplit(base).scheme == "https"
        return skipped(HTTPS, "its address names a port" if port else "it is asked over http, on this machine")
    if not reply.status:
        return passed(HTTPS, "nobody answers over http")
    if 300 <= reply.status < 400 and reply.location.lower().startswith("https://"):  # noqa: PLR2004 (same)
        return passed(HTTPS, f"over http it answers {reply.status} and leads to https")
    if reply.media == HEALTH_MEDIA:
        return failed(HTTPS, f"it answers over http, too ({reply.status}): keys may travel in the clear")
    return passed(HTTPS, f"over http it answers {reply.status}, and not as fno-link does")


def judge_health(reply: Reply, details: Reply | None) -> Finding:
    """Judge how the app says that it is.

    Args:
        reply: To `GET /api/health`.
        details: To `GET /api/health/details`; None: nobody has a key that opens it.
    """
    told = (details.content if details else None) or reply.content
    status, problems = told.get("status"), told.get("problems")
    if problems:
        listed: Sequence[Any] = cast("list[Any]", problems) if isinstance(problems, list) else ()
        first = "; ".join(_problem(each) for each in listed[:SHOWN])
        count = len(listed) or plain(f"{told.get('problems')}", longest=20)
        return failed(HEALTH, f"its configuration has {count} problems{f': {first}' if first else ''}", _MEND)
    if status == "pass":
        return passed(HEALTH, "pass")
    wrong = _wrong(told)
    message = f"{plain(str(status), longest=80)}{f': {wrong}' if wrong else ''}"
    if details is None:
        message += "; FNO_LINK_KEY opens no details"
    if status in ("warn", "fail"):
        return warned(HEALTH, message) if status == "warn" else failed(HEALTH, message)
    return failed(HEALTH, f"it says {message}", verdict="unknown")


_MEND = (
    "Mend them and restart the app: with problems it takes no events. The app settings are those of the app in Azure."
)


def _problem(problem: Any) -> str:
    known = _members(problem)
    return plain(f"{known.get('key', '')}: {known.get('message', '')}", longest=LONGEST)


def _wrong(told: Mapping[str, Any]) -> str:
    found: list[str] = []
    for part in _DETAILS:
        for name, each in _members(told.get(part)).items():
            known = _members(each)
            if known.get("status") not in (None, "pass"):
                found.append(f"{name} {known.get('status')} {known.get('code') or known.get('trouble') or ''}".strip())
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return plain(", ".join(found[:SHOWN]) + more, longest=LONGEST)


def _members(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def judge_version(details: Reply | None, ours: str) -> Finding:
    """Judge whether app and command line are of one version.

    Args:
        details: To `GET /api/health/details`; None: it could not be read.
        ours: The command line's.
    """
    if details is None:
        return skipped(VERSION, "FNO_LINK_KEY opens no details", KEY)
    theirs = details.content.get("version")
    if theirs == ours:
        return passed(VERSION, ours)
    if isinstance(theirs, str):
        return warned(VERSION, f"the app is {plain(theirs, longest=40)}, this command line {ours}")
    return warned(VERSION, f"the app does not say its version, so it is older than this command line, {ours}")
