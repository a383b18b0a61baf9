"""The functions of a package against those that this version of fno-link makes of its configuration; pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from integration.cli.doctor.package.indexing import Function
from integration.cli.doctor.package.steps import FUNCTIONS
from integration.cli.doctor.step import Finding, failed, passed, warned
from integration.config.settings.settings import Environ

SHOWN = 8
_NOT_SAID = ("name", "direction", "dataType")
DISABLED = "AzureWebJobs.{}.Disabled"
"""The app setting that switches a function off. Page "How to disable functions in Azure Functions"."""


def judge_functions(found: Iterable[Function], wanted: Iterable[Function], environ: Environ) -> Finding:
    """Compare.

    Args:
        found: What was indexed.
        wanted: What the configuration means.
        environ: The app settings: one may switch a function off.
    """
    there = {each.name.lower(): each for each in found}
    meant = {each.name.lower(): each for each in wanted}
    absent = [each.name for name, each in meant.items() if name not in there]
    more = [each.name for name, each in there.items() if name not in meant]
    other = [
        f"{each.name} ({', '.join(different)})"
        for name, each in meant.items()
        if name in there and (different := _different(there[name].trigger, each.trigger))
    ]
    off = [each.name for each in meant.values() if _off(each.name, environ)]
    told = [
        *([f"missing: {_listed(absent)}"] if absent else []),
        *([f"with another trigger: {_listed(other)}"] if other else []),
        *([f"switched off by an app setting: {_listed(off)}"] if off else []),
        *([f"not of this version of fno-link: {_listed(more)}"] if more else []),
    ]
    if absent or other:
        return failed(FUNCTIONS, "; ".join(told))
    if told:
        return warned(FUNCTIONS, "; ".join(told))
    return passed(FUNCTIONS, f"all {len(meant)}, with the triggers that are meant")


def _different(there: Mapping[str, Any], meant: Mapping[str, Any]) -> list[str]:
    keys = [key for key in (*meant, *there) if key not in _NOT_SAID]
    return [key for key in dict.fromkeys(keys) if there.get(key) != meant.get(key)]


def _off(name: str, environ: Environ) -> bool:
    # Environment variables know no case in .NET's configuration; on Linux `__` or `_` stand for the dots.
    setting = DISABLED.format(name).upper()
    names = {setting, setting.replace(".", "_"), setting.replace(".", "__")}
    return any(key.upper() in names and value.strip().lower() in ("true", "1") for key, value in environ.items())


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(sorted(names)[:SHOWN]) + more
