"""The status page as HTML: complete without JavaScript, and with no request but for itself.

Everything that is not ours is escaped by the templates; what is not seen as itself (control characters, bidirectional
overrides) is written by its number first.
"""

import base64
import hashlib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from integration.operations.status_shapes import Level, PublicStatus, Status
from integration.plain_text import plain
from integration.web.message import Response
from integration.web.status import drawing
from integration.web.status.actions import SPANS
from integration.web.status.forms import Forms
from integration.web.status.searched import Searched

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

_FOLDER = Path(__file__).parent / "page"
_WORDS: dict[Level, str] = {"pass": "OK", "warn": "Warning", "fail": "Trouble"}
# A disc, a triangle and a square: told apart without their colour.
_ICONS: dict[Level, str] = {
    "pass": "<circle cx='8' cy='8' r='7' fill='%231a7f37'/>",
    "warn": "<path d='M8 1l7 14H1z' fill='%239a6700'/>",
    "fail": "<path d='M1 1h14v14H1z' fill='%23cf222e'/>",
}
_ICON = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>{}</svg>"
_STEPS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def page(  # what it shows, and what can be done on it
    status: Status,
    *,
    search: bool = True,
    forms: Forms | None = None,
    found: Searched | None = None,
    key: str = "",
) -> bytes:
    """Render the page.

    Args:
        status: What it shows.
        search: Whether events can be looked for.
        forms: What can be done on it; None: nothing.
        found: The event that was looked for.
        key: That opened the page, where it stands in the page's address: its forms carry it on, as a browser replaces
            the whole query by a form's fields. It stands in no link, which would be printed with it.
    """
    return (
        _template("page.html")
        .render(
            status=status,
            search=search,
            forms=forms,
            found=found,
            key=key,
            spans=SPANS,
            title=f"{_WORDS[status.level]}{_counted(status)} – fno-link",
            icon=_ICON.format(_ICONS[status.level]),
            css=_ours("page.css"),
            script=_ours("refresh.js"),
            when=_When(status.at),
            iso=_iso,
            paths=drawing.day_paths,
            in_words=drawing.days_in_words,
            bars=drawing.hour_bars(status.hours),
            top=drawing.ceiling(status.hours),
            day_width=drawing.DAY_WIDTH,
            day_height=drawing.DAY_HEIGHT,
            hour_width=drawing.HOUR_WIDTH,
            chart_height=drawing.CHART_HEIGHT,
        )
        .encode()
    )


def public_page(status: PublicStatus) -> bytes:
    """Render the page that anybody may see.

    Args:
        status: What it shows.
    """
    return (
        _template("public.html")
        .render(
            status=status,
            title=f"{_WORDS[status.level]} – fno-link",
            icon=_ICON.format(_ICONS[status.level]),
            css=_ours("page.css"),
            when=_When(status.at),
        )
        .encode()
    )


def refused(response: Response, *, heading: str = "Not done") -> bytes:
    """Render what went wrong, and the way back.

    Args:
        response: The error's problem details.
        heading: What has not been done.
    """
    told = msgspec.json.decode(response.body)
    return (
        _template("refused.html")
        .render(told=told, heading=heading, icon=_ICON.format(_ICONS["fail"]), css=_ours("page.css"))
        .encode()
    )


def policy_of_drawings() -> dict[str, str]:
    """Give the header by which a drawing that is opened by itself loads and runs nothing."""
    return {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}


@cache
def policy(*, forms: bool = False) -> dict[str, str]:
    """Give the headers that keep the page from loading, running or telling anything but its own.

    The page's address may hold a key: nothing of it is sent as a referrer, and nothing is kept by a cache.

    Args:
        forms: Whether forms are sent from it: their `Origin` is `null` where no referrer at all is allowed (Fetch
            Standard, "append a request `Origin` header"), so that the name of the host may be told, and no more.
    """
    style, script = _digest("page.css"), _digest("refresh.js")
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src '{style}'; script-src '{script}'; img-src data:; connect-src 'self'; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
        "Referrer-Policy": "strict-origin" if forms else "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }


class _When:
    """Writes times, with how long ago they were when the page was made."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def __call__(self, at: datetime | None) -> str:
        return "never" if at is None else self.at(at) + f" ({_apart((self._now - at).total_seconds())})"

    def at(self, at: datetime) -> "Markup":
        """Write a time alone."""
        from markupsafe import Markup  # noqa: PLC0415  # imported at first use: import budget

        at = at.astimezone(UTC)
        return Markup('<time datetime="{}">{}</time>').format(_iso(at), f"{at:%d %b %H:%M} UTC")

    def lasting(self, at: datetime) -> str:
        """Write for how long something has been so."""
        return _amount((self._now - at).total_seconds()) or "just now"


def _apart(seconds: float) -> str:
    amount = _amount(abs(seconds))
    if not amount:
        return "just now"
    return f"{amount} ago" if seconds > 0 else f"in {amount}"


def _amount(seconds: float) -> str:
    """Write a duration by its largest unit; empty: it is shorter than any."""
    return next((f"{seconds // step:.0f} {unit}" for step, unit in _STEPS if seconds >= step), "")


def _counted(status: Status) -> str:
    count = len(status.open_incidents)
    return f": {count} open incident{'' if count == 1 else 's'}" if count else ""


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _ours(name: str) -> str:
    from markupsafe import Markup  # noqa: PLC0415  # imported at first use: import budget

    return Markup(_text(name))  # noqa: S704  # our own file


@cache
def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _digest(name: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(_text(name).encode()).digest()).decode()}"


@cache
def _template(name: str) -> "Template":
    from jinja2 import Environment  # noqa: PLC0415  # imported at first use: import budget

    environment = Environment(autoescape=True, finalize=_clean, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_text(name))


def _clean(value: Any) -> Any:
    """Clean what is about to be escaped; what is markup already is ours."""
    return plain(value) if type(value) is str else value
