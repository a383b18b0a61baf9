"""What can go wrong on purpose, for whom, at which depth, and how often."""

from typing import Literal

import msgspec

type Kind = Literal["discovery", "token", "whoami", "link", "sdkmessages", "row", "fno"]
type Scope = Kind | Literal["dataverse", "any"]
type Effect = Literal[
    "unreachable",
    "wrong_certificate",
    "reset",
    "cut",
    "hang",
    "slow",
    "delay",
    "unauthorized",
    "forbidden",
    "not_found",
    "throttled",
    "unavailable",
    "empty_url",
    "malformed_json",
    "other_tenant",
    "untrusted_host",
    "answer",
]

DATAVERSE: frozenset[str] = frozenset({"whoami", "link", "sdkmessages", "row"})
AT_CONNECT: frozenset[str] = frozenset({"unreachable", "wrong_certificate"})


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One way to go wrong.

    Args:
        effect: What happens. `unreachable` (the CONNECT is refused) and `wrong_certificate` (another CA) concern whole
            connections to the hosts of `kind`; every other effect one call.
        kind: The calls concerned; "dataverse" is whoami, link, sdkmessages and row together.
        times: The next so many calls (or connections); until healed by default.
        seconds: Time before an answer; with `slow`, between two pieces of it.
        status: Status of `answer`; also a status of `unavailable` other than 503.
        code: Error code of the body, where it has one; the documented one by default.
        message: Error message of the body; the documented one by default.
        retry_after: Retry-After, verbatim; the header is absent by default.
        body: Body of `answer`, verbatim.
        headers: Further headers of `answer`.
        version: Only calls of this API version ("v9.2").
    """

    effect: Effect
    kind: Scope = "dataverse"
    times: int | None = None
    seconds: float = 0.0
    status: int = 0
    code: str = ""
    message: str = ""
    retry_after: str | None = None
    body: str = ""
    headers: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    version: str = ""

    def concerns(self, kind: str, version: str = "") -> bool:
        """Tell whether a call of this kind and API version is concerned."""
        return (self.kind in (kind, "any") or (self.kind == "dataverse" and kind in DATAVERSE)) and (
            not self.version or self.version == version
        )


class Faults:
    """The faults of one organization, taken in the order in which they were set."""

    def __init__(self) -> None:
        self._faults: list[tuple[Fault, list[int]]] = []

    def add(self, fault: Fault) -> None:
        """Set a fault behind those already set; one that lasts until healed replaces its like."""
        if fault.times is None:
            self._faults = [
                kept
                for kept in self._faults
                if kept[0].times is not None or (kept[0].kind, kept[0].version) != (fault.kind, fault.version)
            ]
        self._faults.append((fault, [fault.times if fault.times is not None else -1]))

    def heal(self, kind: str = "any") -> None:
        """Drop every fault, or those set for this kind."""
        self._faults = [kept for kept in self._faults if kind != "any" and kept[0].kind != kind]

    def take(self, kind: str, version: str = "") -> Fault | None:
        """Return the fault that this call meets and count it."""
        return self._take(kind, version, at_connect=False)

    def take_at_connect(self, kinds: frozenset[str], effect: Effect) -> Fault | None:
        """Return the fault that a new connection to a host serving these kinds meets and count it."""
        for kind in sorted(kinds):
            if fault := self._take(kind, "", at_connect=True, effect=effect):
                return fault
        return None

    def _take(self, kind: str, version: str, *, at_connect: bool, effect: str = "") -> Fault | None:
        for position, (fault, left) in enumerate(self._faults):
            if (fault.effect in AT_CONNECT) is not at_connect or (effect and fault.effect != effect):
                continue
            if not fault.concerns(kind, version):
                continue
            if left[0] > 0:
                left[0] -= 1
                if left[0] == 0:
                    del self._faults[position]
            return fault
        return None
