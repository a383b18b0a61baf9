"""The app inside Microsoft's own Python worker library, `azure-functions-runtime`: one app a process.

Decorators, binding converters, load-time refusals and invocation errors are therefore the real ones.
"""

import importlib
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec

from emulation.functions_host import protos
from emulation.functions_host.errors import HostError, IndexingFailed, InvocationFailed
from emulation.functions_host.function import Function, from_metadata
from emulation.functions_host.protos import ParameterBinding, StatusResult, TypedData

SCRIPT = "function_app.py"


class Call(msgspec.Struct, frozen=True):
    """What a trigger passes to one invocation.

    Args:
        data: The trigger's value.
        metadata: Its trigger metadata.
        trace_parent: W3C `traceparent` of the caller, empty where there is none.
        trace_state: W3C `tracestate` of the caller.
    """

    data: TypedData
    metadata: Mapping[str, TypedData] = {}
    trace_parent: str = ""
    trace_state: str = ""


class Attempt(msgspec.Struct, frozen=True):
    """Which invocation under a retry policy this is."""

    retries: int = 0
    max_retries: int = 0
    exception: str | None = None


class Returned(msgspec.Struct, frozen=True):
    """What a successful invocation gave back: `$return` and the output bindings by name."""

    value: TypedData | None
    outputs: Mapping[str, TypedData]


class Worker:
    """The loaded app.

    Args:
        functions: What the app registers.
    """

    def __init__(self, runtime: Any, functions: tuple[Function, ...]) -> None:
        self._runtime = runtime
        self.functions = functions

    async def invoke(self, function: Function, call: Call, invocation_id: str, attempt: Attempt) -> Returned:
        """Run a function once.

        Raises:
            InvocationFailed: The function raised; message and traceback are the worker's.
        """
        request = _request(
            "invocation_request",
            invocation_id=invocation_id,
            function_id=function.id,
            input_data=[ParameterBinding(name=function.trigger.name, data=call.data)],
            trigger_metadata=call.metadata,
            trace_context=SimpleNamespace(
                trace_parent=call.trace_parent, trace_state=call.trace_state, attributes=dict[str, str]()
            ),
            retry_context=SimpleNamespace(
                retry_count=attempt.retries,
                max_retry_count=attempt.max_retries,
                exception=_exception(attempt.exception),
            ),
        )
        response = await self._runtime.invocation_request(request)
        failure = _failure(response.result)
        if failure is not None:
            raise InvocationFailed(failure.message, failure.stack_trace)
        outputs = {item.name: item.data for item in response.output_data if item.data is not None}
        return Returned(response.return_value, outputs)

    def close(self) -> None:
        """Wait for functions that run in threads and end the thread pool."""
        self._runtime.stop_threadpool_executor()

    @property
    def invocation_id(self) -> Any:
        """The context variable that names the invocation inside a thread."""
        return self._runtime.invocation_id_cv


async def load(folder: Path) -> Worker:
    """Index and load the app of a folder.

    Raises:
        HostError: There is no `function_app.py`.
        IndexingFailed: The worker refused the app, with its message and traceback.
    """
    if not (folder / SCRIPT).is_file():
        msg = f"{folder} holds no {SCRIPT}; --app names the folder of a function app (Python v2 programming model)."
        raise HostError(msg)
    sys.path.insert(0, str(folder))
    runtime: Any = importlib.import_module("azure_functions_runtime")
    # The worker's own registry of converters is filled by importing azure.functions before it starts.
    importlib.import_module("azure.functions")
    runtime.start_threadpool_executor()
    initialised = await runtime.worker_init_request(
        _request("worker_init_request", capabilities={}, function_app_directory=str(folder))
    )
    _check(initialised.result)
    listed = await runtime.functions_metadata_request(_request("functions_metadata_request"))
    _check(listed.result)
    metadata: list[protos.RpcFunctionMetadata] = listed.function_metadata_results or []
    functions = tuple(map(from_metadata, metadata))
    for function in functions:
        loaded = await runtime.function_load_request(_request("function_load_request", function_id=function.id))
        _check(loaded.result)
    return Worker(runtime, functions)


def _request(kind: str, **fields: Any) -> Any:
    request = SimpleNamespace(**{kind: SimpleNamespace(**fields)})
    return SimpleNamespace(request=request, properties={"host": "127.0.0.1", "protos": protos})


def _exception(message: str | None) -> Any:
    return None if message is None else protos.RpcException(message=message, stack_trace="", source="")


def _failure(result: StatusResult) -> protos.RpcException | None:
    if result.status == StatusResult.Success:
        return None
    return result.exception or protos.RpcException(message="The worker gave no reason.", stack_trace="")


def _check(result: StatusResult) -> None:
    failure = _failure(result)
    if failure is not None:
        msg = f"The worker refused the app: {failure.message}\n{failure.stack_trace}"
        raise IndexingFailed(msg)
