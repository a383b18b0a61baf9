"""The messages between host and Python worker, without protobuf: what `azure-functions-runtime` asks of its `protos`.

The names and cases are those of FunctionRpc.proto in Azure/azure-functions-language-worker-protobuf. The runtime gives
every field by keyword, and None for a field that is unset.
"""

from types import SimpleNamespace
from typing import Any, ClassVar

CASES = frozenset(
    {
        *("string", "json", "bytes", "stream", "http", "int", "double"),
        *("collection_bytes", "collection_string", "collection_double", "collection_sint64"),
        *("model_binding_data", "collection_model_binding_data"),
    }
)


class TypedData:
    """One value in one of the worker's encodings, or none; `WhichOneof("data")` names it.

    Args:
        data: At most one case by its name; None leaves it unset.
    """

    def __init__(self, **data: Any) -> None:
        given = {case: value for case, value in data.items() if value is not None}
        if len(given) > 1 or not given.keys() <= CASES:
            msg = f"TypedData holds at most one of {sorted(CASES)}, not {sorted(given)}."
            raise TypeError(msg)
        self.__dict__.update(given)
        self._case = next(iter(given), None)

    def WhichOneof(self, _oneof: str) -> str | None:  # noqa: N802 - protobuf's name
        """Return the name of the case that is set."""
        return self._case

    @property
    def value(self) -> Any:
        """The value of the case that is set, or None."""
        return None if self._case is None else self.__dict__[self._case]


class ParameterBinding(SimpleNamespace):
    """A named value: of a trigger, or of an output binding."""

    name: str
    data: TypedData | None

    def WhichOneof(self, _oneof: str) -> str:  # noqa: N802 - protobuf's name
        """Return the way in which the value is passed: always inside the message."""
        return "data"


class StatusResult(SimpleNamespace):
    """Whether a request to the worker succeeded."""

    Failure = 0
    Success = 1
    status: int
    exception: "RpcException | None" = None


class RpcException(SimpleNamespace):
    """An exception in the worker."""

    message: str
    stack_trace: str


class BindingInfo(SimpleNamespace):
    """Kind and direction of a binding."""

    undefined = 0
    out = 1
    inout = 2


class RpcHttp(SimpleNamespace):
    """An HTTP request or response."""


class RpcHttpCookie(SimpleNamespace):
    """A Set-Cookie of a response."""

    class SameSite:
        """The values of the attribute of that name."""

        Lax = "Lax"
        Strict = "Strict"
        ExplicitNone = "None"


setattr(RpcHttpCookie.SameSite, "None", None)  # the unset value, whose name Python's grammar reserves


class NullableString(SimpleNamespace):
    """A string that may be absent."""


class NullableBool(SimpleNamespace):
    """A boolean that may be absent."""


class NullableDouble(SimpleNamespace):
    """A number that may be absent."""


class NullableTimestamp(SimpleNamespace):
    """A point in time that may be absent."""


class Timestamp(SimpleNamespace):
    """Seconds since 1970."""

    seconds: int


class RpcRetryOptions(SimpleNamespace):
    """A function's retry policy."""


class RpcFunctionMetadata(SimpleNamespace):
    """One indexed function."""


class WorkerMetadata(SimpleNamespace):
    """Which worker this is."""


class WorkerInitResponse(SimpleNamespace):
    """The answer to initialisation, which indexes the app."""

    result: StatusResult


class FunctionMetadataResponse(SimpleNamespace):
    """The indexed functions."""

    function_metadata_results: "list[RpcFunctionMetadata] | None"
    result: StatusResult


class FunctionLoadResponse(SimpleNamespace):
    """The answer to loading one function."""

    result: StatusResult


class InvocationResponse(SimpleNamespace):
    """What an invocation returned."""

    return_value: TypedData | None = None
    output_data: ClassVar[list[ParameterBinding]] = []
    result: StatusResult
