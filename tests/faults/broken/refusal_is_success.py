"""A transaction that is refused for one of its rows is taken for written."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from integration.storage.azure_tables import AzureTable
from integration.storage.tables import Operation, Unmet
from tests.faults.broken import Patch

type Batch = Callable[[AzureTable, str, Sequence[Operation]], Coroutine[Any, Any, list[str] | Unmet]]


def _written(batch: Batch) -> Batch:
    async def write(table: AzureTable, partition: str, operations: Sequence[Operation]) -> list[str] | Unmet:
        answer = await batch(table, partition, operations)
        return ['W/"written"'] * len(operations) if isinstance(answer, Unmet) else answer

    return write


PATCHES = (Patch(AzureTable, "batch", _written),)
