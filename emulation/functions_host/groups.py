"""Scaling groups of the Flex Consumption plan: which functions one instance runs.

HTTP functions and those behind the host's webhooks are one group, every other function is one of its own. An instance
is told its group by the app setting `FUNCTIONS_TARGET_GROUP`; it loads the whole app, and the triggers of other groups
only do not listen. Source: FunctionMetadataExtensions.GetFunctionGroup, FunctionGroups.cs and
FunctionGroupListenerDecorator.cs of azure-functions-host.
"""

from collections.abc import Iterable, Mapping

from emulation.functions_host.function import Function

TARGET = "FUNCTIONS_TARGET_GROUP"
HTTP = "http"
_OF_HTTP = frozenset({"httptrigger", "eventgridtrigger", "warmuptrigger"})  # by routes of the host


def group_of(name: str, trigger: str) -> str:
    """Return the name of a function's group: `http` or `function:NAME`.

    Args:
        name: The function's name.
        trigger: The type of its trigger.
    """
    return HTTP if trigger.lower() in _OF_HTTP else f"function:{name}"


def runs(target: str, function: Function) -> bool:
    """Return whether an instance of this group listens for a function; one without a group runs everything.

    Args:
        target: The value of `FUNCTIONS_TARGET_GROUP`.
        function: The function.
    """
    return not target or target.lower() == group_of(function.name, function.trigger.type).lower()


def others(functions: Iterable[Mapping[str, str]]) -> tuple[str, ...]:
    """Return every group but that of HTTP, in the order of the functions.

    Args:
        functions: As a host that is ready describes them.
    """
    found = (group_of(each["name"], each["trigger"]) for each in functions)
    return tuple(dict.fromkeys(group for group in found if group != HTTP))
