"""Whether an account is asked by way of a proxy that the environment names.

aiohttp, by which the Azure SDK sends, looks for one before each request, on another thread, where there is none too: a
quarter of the processor time that a small request takes. So it is looked once, when a client is built. Source:
`get_env_proxy_for_url` of aiohttp, whose rules these are; azure-core, `AioHttpTransport`, `use_env_settings`.
"""

from urllib.parse import urlsplit


def has_proxy(url: str) -> bool:
    """Tell whether the environment names a proxy for a URL; on Windows and macOS, the system's settings, too.

    Args:
        url: Of the account's service.
    """
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415  # imported at first use: import budget

    parts = urlsplit(url)
    return parts.scheme in getproxies() and not (parts.hostname and proxy_bypass(parts.hostname))
