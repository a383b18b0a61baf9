"""The seal of the page's forms: that they stand in a page which was opened with the same key, not long ago.

Nothing is kept for it, so that any instance can check what another has made. It is an HMAC under the very key that
opened the page: who does not have the key can neither make a seal nor use one, and with a key that is taken back all
its seals are void. A page that was opened without a key (`func start` asks for none) has nothing to seal with, and no
forms. Source: "Cross-Site Request Forgery Prevention Cheat Sheet" (OWASP), tokens by HMAC without state; the key is
found as `AuthenticationLevelHandler` of azure-functions-host finds it: a header that is there counts before the query.
"""

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Literal

from integration.web.message import Request

LASTS = timedelta(hours=12)
"""For how long a page may stay open, before its forms are refused: a shift."""
_PURPOSE = b"fno-link status forms 1 "
_DIGITS = 12

type Verdict = Literal["good", "old", "wrong"]


def key_of(request: Request) -> str:
    """Return the key that a request presents; empty: none."""
    named = next((value for name, value in request.query.items() if name.lower() == "code"), "")
    return request.headers.get("x-functions-key", named)


def seal(key: str, now: datetime) -> str:
    """Seal the forms of a page.

    Args:
        key: That opened it.
        now: When.
    """
    until = str(int((now + LASTS).timestamp()))
    return f"{until}.{_mac(key, until)}"


def judged(text: str, key: str, now: datetime) -> Verdict:
    """Judge a seal.

    Args:
        text: As it came with a form.
        key: That the form was sent with.
        now: When.
    """
    until, _, mac = text.partition(".")
    if not key or not (until.isascii() and until.isdigit() and len(until) <= _DIGITS):
        return "wrong"
    if not hmac.compare_digest(mac.encode("utf-8", "replace"), _mac(key, until).encode()):
        return "wrong"
    return "good" if now.timestamp() < int(until) else "old"


def _mac(key: str, until: str) -> str:
    return hmac.new(key.encode("utf-8", "replace"), _PURPOSE + until.encode(), hashlib.sha256).hexdigest()
