"""A receiver that protects itself: it permits senders by the handshake, and takes nothing from others.

Source: "HTTP 1.1 Web Hooks for Event Delivery" of CloudEvents 1.0.2, section 4.
"""

import time
from collections.abc import Mapping

import msgspec
from starlette.responses import Response


class Permit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom a receiver permits.

    Args:
        origin: The origin that may send; `*`: every one.
        rate: Deliveries a minute; 0: as many as one likes.
        says_rate: Whether it says so, as it must to who asks for a rate.
    """

    origin: str = "*"
    rate: int = 0
    says_rate: bool = True


class Guard:
    """Answers the handshake, and refuses deliveries that have no permission.

    Args:
        permit: Whom it permits.
    """

    def __init__(self, permit: Permit) -> None:
        self._permit = permit
        self._minute = (0, 0)

    def answer(self, method: str, headers: Mapping[str, str]) -> Response | None:
        """Return the answer to a handshake or to what is refused; None: the delivery is taken."""
        origin = headers.get("webhook-request-origin", "")
        is_permitted = origin != "" and self._permit.origin in {"*", origin}
        if method == "OPTIONS":
            said = {"Allow": "POST"}
            if is_permitted:
                said["WebHook-Allowed-Origin"] = self._permit.origin
                if self._permit.says_rate:
                    said["WebHook-Allowed-Rate"] = str(self._permit.rate or "*")
            return Response(status_code=200, headers=said)
        if not is_permitted:
            return Response("no permission was asked for", 403)
        now = time.time()
        minute = int(now // 60)
        count = self._minute[1] + 1 if self._minute[0] == minute else 1
        self._minute = (minute, count)
        if self._permit.rate and count > self._permit.rate:
            return Response(status_code=429, headers={"Retry-After": str(60 - int(now % 60))})
        return None
