"""The forms that a page offers, and what it says of the one that was sent before.

A form has no address of its own: it goes to that of the page, so that the key which opened the page goes along where it
was, in the address or in a header that something before the app adds, and stands in nothing that the page shows. The
answer sends the browser back to the same address.
"""

from datetime import datetime, timedelta
from urllib.parse import urlencode

import msgspec

from integration.web.message import Request, Response
from integration.web.status.actions import DONE, Done
from integration.web.status.seal import key_of, seal

TOLD_FOR = timedelta(minutes=2)
"""For how long the page says what was done: its address is kept, and opened again."""
SEE_OTHER = 303
_DIGITS = 12
_KEPT = ("code", "clientid", "limit", "after")


class Forms(msgspec.Struct, frozen=True, kw_only=True):
    """What a page needs to offer forms.

    Args:
        seal: That they stand in it.
        done: What the one before has done, in words; empty: there was none.
    """

    seal: str
    done: str = ""


def offered(request: Request, now: datetime) -> Forms | None:
    """Give the forms of a page; None where it was opened without a key.

    Args:
        request: That opens the page.
        now: When.
    """
    key = key_of(request)
    return Forms(seal=seal(key, now), done=_told(request.query.get("done", ""), now)) if key else None


def back(request: Request, done: Done, now: datetime) -> Response:
    """Send the browser back to the page, which says what was done.

    Args:
        request: That brought the form.
        done: What was done.
        now: When.
    """
    query = {name: value for name, value in request.query.items() if name.lower() in _KEPT}
    location = f"?{urlencode({**query, 'done': f'{done}.{int(now.timestamp())}'})}#done"
    return Response(status=SEE_OTHER, headers={"Location": location, "Cache-Control": "no-store"})


def _told(text: str, now: datetime) -> str:
    """Look up what was done: whoever makes somebody open an address cannot have the page say anything of their own."""
    done, _, at = text.partition(".")
    if done not in DONE or not (at.isascii() and at.isdigit() and len(at) <= _DIGITS):
        return ""
    return DONE[done] if abs(now.timestamp() - int(at)) <= TOLD_FOR.total_seconds() else ""
