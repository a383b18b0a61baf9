"""How long is the organization's credential good for?"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from integration.clock import Clock
from integration.config.keys.model import Credentials, Organization
from integration.errors import ConfigurationError, LinkUnknown, Unauthenticated, Unreachable
from integration.health.check import Answer, not_asked
from integration.health.probes import codes
from integration.health.probes.asking import ASK_WITHIN_SECONDS, answered, of_error
from integration.health.probes.causes import Causes
from integration.health.probes.registrations import Registrations
from integration.health.probes.token import TokenProbe
from integration.identity.aadsts import MEANINGS
from integration.identity.certificate import Validity, validity
from integration.loggers import logger
from integration.microsoft_graph import graph_url

log = logger("health")

EXPIRED = "AADSTS7000222"
_DAY = timedelta(days=1)
_SAYS_NOTHING = (Unreachable.__name__, ConfigurationError.__name__)
"""The token check tells them; of how long the credential is good they say nothing."""


class CredentialProbe:
    """Looks at a certificate itself, and asks Microsoft Graph when a secret expires.

    Args:
        credentials_for: Credentials by organization.
        registrations: Asks for a secret's expiry.
        token: Asks for the token before it.
        clock: The time.
        days_of: An organization's credential is bad when it is good for fewer days than this.
        within: Seconds that it may take.
    """

    def __init__(  # noqa: PLR0913 (its collaborators)
        self,
        *,
        credentials_for: Callable[[Organization], Credentials],
        registrations: Registrations,
        token: TokenProbe,
        clock: Clock,
        days_of: Callable[[Organization], int],
        within: float = ASK_WITHIN_SECONDS,
    ) -> None:
        self._credentials_for = credentials_for
        self._registrations = registrations
        self._token = token
        self._clock = clock
        self._days_of = days_of
        self._within = within

    async def ask(
        self, organization: Organization, *, token: Answer | None = None, causes: Causes | None = None
    ) -> Answer:
        """Ask.

        Args:
            organization: Whose credential.
            token: What the token check was answered: Entra's own word goes before a date.
            causes: What this round knows.

        Returns:
            `bad` where it has expired, expires soon, is not valid yet, or Entra says so; `not_asked` for a managed
            identity, for a secret whose app may not read its own registration, behind a token check that failed for
            another reason, and where Microsoft Graph gives no answer: that says nothing of the credential.
        """
        answer = await answered(
            self._question(organization, token, causes),
            within=self._within,
            whom="Microsoft Graph",
            check="credential",
            organization=organization.name,
        )
        return not_asked(answer.message) if answer.code in _SAYS_NOTHING else answer

    async def _question(self, organization: Organization, token: Answer | None, causes: Causes | None) -> Answer:
        credentials = self._credentials_for(organization)
        kind = "certificate" if credentials.client_certificate else "secret"
        if not credentials.client_certificate and not credentials.client_secret:
            return not_asked("a managed identity has no credential that expires")
        refused = _refused(token, kind, credentials) if token is not None else None
        if refused is not None:
            return refused
        if credentials.client_certificate:
            try:
                good = validity(credentials)
            except Unauthenticated as error:
                return of_error("bad", error)
            return self._dated(organization, kind, credentials, good, {})
        if token is not None and token.is_unhealthy:
            return not_asked("token")
        return await self._secret(organization, credentials, causes)

    async def _secret(self, organization: Organization, credentials: Credentials, causes: Causes | None) -> Answer:
        told = await self._registrations.known(organization, credentials, soon=self._soon(organization))
        if told is None:
            token = await self._token.ask(organization, resource=graph_url(organization), causes=causes)
            if token.health != "ok":
                return _refused(token, "secret", credentials) or not_asked("token")
            try:
                told = await self._registrations.ask(organization, credentials)
            except LinkUnknown as error:
                log.warning("%s: the expiry of the client secret is not known: %s", organization.name, error)
                return msgspec.structs.replace(
                    not_asked(str(error)), retry_after=of_error("unknown", error).retry_after
                )
        if told.silent:
            return not_asked(told.silent)
        facts = {"certain": "yes" if told.certain else "no"}
        facts |= {"key_id": told.key_id} if told.key_id else {}
        facts |= {"name": told.name} if told.name else {}
        if told.ends is None:
            return Answer(health="ok", facts=facts | {"credential": "secret", "client_id": credentials.client_id})
        return self._dated(
            organization, "secret", credentials, Validity(datetime.min.replace(tzinfo=UTC), told.ends), facts
        )

    def _soon(self, organization: Organization) -> timedelta:
        return timedelta(days=self._days_of(organization))

    def _dated(
        self, organization: Organization, kind: str, credentials: Credentials, good: Validity, facts: dict[str, str]
    ) -> Answer:
        now = self._clock.now()
        left = good.ends - now
        facts = facts | {
            "credential": kind,
            "client_id": credentials.client_id,
            "ends": good.ends.astimezone(UTC).isoformat(),
            "days": str(left // _DAY),
        }
        who = f"The client {kind} of client {credentials.client_id}"
        day = f"{good.ends:%Y-%m-%d}"
        if left <= timedelta():
            message, code = f"{who} has expired on {day}.", codes.CREDENTIAL_EXPIRED
        elif good.begins > now:
            message, code = (
                f"{who} is not valid before {good.begins:%Y-%m-%d %H:%M} UTC.",
                codes.CREDENTIAL_NOT_YET_VALID,
            )
        elif left < self._soon(organization):
            message, code = f"{who} expires on {day}, in {left // _DAY} days.", codes.CREDENTIAL_EXPIRING
        else:
            return Answer(health="ok", facts=facts)
        return Answer(health="bad", code=code, message=message, hint=_HINTS[kind], facts=facts)


_HINTS = {
    "secret": "Create a new client secret for the app registration, configure it, then remove the old one.",
    "certificate": "Upload a new certificate to the app registration, configure it with its key, then remove the old "
    "one.",
}


def _refused(token: Answer, kind: str, credentials: Credentials) -> Answer | None:
    """Read Entra's refusal of the credential itself; None where it refused nothing, or for another reason."""
    remote = token.facts.get("remote_code", "")
    meaning = MEANINGS.get(remote)
    if meaning is None or meaning.about != kind:
        return None
    code = codes.CREDENTIAL_EXPIRED if remote == EXPIRED else codes.CREDENTIAL_REFUSED
    return Answer(
        health="bad",
        code=code,
        message=f"Microsoft Entra refuses client {credentials.client_id}: {meaning.why} ({remote}).",
        hint=meaning.hint,
        facts={"credential": kind, "client_id": credentials.client_id, "remote_code": remote},
    )
