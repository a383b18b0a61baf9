"""Getting a token from Entra through msal. Synchronous: for threads only."""

import math
import os
import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

from integration.config.keys.model import Credentials
from integration.config.settings.settings import FEDERATED_TOKEN_FILE
from integration.errors import LinkUnknown, Unauthenticated, UnexpectedAnswer, Unreachable
from integration.identity.certificate import client_credential
from integration.identity.grants import Grant
from integration.identity.refusals import explain, refusal_code
from integration.identity.session import Interrupted, Session

_IN_HEADER = re.compile(r"[!-~]+")
_LONGEST = 86_400.0
_DIGITS = 15
_ERROR = re.compile(r"[!-~]{1,100}")
"""How an error of OAuth 2.0 reads (RFC 6749, 5.2)."""

NONSENSE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""What msal falls over when an answer is JSON of another shape than it expects, or none at all."""


@contextmanager
def told_of(client: str) -> Generator[None]:
    """Turn what msal falls over into an error of the tree.

    Args:
        client: Who asks, and in which tenant, for the message.

    Raises:
        LinkUnknown: The tenant is not known, or the answer could not be read.
    """
    try:
        yield
    except Interrupted as interrupted:
        raise interrupted.error from interrupted
    except LinkUnknown:
        raise
    except NONSENSE as error:
        # msal's discovery says so for a tenant that Entra does not know, and for an answer that is not JSON.
        if "Discovery failed" in str(error) or "authority configuration" in str(error):
            raise explain(client, "AADSTS90002") from None
        msg = f"Microsoft Entra's answer for {client} could not be read ({type(error).__name__})."
        raise UnexpectedAnswer(msg) from None


class Entra:
    """msal's applications, built at first use: their constructor already talks to the network."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._applications: dict[tuple[str, str], tuple[Credentials, Any]] = {}

    def grant(self, authority: str, credentials: Credentials, scope: str) -> Grant:
        """Get a new token for an app registration.

        Args:
            authority: `https://login.microsoftonline.com/{tenant}`.
            credentials: With client id and secret or certificate.
            scope: `{resource}/.default`.

        Raises:
            LinkUnknown: Unauthenticated with Entra's code, Throttled or Unreachable.
        """
        client = f"client {credentials.client_id} in tenant {authority.rsplit('/', 1)[-1]}"
        with told_of(client), self._application(authority, credentials) as application:
            # Keeping tokens is our work (`Grants`): msal's own cache would hand out a token that was just refused.
            application.token_cache = msal_itself().TokenCache()
            answer = application.acquire_token_for_client([scope])
            if not is_sound(answer):
                self._forget(application)
        return read_grant(answer, client)

    @contextmanager
    def _application(self, authority: str, credentials: Credentials) -> Generator[Any]:
        """Give msal's application; one that msal has fallen over is not used again."""
        application = self._built(authority, credentials)
        try:
            yield application
        except NONSENSE:
            self._forget(application)
            raise

    def _forget(self, application: Any) -> None:
        with self._lock:
            self._applications = {key: kept for key, kept in self._applications.items() if kept[1] is not application}

    def _built(self, authority: str, credentials: Credentials) -> Any:
        key = (authority, credentials.client_id)
        with self._lock:
            known = self._applications.get(key)
        if known is not None and known[0] == credentials:
            return known[1]
        application = msal_itself().ConfidentialClientApplication(
            credentials.client_id,
            client_credential=client_credential(credentials),
            authority=authority,
            http_client=Session(),
        )
        with self._lock:
            self._applications[key] = (credentials, application)
        return application


