"""Entra's error answers.

Source: the page "Microsoft Entra authentication and authorization error codes" and recorded answers.
"""

from datetime import UTC, datetime
from typing import Self
from uuid import uuid4

from starlette.responses import JSONResponse, Response

from emulation.dynamics.faults import Fault


class EntraError(Exception):
    """Entra gives no token.

    Args:
        status: The HTTP status.
        error: The OAuth 2.0 error code.
        number: The number after AADSTS.
        message: The sentence after it.
    """

    def __init__(self, status: int, error: str, number: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error = error
        self.number = number
        self.message = message

    @classmethod
    def tenant_not_found(cls, tenant: str) -> Self:
        """Name a tenant that this cloud does not know."""
        message = (
            f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the "
            "correct cloud. Check with your subscription administrator, this may happen if there are no active "
            "subscriptions for the tenant."
        )
        return cls(400, "invalid_tenant", 90002, message)

    @classmethod
    def app_not_found(cls, client_id: str, directory: str) -> Self:
        """Name an application that the tenant does not have."""
        message = (
            f"Application with identifier '{client_id}' was not found in the directory '{directory}'. This can happen "
            "if the application has not been installed by the administrator of the tenant or consented to by any user "
            "in the tenant. You may have sent your authentication request to the wrong tenant."
        )
        return cls(400, "unauthorized_client", 700016, message)

    @classmethod
    def consent_required(cls, client_id: str) -> Self:
        """Name an application that nobody has let act for people."""
        message = (
            f"The user or administrator has not consented to use the application with ID '{client_id}'. Send an "
            "interactive authorization request for this user and resource."
        )
        return cls(400, "invalid_grant", 65001, message)

    @classmethod
    def wrong_secret(cls, client_id: str) -> Self:
        """Refuse a secret that the application does not have."""
        message = (
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
            f"not the client secret ID, for a secret added to app '{client_id}'."
        )
        return cls(401, "invalid_client", 7000215, message)

    @classmethod
    def expired_secret(cls, client_id: str) -> Self:
        """Refuse a secret that has expired."""
        message = (
            f"The provided client secret keys for app '{client_id}' are expired. Visit the Azure portal to create new "
            "keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added "
            "security: https://aka.ms/certCreds."
        )
        return cls(401, "invalid_client", 7000222, message)

    @classmethod
    def no_credential(cls) -> Self:
        """Refuse a request without secret or assertion."""
        message = (
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."  # as sent
        )
        return cls(401, "invalid_client", 7000218, message)

    @classmethod
    def bad_assertion(cls, number: int, message: str) -> Self:
        """Refuse a client assertion."""
        return cls(401, "invalid_client", number, message)

    @classmethod
    def no_federated(cls, number: int, what: str, value: object) -> Self:
        """Refuse a token that no federated credential of the application describes."""
        message = (
            f"No matching federated identity record found for presented assertion {what} '{value}'. Check your "
            "federated identity credential Subject, Audience and Issuer against the presented assertion."
        )
        return cls(401, "invalid_client", number, message)

    @classmethod
    def out_of_time(cls, now: float, begins: float | None, ends: float) -> Self:
        """Refuse a client assertion that is too old, or of the future: a clock is wrong, most often the client's."""
        current, first, last = (
            datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if at is not None else "not said"
            for at in (now, begins, ends)
        )
        message = (
            f"Client assertion is not within its valid time range. Current time: {current}, assertion valid from "
            f"{first}, expiry time of assertion {last}."
        )
        return cls(401, "invalid_client", 700024, message)

    @classmethod
    def unsupported_grant(cls, grant: str) -> Self:
        """Refuse a grant that an application of its own cannot use."""
        return cls(400, "unsupported_grant_type", 70003, f"The app requested an unsupported grant type '{grant}'.")

    @classmethod
    def invalid_scope(cls, scope: str) -> Self:
        """Refuse a scope without /.default."""
        message = (
            f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value with "
            "/.default suffixed to the resource identifier (application ID URI)."
        )
        return cls(400, "invalid_scope", 1002012, message)

    @classmethod
    def not_a_public_client(cls, client_id: str) -> Self:
        """Refuse a sign-in without a secret to an application that has to have one."""
        message = (
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'. The "
            f"application '{client_id}' does not allow public client flows."
        )
        return cls(401, "invalid_client", 7000218, message)

    @classmethod
    def of_device_code(cls, error: str) -> Self:
        """Answer a question about a device code: not answered yet, refused, too late, asked too often, or no code."""
        number, message = DEVICE_CODES[error]
        return cls(400, error, number, message)

    @classmethod
    def no_such_user(cls, user: str, tenant: str, client_id: str) -> Self:
        """Refuse a person of another tenant."""
        message = (
            f"User account '{user}' from identity provider 'https://sts.windows.net/' does not exist in tenant "
            f"'{tenant}' and cannot access the application '{client_id}' in that tenant. The account needs to be added "
            "as an external user in the tenant first. Sign out and sign in again with a different user account."
        )
        return cls(400, "invalid_grant", 50020, message)

    @classmethod
    def refresh_token_gone(cls) -> Self:
        """Refuse a refresh token that is not one, or is no more."""
        return cls(400, "invalid_grant", 70000, "Provided grant is invalid or malformed.")

    @classmethod
    def resource_not_found(cls, resource: str, directory: str) -> Self:
        """Name a resource that the tenant does not have."""
        message = (
            f"The resource principal named {resource} was not found in the tenant named {directory}. This can happen "
            "if the application has not been installed by the administrator of the tenant or consented to by any user "
            "in the tenant. You might have sent your authentication request to the wrong tenant."
        )
        return cls(400, "invalid_resource", 500011, message)

    @classmethod
    def no_consent(cls, client_id: str) -> Self:
        """Say that nobody consented to what an application would do for a person."""
        message = (
            f"The user or administrator has not consented to use the application with ID '{client_id}' named "
            f"'{client_id}'. Send an interactive authorization request for this user and resource."
        )
        return cls(400, "invalid_grant", 65001, message)

    @classmethod
    def not_preauthorized(cls, client_id: str, resource: str) -> Self:
        """Refuse an application of Microsoft's own what Microsoft does not let it."""
        message = (
            f"Consent between first party application '{client_id}' and first party resource '{resource}' must be "
            "configured via preauthorization - applications owned and operated by Microsoft must get approval from the "
            "API owner before requesting tokens for that API."
        )
        return cls(400, "invalid_grant", 65002, message)

    @classmethod
    def not_assigned(cls, client_id: str, resource: str) -> Self:
        """Say that who asks was granted no role of an application that wants that."""
        message = f"Application '{client_id}' is not assigned to a role for the application '{resource}'."
        return cls(400, "invalid_grant", 501051, message)


DEVICE_CODES: dict[str, tuple[int, str]] = {
    "authorization_pending": (70016, "OAuth 2.0 device flow error. Authorization is pending. Continue polling."),
    "slow_down": (70016, "The client asks too often."),
    "authorization_declined": (65004, "User declined to consent to access the app."),
    "expired_token": (70019, "Verification code expired. Have the user retry the sign-in."),
    "bad_verification_code": (70018, "Invalid verification code."),
}
"""By OAuth error (page "OAuth 2.0 device authorization grant flow"), with the number of the page of codes."""

# What a fault set by the control API says in Entra's words.
FAULTS: dict[str, EntraError] = {
    "unauthorized": EntraError.wrong_secret("this app"),
    "forbidden": EntraError(403, "access_denied", 53003, "Access has been blocked by Conditional Access policies."),
    "not_found": EntraError(404, "invalid_request", 900144, "The endpoint was not found."),
    "throttled": EntraError(429, "temporarily_unavailable", 90055, "There are too many incoming requests."),
    "unavailable": EntraError(
        503, "temporarily_unavailable", 90033, "A transient error has occurred. Please try again."
    ),
}


def refusal(fault: Fault) -> Response:
    """Return Entra's answer for a fault that is a status."""
    error = FAULTS.get(fault.effect, FAULTS["unauthorized"])
    digits = "".join(filter(str.isdigit, fault.code))
    return respond(
        EntraError(
            fault.status or error.status, error.error, int(digits or error.number), fault.message or error.message
        )
    )


def respond(error: EntraError) -> Response:
    """Return an error as Entra's token endpoint words it."""
    trace, correlation = str(uuid4()), str(uuid4())
    timestamp = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    description = (
        f"AADSTS{error.number}: {error.message} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {timestamp}"
    )
    return JSONResponse(
        {
            "error": error.error,
            "error_description": description,
            "error_codes": [error.number],
            "timestamp": timestamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={error.number}",
        },
        status_code=error.status,
    )
