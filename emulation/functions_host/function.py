"""A function as the worker indexed it: its name, trigger, output bindings and retry policy."""

import json
from typing import Any

import msgspec

from emulation.functions_host.errors import HostError
from emulation.functions_host.protos import RpcFunctionMetadata

RETURN = "$return"


class Binding(msgspec.Struct, frozen=True):
    """One binding of a function.

    Args:
        name: The parameter, or `$return`.
        type: `httpTrigger`, `queue`, ….
        direction: `in`, `out` or `inout`.
        properties: Everything that the decorator said, under function.json's names.
    """

    name: str
    type: str
    direction: str
    properties: dict[str, Any]

    def text(self, name: str, default: str = "") -> str:
        """Return a property as text."""
        value = self.properties.get(name)
        return default if value is None else str(value)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a property as a boolean, which decorators give as such or as text."""
        value = self.properties.get(name)
        return default if value is None else str(value).lower() == "true"


class RetryPolicy(msgspec.Struct, frozen=True):
    """How often and when the host itself invokes again after a failure.

    Args:
        max_retry_count: Invocations after the first; -1 never gives up.
        minimum: Delay before the first retry, in seconds.
        maximum: Longest delay, in seconds; equal to `minimum` for a fixed delay.
    """

    max_retry_count: int
    minimum: float
    maximum: float

    def delay(self, retries: int) -> float:
        """Return the seconds to wait before the next invocation, after so many retries."""
        return min(self.maximum, self.minimum * 2 ** min(retries, 62))


class Function(msgspec.Struct, frozen=True):
    """One function of the app."""

    id: str
    name: str
    trigger: Binding
    outputs: tuple[Binding, ...]
    retry: RetryPolicy | None

    def output(self, name: str) -> Binding:
        """Return the output binding of this name."""
        return next(binding for binding in self.outputs if binding.name == name)


def from_metadata(metadata: RpcFunctionMetadata) -> Function:
    """Return what the worker said of a function.

    Raises:
        HostError: The function does not have exactly one trigger, or takes input bindings, which this host lacks.
    """
    bindings = [_binding(json.loads(raw)) for raw in metadata.raw_bindings]
    triggers = [binding for binding in bindings if binding.type.lower().endswith("trigger")]
    if len(triggers) != 1:
        msg = f"Function {metadata.name!r} has {len(triggers)} triggers; it needs exactly one."
        raise HostError(msg)
    outputs = tuple(binding for binding in bindings if binding.direction != "in")
    inputs = [binding for binding in bindings if binding.direction != "out" and binding is not triggers[0]]
    if inputs:
        msg = f"Function {metadata.name!r}: the local host has no input binding of type {inputs[0].type!r}."
        raise HostError(msg)
    return Function(metadata.function_id, metadata.name, triggers[0], outputs, _retry(metadata.retry_options))


def _binding(raw: dict[str, Any]) -> Binding:
    return Binding(raw["name"], raw["type"], str(raw["direction"]).lower(), raw)


def _retry(options: Any) -> RetryPolicy | None:
    if options is None:
        return None
    fixed: Any = getattr(options, "delay_interval", None)
    minimum = fixed if fixed is not None else options.minimum_interval
    maximum = fixed if fixed is not None else options.maximum_interval
    return RetryPolicy(options.max_retry_count, minimum.total_seconds(), maximum.total_seconds())
