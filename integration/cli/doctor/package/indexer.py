"""Index a function app as Microsoft's Python worker does, in a process of its own: `python -I indexer.py ORDER`.

It runs in the app's own Python path, so that it imports nothing but the standard library. ORDER is JSON: `app` (the
folder), `first` (paths that come before all others), `last` (those that are there only once the app is loaded: of
whoever asks), `answer` (the file for the answer).

Sources: `loader.index_function_app` and `functions.Registry` of azure-functions-runtime, which the worker hands
a module of protobuf messages; `azure.functions.FunctionRegister`, of which exactly one stands in function_app.py.
"""

import importlib
import importlib.metadata
import json
import sys
import traceback
from pathlib import Path
from types import SimpleNamespace
from typing import Any

SCRIPT = "function_app.py"
LAST_LINE = 600
LIBRARY = "azure_functions_runtime"


def index(folder: str, last: list[str]) -> dict[str, Any]:
    """Index the app of a folder.

    Args:
        folder: Where its script lies; it is on the path already.
        last: Paths that are added once the app is loaded.

    Returns:
        `functions`: `{"name", "bindings": […], "error"}` of each; `by`: the library; or `error` and where it came from.
    """
    try:
        loaded = importlib.import_module(Path(SCRIPT).stem)
    except BaseException as error:  # noqa: BLE001 - whatever an app does when it is imported is what is wrong with it
        return _told(error, folder)
    sys.path.extend(last)
    try:
        functions, by, judge = _indexed(loaded)
    except Exception as error:  # noqa: BLE001 - as the worker: why it cannot be indexed is the answer
        return _told(error, folder)
    return {"by": by, "functions": [_function(each, judge) for each in functions]}


def _indexed(loaded: Any) -> tuple[list[Any], str, Any]:
    own: Any = importlib.import_module("azure.functions")
    try:
        importlib.import_module(LIBRARY)
    except ModuleNotFoundError:
        apps: list[Any] = [each for each in loaded.__dict__.values() if isinstance(each, own.FunctionRegister)]
        if len(apps) != 1:
            msg = f"{SCRIPT} has {len(apps)} top level function apps; it has to have one"
            raise ValueError(msg) from None
        return apps[0].get_functions(), f"azure-functions {_version('azure-functions')}", None
    importlib.import_module(f"{LIBRARY}.bindings.meta").load_binding_registry()
    functions = importlib.import_module(f"{LIBRARY}.loader").index_function_app(SCRIPT)
    registry: Any = importlib.import_module(f"{LIBRARY}.functions").Registry()
    protos = SimpleNamespace(BindingInfo=BindingInfo)

    def judge(function: Any) -> None:
        registry.add_indexed_function(function=function, protos=protos)

    return functions, f"azure-functions-runtime {_version('azure-functions-runtime')}", judge


class BindingInfo(SimpleNamespace):
    """Kind and direction of a binding, by the names of FunctionRpc.proto."""

    undefined = 0
    out = 1
    inout = 2


def _function(function: Any, judge: Any) -> dict[str, Any]:
    name = function.get_function_name()
    error = ""
    if judge is not None:
        try:
            judge(function)
        except Exception as refused:  # noqa: BLE001 - the worker refuses a function by whatever it raises
            error = _last_line(refused)
    return {"name": name, "bindings": [json.loads(raw) for raw in function.get_raw_bindings()], "error": error}


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _told(error: BaseException, folder: str) -> dict[str, Any]:
    frames = [each for each in traceback.extract_tb(error.__traceback__) if each.filename.startswith(folder)]
    where = f"{Path(frames[-1].filename).relative_to(folder).as_posix()}:{frames[-1].lineno}" if frames else ""
    return {"error": _last_line(error), "where": where}


def _last_line(error: BaseException) -> str:
    lines = [line for line in traceback.format_exception_only(error) if line.strip()]
    said = lines[-1].strip() if lines else type(error).__name__
    # The worker's library adds the whole path of Python to a module that is not found.
    return said.partition(" Please check the requirements.txt")[0][:LAST_LINE]


def main() -> None:
    """Do what the order says."""
    order = json.loads(sys.argv[1])
    folder = order["app"]
    sys.path[:0] = [folder, *order["first"]]
    Path(order["answer"]).write_text(json.dumps(index(folder, order["last"])), "utf-8")


if __name__ == "__main__":
    main()
