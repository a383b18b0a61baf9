"""Azure's SDKs, imported at first use: one at a time, on whichever thread.

Their packages import each other in circles, `azure.core` above all. Two threads that import such packages at once each
hold what the other waits for; Python's import system then gives one of them a module that is not finished ("cannot
import name … from partially initialized module"), or ends in a deadlock error. A process that has just started, and
needs a table and a queue at the same time, met that about once in four.
"""

import threading
from importlib import import_module
from typing import Any

_TURN = threading.RLock()


def sdk(module: str) -> Any:
    """Import a module of an SDK; whoever comes second waits.

    Args:
        module: Its name: `azure.data.tables.aio`.
    """
    with _TURN:
        return import_module(module)
