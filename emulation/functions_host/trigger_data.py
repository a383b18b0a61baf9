"""What the host makes of a trigger's value and metadata before it hands them to the worker.

Sources: `WorkerFunctionInvoker.TransformInput`, `Utility.ApplyBindingData`, `ScriptInvocationContextExtensions` and
`GeneralScriptBindingProvider` of the host; `Binder.BindingData` of the WebJobs SDK.
"""

from collections.abc import Mapping
from typing import Any, cast

from emulation.functions_host.function import Binding
from emulation.functions_host.json_net import as_string, parse, written
from emulation.functions_host.protos import TypedData
from emulation.functions_host.values import encode, encode_all
from emulation.functions_host.worker import Call

BINARY = "binary"


def is_binary(trigger: Binding) -> bool:
    """Say whether a function asked for bytes; a value without `dataType` is bound as text."""
    return trigger.text("dataType").lower() == BINARY


def call(value: str | bytes, metadata: Mapping[str, Any]) -> Call:
    """Return what a function is invoked with.

    Args:
        value: The trigger's value, bound as the function asked for it.
        metadata: What the extension says of it; names count without regard to case, nothing is sent of None.

    Returns:
        The call. The members of a text that is a JSON object stand among its metadata, and over what was there.
    """
    given = {name: encode(each) for name, each in metadata.items() if each is not None}
    if isinstance(value, str):
        names = {name.upper(): name for name in metadata}
        for name, member in _members(value).items():
            # A dictionary of .NET keeps the spelling under which a name came first.
            given[names.setdefault(name.upper(), name)] = member
    return Call(encode(value), given)


def call_with_json(text: str, metadata: Mapping[str, Any]) -> Call:
    """Return what a function is invoked with whose value is an object: nothing of it is copied."""
    return Call(TypedData(json=text), encode_all(metadata))


def _members(text: str) -> dict[str, TypedData]:
    """Return an object's members as text, or as JSON where they are objects; no arrays, and nothing of null."""
    trimmed = text.strip()
    if not (trimmed.startswith("{") and trimmed.endswith("}")):
        return {}
    try:
        parsed = parse(trimmed)
    except ValueError:
        return {}  # then the host treats it as text
    members: dict[str, TypedData] = {}
    for name, value in cast("dict[str, Any]", parsed).items():
        if isinstance(value, dict):
            members[name] = TypedData(json=written(value))
        elif not isinstance(value, list) and value is not None:
            members[name] = TypedData(string=as_string(value))
    return members
