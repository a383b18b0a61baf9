"""What Entra's refusals mean and what to do about them; pure.

Source: the page "Microsoft Entra authentication and authorization error codes".
"""

import re
from typing import Any

from integration.errors import LinkUnknown, Throttled, Unauthenticated, Unreachable

_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500

ADVICE = {
    "AADSTS7000215": "The client secret is wrong: configure the secret's value, not its id.",
    "AADSTS7000222": "The client secret has expired: create a new one for the app registration and configure it.",
    "AADSTS7000112": "The application is disabled in the tenant: enable it under enterprise applications.",
    "AADSTS700016": "The client id is not known in the tenant: check the client id and the tenant.",
    "AADSTS700024": "The client certificate's assertion is outside its time: check this machine's clock.",
    "AADSTS700027": "The client certificate is not the registered one: upload it to the app registration.",
    "AADSTS90002": "The tenant does not exist: check the tenant's domain or id, and the cloud.",
    "AADSTS500011": "The resource is not known in the tenant: check the organization's URL and the tenant.",
    "AADSTS53003": "A conditional-access policy blocks the application: exclude it or its network.",
}

_TRANSIENT = {"AADSTS90033", "AADSTS90012", "AADSTS90006", "AADSTS50196"}
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
        Unreachable for Entra's own transient trouble, else Unauthenticated with what to do.
    """
    if code in _TRANSIENT or code == "temporarily_unavailable":
        return Unreachable(f"Microsoft Entra is briefly unavailable ({code}).", status=status, remote_code=code)
    advice = ADVICE.get(code or "", "Check the app registration, its secret or certificate, and the tenant.")
    return Unauthenticated(
        f"Microsoft Entra refused a token for {client} ({code or 'no code'}). {advice}",
        status=status,
        remote_code=code,
    )


def interruption(status: int, retry_after: float | None) -> LinkUnknown | None:
    """Tell whether an HTTP status of Entra is its own trouble, not an answer; the error for it, or None."""
    if status == _TOO_MANY_REQUESTS:
        return Throttled("Microsoft Entra asked to slow down.", status=status, retry_after=retry_after)
    if status >= _SERVER_ERROR:
        return Unreachable(f"Microsoft Entra answered {status}.", status=status, retry_after=retry_after)
    return None
