"""Where hosts stand that a sender posts to: production names lead to loopback, all others nowhere."""

from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class NoSuchHost(Exception):
    """The host is not part of this world; the message names it."""


def place_of(sites: dict[str, str], url: str) -> tuple[str, int]:
    """Return host and port on loopback of what a URL names.

    Args:
        sites: By host name in lower case, a URL on loopback.
        url: The URL; its host is one of the sites, or loopback itself.

    Raises:
        NoSuchHost: It is neither.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if host in sites:
        parts = urlsplit(sites[host])
    elif host not in LOOPBACK:
        raise NoSuchHost(host)
    return "127.0.0.1", parts.port or 80
