"""What Entra's refusals mean and what to do about them; pure.

Source: the page "Microsoft Entra authentication and authorization error codes".
"""

import re
from typing import Any

from integration.errors import LinkUnknown, Throttled, Unauthenticated, Unreachable
from integration.identity.aadsts import MEANINGS

_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500

_CODE = re.compile(r"AADSTS\d+")


def refusal_code(answer: dict[str, Any]) -> str | None:
    """Return the AADSTS code of an error answer, else its OAuth error name, else None."""
    found = _CODE.search(str(answer.get("error_description", "")))
    if found:
        return found.group()
    numbers = answer.get("error_codes")
    if isinstance(numbers, list) and numbers and isinstance(numbers[0], int):
        return f"AADSTS{numbers[0]}"
    error = answer.get("error")
    return error if isinstance(error, str) and len(error) <= 80 else None  # noqa: PLR2004 (a name, not a text)


def explain(client: str, code: str | None, *, status: int | None = None) -> LinkUnknown:
    """Make the error for a refused token.

    Args:
        client: Who asked, for the message (`client 1234… in tenant contoso.onmicrosoft.com`).
        code: The AADSTS code or OAuth error name.
        status: The HTTP status, where known.

    Returns:
        Unreachable for Entra's own transient trouble, else Unauthenticated; what to do is its hint.
    """
    meaning = MEANINGS.get(code or "")
    if code == "temporarily_unavailable" or (meaning is not None and meaning.about == "entra"):
        return Unreachable(f"Microsoft Entra is briefly unavailable ({code}).", status=status, remote_code=code)
    why = f": {meaning.why}" if meaning else ""
    return Unauthenticated(
        f"Microsoft Entra refused a token for {client} ({code or 'no code'}){why}.",
        status=status,
        remote_code=code,
        hint=meaning.hint if meaning else "",
    )


def interruption(status: int, retry_after: float | None) -> LinkUnknown | None:
    """Tell whether an HTTP status of Entra is its own trouble, not an answer; the error for it, or None."""
    if status == _TOO_MANY_REQUESTS:
        return Throttled("Microsoft Entra asked to slow down.", status=status, retry_after=retry_after)
    if status >= _SERVER_ERROR:
        return Unreachable(f"Microsoft Entra answered {status}.", status=status, retry_after=retry_after)
    return None
