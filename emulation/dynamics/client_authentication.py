"""Who is asking for a token: client secret, certificate assertion, or a token of a federated issuer."""

import hmac
from typing import Any

import jwt
from jwt.types import Options

from emulation.dynamics.entra_errors import EntraError
from emulation.dynamics.signing import assertion_certificate
from emulation.dynamics.state import State
from emulation.dynamics.world import App, Tenant

type Form = dict[str, str]

BUT_FOR_TIME: Options = {
    "require": ["exp", "aud", "iss", "sub"],
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
}
"""The times are judged by the world's clock, which may not be this machine's."""

EXCHANGE = "api://AzureADTokenExchange"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def authenticate(state: State, tenant: Tenant, host: str, form: Form) -> App:
    """Return the app registration that proved itself.

    Args:
        state: The world.
        tenant: The tenant it was asked at.
        host: The authority's host; the assertion's audience names it.
        form: The token request's fields.

    Raises:
        EntraError: It did not prove itself.
    """
    client_id = form.get("client_id", "")
    app = state.apps.get(client_id)
    if app is None or (app.managed_identity and not app.federated) or state.tenant(app.tenant) != tenant:
        raise EntraError.app_not_found(client_id, tenant.domain)
    if "client_assertion" in form:
        if app.federated and _claims(form["client_assertion"]).get("iss") != client_id:
            _check_federated(state, app, form)
        else:
            _check_assertion(state, app, tenant, host, form)
    elif "client_secret" in form:
        _check_secret(state, app, form["client_secret"])
    else:
        raise EntraError.no_credential()
    return app


def _check_secret(state: State, app: App, given: str) -> None:
    for secret in app.secrets:
        if hmac.compare_digest(secret.value.encode(), given.encode()):
            if secret.expires and secret.expires <= state.now():
                raise EntraError.expired_secret(app.client_id)
            return
    raise EntraError.wrong_secret(app.client_id)


def _claims(assertion: str) -> dict[str, object]:
    """Read what an assertion says of itself, before anything of it is believed."""
    try:
        return jwt.decode(assertion, options={"verify_signature": False})
    except jwt.InvalidTokenError as error:
        raise EntraError.bad_assertion(50027, "JWT token is invalid or malformed.") from error


def _check_federated(state: State, app: App, form: Form) -> None:
    """Refuse as the page "Microsoft Entra authentication and authorization error codes" says of each mismatch."""
    said = _claims(form["client_assertion"])
    issued = [each for each in app.federated if each.issuer == said.get("iss")]
    if not issued:
        raise EntraError.no_federated(700211, "issuer", said.get("iss"))
    credential = next((each for each in issued if each.subject == said.get("sub")), None)
    if credential is None:
        raise EntraError.no_federated(700213, "subject", said.get("sub"))
    try:
        claims = jwt.decode(
            form["client_assertion"],
            credential.key,
            algorithms=["RS256"],
            audience=EXCHANGE,
            options=BUT_FOR_TIME,
        )
    except jwt.InvalidAudienceError as error:
        raise EntraError.no_federated(700212, "audience", said.get("aud")) from error
    except jwt.InvalidTokenError as error:
        raise EntraError.bad_assertion(7000275, "Client assertion failed signature validation.") from error
    _check_time(state, claims)


def _check_assertion(state: State, app: App, tenant: Tenant, host: str, form: Form) -> None:
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise EntraError.bad_assertion(50027, "The client assertion type is not jwt-bearer.")
    try:
        certificate = assertion_certificate(form["client_assertion"], app.certificates)
        if certificate is None:
            raise EntraError.bad_assertion(
                700027,
                "The certificate with identifier used to sign the client assertion is not registered on application.",
            )
        audience = [
            f"https://{host}/{name}{rest}"
            for name in (tenant.id, tenant.domain)
            for rest in ("/oauth2/v2.0/token", "/oauth2/token", "/v2.0", "/")
        ]
        claims = jwt.decode(
            form["client_assertion"],
            certificate.public_key(),  # pyright: ignore[reportArgumentType]  (an RSA key, or decoding refuses it)
            algorithms=["RS256", "PS256"],
            audience=audience,
            issuer=app.client_id,
            subject=app.client_id,
            options=BUT_FOR_TIME,
        )
    except jwt.InvalidAudienceError as error:
        raise EntraError.bad_assertion(
            700023, "Client assertion audience claim does not match Realm issuer."
        ) from error
    except jwt.InvalidTokenError as error:
        raise EntraError.bad_assertion(700027, "Client assertion failed signature validation.") from error
    _check_time(state, claims)


def _check_time(state: State, claims: dict[str, Any]) -> None:
    """Refuse an assertion that this world's clock finds too old, or of the future."""
    now = state.epoch()
    if not claims.get("nbf", now) <= now < claims["exp"]:
        raise EntraError.out_of_time(now, claims.get("nbf"), claims["exp"])
