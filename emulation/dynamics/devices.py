"""Device codes: which were given out, and what became of each.

Source: the page "Microsoft identity platform and the OAuth 2.0 device authorization grant flow"; `slow_down` is RFC
8628's.
"""

import secrets
from dataclasses import dataclass

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
LENGTH = 9


@dataclass(slots=True)
class Device:
    """A code, and what became of it.

    Args:
        code: By which the client asks.
        user_code: What the person types.
        client_id: The application's.
        tenant: Id of the tenant that was asked.
        scope: What the token is to be for.
        ends: Seconds since the epoch from which on nobody may answer it.
        interval: Seconds between two questions.
        asked: When the client asked last.
        user: Who has signed in, in lower case.
        declined: Whether the person said no.
    """

    code: str
    user_code: str
    client_id: str
    tenant: str
    scope: str
    ends: float
    interval: int
    asked: float = 0.0
    user: str = ""
    declined: bool = False


class Devices:
    """The codes of one world.

    Args:
        lifetime: Seconds that each lives.
        interval: Seconds between two questions.
    """

    def __init__(self, lifetime: int, interval: int) -> None:
        self.lifetime = lifetime
        self.interval = interval
        self._codes: dict[str, Device] = {}
        self._refresh_tokens: dict[str, tuple[str, str]] = {}

    def begin(self, client_id: str, tenant: str, scope: str, now: float) -> Device:
        """Give out a code."""
        user_code = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
        device = Device(
            secrets.token_urlsafe(32), user_code, client_id, tenant, scope, now + self.lifetime, self.interval
        )
        self._codes[device.code] = device
        return device

    def find(self, code: str) -> Device | None:
        """Return what became of a code, or None: there is no such code."""
        return self._codes.get(code)

    def pending(self) -> list[str]:
        """Return what persons could type now."""
        return [device.user_code for device in self._codes.values() if not device.user and not device.declined]

    def typed(self, user_code: str) -> Device:
        """Return the code that a person typed.

        Raises:
            KeyError: There is none.
        """
        for device in self._codes.values():
            if device.user_code == user_code:
                return device
        raise KeyError(user_code)

    def end(self, device: Device) -> None:
        """Let a code be used no more: it gave a token."""
        self._codes.pop(device.code, None)

    def refresh_token(self, user: str, client_id: str) -> str:
        """Give out a refresh token."""
        token = secrets.token_urlsafe(48)
        self._refresh_tokens[token] = (user, client_id)
        return token

    def user_of(self, refresh_token: str, client_id: str) -> str | None:
        """Return whose a refresh token is, or None: it is none of this application's."""
        user, whose = self._refresh_tokens.get(refresh_token, ("", ""))
        return user if user and whose == client_id else None
