"""Where a form was sent from, by what the browser itself says of it: no page of another site can say otherwise.

In this order, each where the one before is missing, as browsers have come to send them:

1. `Sec-Fetch-Site` (all browsers of today, over https and on loopback): `same-origin`, or `none`, which says nothing;
2. `Origin`: it must be ours in any case, and is `null` only where the page's own policy keeps it back;
3. `Referer`, of which the page's policy leaves the origin.

A request that has none of them is refused: a program has the HTTP API. Sources: "Cross-Site Request Forgery Prevention
Cheat Sheet" (OWASP), the sections on Fetch Metadata and on verifying the origin; "Fetch Metadata Request Headers"
(W3C); Fetch Standard, "append a request `Origin` header".
"""

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

_OURS, _UNSAID = "same-origin", "none"
# What stands before an app tells it the name that the browser asked for: App Service and Front Door by the first,
# Application Gateway by the last. A form cannot set a header.
_HOSTS = ("host", "x-forwarded-host", "x-original-host")
_PORTS = {"http": ":80", "https": ":443"}


def foreign(headers: Mapping[str, str]) -> str:
    """Say why a form cannot be one of our own page.

    Args:
        headers: Of the request; names lower-cased.

    Returns:
        The reason; empty: it was sent from our own page.
    """
    site = headers.get("sec-fetch-site", "").strip().lower()
    if site not in ("", _OURS, _UNSAID):
        return f"the browser says that it was sent by another site ({site[:20]})"
    origin = headers.get("origin", "").strip()
    if origin and not (origin == "null" and site == _OURS):
        return "" if _is_ours(origin, headers) else "it was sent by a page of another origin"
    if site == _OURS:
        return ""
    referer = headers.get("referer", "").strip()
    if not referer:
        return "the browser does not say which page it was sent by"
    return "" if _is_ours(referer, headers) else "it was sent by a page of another origin"


def _is_ours(url: str, headers: Mapping[str, str]) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    scheme = headers.get("x-forwarded-proto", "").split(",")[0].strip().lower()
    if parts.scheme not in _PORTS or (scheme and scheme != parts.scheme):
        return False
    host = parts.netloc.lower().removesuffix(_PORTS[parts.scheme])
    return bool(host) and host in (each.removesuffix(_PORTS[parts.scheme]) for each in _asked_for(headers))


def _asked_for(headers: Mapping[str, str]) -> Iterator[str]:
    for name in _HOSTS:
        for each in headers.get(name, "").split(","):
            if host := each.strip().lower():
                yield host
