"""The one Worker of the process, as the triggers know it.

The worker's modules are imported with its first invocation: indexing an app needs its configuration, its names and
nothing else, and every cold start pays for what is imported.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import azure.functions as func

if TYPE_CHECKING:
    from integration.worker import Worker

type Workers = Callable[[func.Context], Worker]
"""Gives it, once it knows which invocation asks: by its context, whose span our spans are children of."""
