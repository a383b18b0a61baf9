"""Lets in who shows a token that is good, and has the role."""

from collections.abc import Mapping

from integration.callers.caller import Caller, caller_of
from integration.callers.few_lines import FewLines
from integration.callers.keys import SigningKeys
from integration.callers.principal import HEADER, claims_of
from integration.callers.token import Accepted, shown, verified
from integration.clock import Clock
from integration.config.keys.clients import Client, Role
from integration.errors import CallerRefused, CallerUnknown
from integration.loggers import logger
from integration.tally import First, Key, Tally

log = logger("callers")


class Gate:
    """Stands before every operation that takes a token.

    Args:
        accepted: What a token must say.
        keys: The tenant's signing keys.
        clients: Who may show one.
        clock: The time.
        tally: Counts who was refused.
        believes_headers: Whether App Service authentication stands before us, and its headers are its own.
    """

    def __init__(  # noqa: PLR0913  # its collaborators
        self,
        *,
        accepted: Accepted,
        keys: SigningKeys,
        clients: tuple[Client, ...],
        clock: Clock,
        tally: Tally,
        believes_headers: bool,
    ) -> None:
        self._accepted = accepted
        self._keys = keys
        self._clients = {each.app_id.lower(): each for each in clients}
        self._clock = clock
        self._tally = tally
        self._believes_headers = believes_headers
        self._lines = FewLines()

    async def admit(self, headers: Mapping[str, str], role: Role) -> Caller:
        """Say who asks.

        Args:
            headers: Of the request, their names in lower case.
            role: What it must have.

        Raises:
            CallerUnknown: It shows nothing that is good; the message says no more than that.
            CallerRefused: It is known, and may not ask for this.
            LinkUnknown: It cannot be told: Entra does not say which keys it signs with.
        """
        try:
            return _with(role, caller_of(await self._claims(headers), self._clients))
        except (CallerUnknown, CallerRefused) as error:
            self._refused(error)
            # Why, is for the log: who is refused learns nothing by it.
            raise type(error) from error

    def _refused(self, error: CallerUnknown | CallerRefused) -> None:
        self._tally(Key("refused", reason=error.code), First(at=self._clock.now(), message=str(error)))
        left_out = self._lines.take(self._clock.monotonic())
        if left_out is not None:
            more = f" ({left_out} more were since the last line)" if left_out else ""
            log.info("a caller is refused: %s%s", error, more)

    async def _claims(self, headers: Mapping[str, str]) -> Mapping[str, object]:
        if self._believes_headers and HEADER in headers:
            claims = claims_of(headers[HEADER])
            self._accepted.check(claims)
            return claims
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise CallerUnknown("no token was shown")
        asked = shown(token.strip(), self._accepted)
        key = await self._keys.key(asked.key)
        if key is None:
            raise CallerUnknown("the tenant publishes no key of this id")
        return verified(asked, key, self._accepted, self._clock.now())


def _with(role: Role, caller: Caller) -> Caller:
    if role not in caller.roles:
        msg = f"{caller.client} has not the role {role}"
        raise CallerRefused(msg)
    return caller
