"""Where a deployed fno-link is; pure."""

from urllib.parse import quote, urlsplit

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def app_address(url: str) -> str:
    """Check the address of a function app.

    Args:
        url: `https://HOST`, with or without `/api` at its end; a path before it is that of a gateway.

    Returns:
        The same without `/api` and slashes at its end.

    Raises:
        ValueError: It is none, or a key would travel in the clear: plain http is taken for this machine alone.
    """
    base = url.rstrip("/").removesuffix("/api")
    try:
        parts = urlsplit(base)
        parts.port  # noqa: B018 - reading it judges it
    except ValueError as error:
        msg = f"{url!r} is no URL: {error}"
        raise ValueError(msg) from error
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        msg = "an https URL is taken: the key must not travel in the clear (http only on this machine)"
        raise ValueError(msg)
    if not parts.hostname or "@" in parts.netloc or "?" in base or "#" in base:
        msg = f"the address of a function app is https://HOST or https://HOST/api, not {url!r}"
        raise ValueError(msg)
    return base


def link_address(base: str, name: str, *, by_token: bool) -> str:
    """Return the URL of an organization's link.

    Args:
        base: What `app_address` returned.
        by_token: Whether a token of Entra is shown: those are taken at paths of their own.
        name: The organization's name; whatever it holds, it stays one segment of the path.

    Raises:
        ValueError: No organization has such a name: it is empty, or a dot segment, which a URL would swallow.
    """
    if name in {"", ".", ".."}:
        msg = f"{name!r} is no name of an organization"
        raise ValueError(msg)
    return f"{base}/api/{'entra/' if by_token else ''}organizations/{quote(name, safe='')}/link"
