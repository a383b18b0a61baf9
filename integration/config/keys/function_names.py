"""What the functions of a source are called: the portal, the metrics, the keys and the switches know them by it."""

import re
from collections.abc import Iterator

from integration.config.keys.model import Configuration
from integration.config.keys.sources import (
    EventGridSource,
    EventHubSource,
    HttpSource,
    ServiceBusSource,
    Source,
    StorageQueueSource,
)
from integration.errors import Problem

KINDS: dict[type[Source], tuple[str, ...]] = {
    HttpSource: ("intake",),
    StorageQueueSource: ("source", "poison_source"),
    ServiceBusSource: ("source",),
    EventHubSource: ("source",),
    EventGridSource: ("event_grid",),
}
# Our own functions that are called as a source's could be. `intake_unknown_source` was one until the catch-all was to
# stand behind every intake: what an app still has by its name (a key, `AzureWebJobs.….Disabled`) is not a source's.
RESERVED = frozenset({"intake_degraded", "intake_unknown_source"})


def function_name(kind: str, source: str) -> str:
    """Name the function of a source: letters, digits, `_`, begins with a letter.

    Source: "Azure Functions developer guide", naming rules.
    """
    return f"{kind}_{re.sub(r'[^A-Za-z0-9]', '_', source)}"


def name_problems(configuration: Configuration) -> Iterator[Problem]:
    """Report sources whose functions would be called like one of ours or of another source.

    Two functions of one name stop the indexing of the whole app: not even the intake would answer.
    """
    taken = dict.fromkeys(RESERVED, "fno-link itself")
    for name, source in configuration.sources.items():
        if not source.enabled:
            continue
        for function in (function_name(kind, name) for kind in KINDS[type(source)]):
            if function.lower() in taken:
                yield Problem(
                    f"sources.{name}",
                    f"its function would be called {function}, like one of {taken[function.lower()]}",
                    "give the source another name",
                    configuration.file,
                )
            taken.setdefault(function.lower(), f"sources.{name}")
