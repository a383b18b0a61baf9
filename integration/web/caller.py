"""Who asks, as far as a request itself says."""

from integration.web.message import Request
from integration.web.status.seal import key_of


def caller_of(request: Request) -> str:
    """Name a caller: by its key, by the token that it shows or, where nothing is asked for, not at all."""
    return key_of(request) or request.headers.get("authorization", "")
