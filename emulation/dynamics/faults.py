"""What can go wrong on purpose, for whom, at which depth, and how often."""

from collections.abc import Callable
from typing import Annotated, Literal

import msgspec

type Kind = Literal[
    "discovery",
    "token",
    "whoami",
    "link",
    "sdkmessages",
    "environment",
    "application",
    "row",
    "fno",
    "graph",
    "platform",
    "capacity",
    "administration",
]
type Scope = Kind | Literal["dataverse", "any"]
type Effect = Literal[
    "unreachable",
    "wrong_certificate",
    "expired_certificate",
    "misnamed_certificate",
    "reset",
    "cut",
    "hang",
    "slow",
    "delay",
    "unauthorized",
    "forbidden",
    "not_found",
    "throttled",
    "refused",
    "unavailable",
    "empty_url",
    "malformed_json",
    "other_tenant",
    "untrusted_host",
    "maintenance",
    "sign_in",
    "answer",
]

DATAVERSE: frozenset[str] = frozenset({"whoami", "link", "sdkmessages", "environment", "application", "row"})
AT_CONNECT: frozenset[str] = frozenset(
    {"unreachable", "wrong_certificate", "expired_certificate", "misnamed_certificate"}
)


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One way to go wrong.

    Args:
        effect: What happens. `unreachable` (the CONNECT is refused), `wrong_certificate` (another CA),
            `expired_certificate` and `misnamed_certificate` (of another host) concern whole connections to the hosts
            of `kind`; every other effect one call. `maintenance` (a page for people, with 200 or `status`) and
            `sign_in` (a redirect to where people sign in) are of F&O.
        kind: The calls concerned; "dataverse" is whoami, link, sdkmessages, environment
            (RetrieveCurrentOrganization), application (msprov_getfinopsapplicationdetails) and row together; "platform"
            is the Power Platform API, "capacity" what it tells of the tenant's capacity, and "administration" the API
            behind the admin center.
        times: The next so many calls (or connections); until healed by default.
        seconds: Time before an answer; with `slow`, between two pieces of it.
        status: Status of `answer`; also another status than the documented one of what refuses.
        code: Error code of the body, where it has one; the documented one by default. With `refused`, what refuses:
            one of Dataverse's codes (`0x80095ffc`), or the type of an X++ exception that leaves a service of F&O
            (`DuplicateKeyException`).
        message: Error message of the body; the documented one by default.
        retry_after: Retry-After, verbatim; the header is absent by default.
        body: Body of `answer`, verbatim.
        raw: Body of `answer` instead, where it is no text.
        headers: Further headers of `answer`.
        version: Only calls of this API version ("v9.2").
    """

    effect: Effect
    kind: Scope = "dataverse"
    times: Annotated[int, msgspec.Meta(ge=1)] | None = None
    seconds: float = 0.0
    status: int = 0
    code: str = ""
    message: str = ""
    retry_after: str | None = None
    body: str = ""
    raw: bytes = b""
    headers: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    version: str = ""

    def concerns(self, kind: str, version: str = "") -> bool:
        """Tell whether a call of this kind and API version is concerned."""
        return (self.kind in (kind, "any") or (self.kind == "dataverse" and kind in DATAVERSE)) and (
            not self.version or self.version == version
        )


class Faults:
    """The faults of one organization.

    Those for the next N calls come first, in the order in which they were set; then the newest of those that last.
    """

    def __init__(self) -> None:
        self._counted: list[tuple[Fault, int]] = []
        self._lasting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Set a fault."""
        if fault.times is None:
            self._lasting.insert(0, fault)
        else:
            self._counted.append((fault, fault.times))

    def heal(self, kind: str = "any") -> None:
        """Drop every fault, or those set for this kind."""
        self._counted = [counted for counted in self._counted if kind not in ("any", counted[0].kind)]
        self._lasting = [fault for fault in self._lasting if kind not in ("any", fault.kind)]

    def meets(self, kind: str) -> bool:
        """Tell whether a call of this kind would meet a fault; nothing is counted."""
        set_now = (*(fault for fault, _ in self._counted), *self._lasting)
        return any(fault.effect not in AT_CONNECT and fault.concerns(kind) for fault in set_now)

    def take(self, kind: str, version: str = "") -> Fault | None:
        """Return the fault that this call meets and count it."""
        return self._take(lambda fault: fault.effect not in AT_CONNECT and fault.concerns(kind, version))

    def take_at_connect(self, kinds: frozenset[str], effect: Effect) -> Fault | None:
        """Return the fault that a new connection to a host serving these kinds meets and count it."""
        return self._take(lambda fault: fault.effect == effect and any(fault.concerns(kind) for kind in kinds))

    def _take(self, meets: Callable[[Fault], bool]) -> Fault | None:
        for position, (fault, left) in enumerate(self._counted):
            if meets(fault):
                self._counted[position : position + 1] = [(fault, left - 1)] if left > 1 else []
                return fault
        return next(filter(meets, self._lasting), None)