def managed_grant(client_id: str, scope: str) -> Grant:
    """Get a new token for the managed identity of this app, or for the workload identity of its pod.

    Args:
        client_id: Of a user-assigned identity; empty: the system-assigned one.
        scope: `{resource}/.default`.

    Raises:
        LinkUnknown: Unauthenticated, Throttled or Unreachable.
    """
    if os.environ.get(FEDERATED_TOKEN_FILE):
        from integration.identity.workload import workload_grant  # noqa: PLC0415 (on Kubernetes only)

        return workload_grant(os.environ, client_id, scope)
    msal = msal_itself()

    name = f"managed identity {client_id or '(system-assigned)'}"
    identity = (
        msal.UserAssignedManagedIdentity(client_id=client_id) if client_id else msal.SystemAssignedManagedIdentity()
    )
    session = Session(local=True)
    try:
        client = msal.ManagedIdentityClient(identity, http_client=session)
        answer: object = client.acquire_token_for_client(resource=scope.removesuffix("/.default"))
    except Interrupted as interrupted:
        if isinstance(interrupted.error, Unreachable) and _is_default_machine(msal):
            raise _none_here(name) from interrupted
        raise interrupted.error from interrupted
    except (*NONSENSE, OSError) as error:
        if _is_default_machine(msal):
            # Whatever answers at the address of a virtual machine's endpoint, a proxy say: it is not that endpoint.
            raise _none_here(name) from None
        msg = f"The endpoint of the {name} answered something unexpected ({type(error).__name__})."
        raise UnexpectedAnswer(msg) from None
    finally:
        session.close()
    return read_grant(answer, name)


def is_sound(answer: object) -> bool:
    """Tell whether msal's application may be asked again after this answer: a token, or an error of OAuth 2.0.

    It tells Entra at each request how the ones before it failed, in the words of their answers: an `error` that is no
    word, such as the object that gateways of Azure answer, makes it fail from then on, whatever Entra says. What was
    answered with 400 it gives again for a minute, too. Source: `telemetry.py`, `throttled_http_client.py` of msal.

    Args:
        answer: What it returned.
    """
    if not isinstance(answer, dict):
        return False
    fields = cast("dict[str, object]", answer)
    word, form = ("error", _ERROR) if "error" in fields else ("access_token", _IN_HEADER)
    said = fields.get(word)
    return isinstance(said, str) and form.fullmatch(said) is not None


def read_grant(answer: object, client: str) -> Grant:
    """Read msal's answer.

    Args:
        answer: What `acquire_token_for_client` returned.
        client: Who asked, for the message.

    Raises:
        LinkUnknown: It holds no token; Entra's code says why.
    """
    if not isinstance(answer, dict) or not answer:
        msg = f"Microsoft Entra gave no token for {client}."
        raise UnexpectedAnswer(msg)
    fields = cast("dict[str, Any]", answer)
    token = fields.get("access_token")
    if not isinstance(token, str) or not token:
        raise explain(client, refusal_code(fields))
    if not _IN_HEADER.fullmatch(token):
        msg = f"Microsoft Entra gave {client} a token that cannot be sent."
        raise UnexpectedAnswer(msg)
    return Grant(token, _lifetime(fields.get("expires_in")))


def _lifetime(written: object) -> float:
    """Read the seconds that a token lives; one that says nothing readable is used once."""
    try:
        seconds = float(str(written)[:_DIGITS])
    except ValueError:
        return 0.0
    return min(max(seconds, 0.0), _LONGEST) if math.isfinite(seconds) else 0.0


def _none_here(name: str) -> Unauthenticated:
    msg = (
        f"There is no {name} here. Configure FNO_LINK_{{NAME}}_CLIENT_ID with _CLIENT_SECRET or "
        "_CLIENT_CERTIFICATE, or assign a managed identity to the app."
    )
    return Unauthenticated(msg)


def _is_default_machine(msal: Any) -> bool:
    managed_identity = msal.managed_identity
    return managed_identity.get_managed_identity_source() is managed_identity.DEFAULT_TO_VM


def msal_itself() -> Any:
    """Import msal, at first use."""
    import msal  # pyright: ignore[reportMissingTypeStubs]  # noqa: PLC0415 (imported at first use: import budget)

    return msal
