"""Where hosts stand that a sender posts to: production names lead to loopback, all others nowhere."""

from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class NoSuchHost(Exception):
    """The host is not part of this world; the message names it."""


def site_of(sites: dict[str, str], url: str) -> str:
    """Return where the host of a URL stands: under its own name, one with `*.` before its domain, or `*`.

    Args:
        sites: By host name in lower case, a URL on loopback.
        url: The URL.

    Returns:
        The URL on loopback; empty: nowhere.
    """
    host = (urlsplit(url).hostname or "").lower()
    labels = host.split(".")
    domains = (f"*.{'.'.join(labels[at:])}" for at in range(1, len(labels)))
    return next((sites[name] for name in (host, *domains, "*") if name in sites), "")


def place_of(sites: dict[str, str], url: str) -> tuple[str, int]:
    """Return host and port on loopback of what a URL names.

    Args:
        sites: By host name in lower case, a URL on loopback.
        url: The URL; its host is one of the sites, or loopback itself.

    Raises:
        NoSuchHost: It is neither.
    """
    parts = urlsplit(url)
    if (parts.hostname or "").lower() not in LOOPBACK:
        site = site_of(sites, url)
        if not site:
            raise NoSuchHost(parts.hostname)
        parts = urlsplit(site)
    return "127.0.0.1", parts.port or 80
