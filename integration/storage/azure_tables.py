"""A table of a storage account, by the Azure SDK."""

import re
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from integration.storage.failures import being_deleted, storage_failures
from integration.storage.tables import (
    PAGE,
    Cursor,
    Entity,
    Insert,
    Operation,
    Page,
    Put,
    StoredRow,
    Unmet,
    Value,
    Where,
    check_batch,
    rows_of,
)
from integration.storage.transactions import Refusal, answer_of, message_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from azure.data.tables.aio import TableClient

_UNMET = frozenset({"EntityAlreadyExists", "EntityNotFound", "ResourceNotFound", "UpdateConditionNotSatisfied"})
"""What a batch is answered of which one operation's condition is not met."""
_NAMED = re.compile(r"(\d+):")
"""How the message of such an answer begins: with the operation's place."""
_INT32 = 2**31


class AzureTable:
    """A `Table`.

    Args:
        client: The SDK's client; typed loosely, for its own types are.
    """

    def __init__(self, client: "TableClient") -> None:
        self._client: Any = client
        self._name = client.table_name

    async def get(self, partition: str, row: str) -> StoredRow | None:
        """Read a row, as `Table.get`."""
        from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415  # imported at first use: import budget

        with storage_failures(f"reading a row of {self._name}"):
            try:
                return _stored(await self._client.get_entity(partition, row))
            except ResourceNotFoundError:
                return None

    async def insert(self, entity: Entity) -> str | None:
        """Write a new row, as `Table.insert`."""
        from azure.core.exceptions import ResourceExistsError  # noqa: PLC0415  # imported at first use: import budget

        with storage_failures(f"writing a row of {self._name}"):
            try:
                return await self._written(lambda: self._client.create_entity(_typed(entity)))
            except ResourceExistsError as error:
                if being_deleted(error):
                    raise
                return None

    async def replace(self, entity: Entity, etag: str) -> str | None:
        """Write a row in the place of a version, as `Table.replace`."""
        from azure.core import MatchConditions  # noqa: PLC0415  # imported at first use: import budget
        from azure.core.exceptions import (  # noqa: PLC0415  # imported at first use: import budget
            ResourceModifiedError,
            ResourceNotFoundError,
        )

        same = {"etag": etag, "match_condition": MatchConditions.IfNotModified}
        with storage_failures(f"writing a row of {self._name}"):
            try:
                answer = await self._client.update_entity(_typed(entity), mode="replace", **same)
            except (ResourceModifiedError, ResourceNotFoundError):
                return None
        return str(answer["etag"])

    async def put(self, entity: Entity) -> str:
        """Write a row, as `Table.put`."""
        with storage_failures(f"writing a row of {self._name}"):
            return await self._written(lambda: self._client.upsert_entity(_typed(entity), mode="replace"))

    async def remove(self, partition: str, row: str, etag: str | None = None) -> bool:
        """Remove a row, as `Table.remove`."""
        from azure.core import MatchConditions  # noqa: PLC0415  # imported at first use: import budget
        from azure.core.exceptions import ResourceModifiedError  # noqa: PLC0415  # imported at first use: import budget

        same = {} if etag is None else {"etag": etag, "match_condition": MatchConditions.IfNotModified}
        with storage_failures(f"removing a row of {self._name}"):
            try:
                await self._client.delete_entity(partition, row, **same)  # says nothing of one that is not there
            except ResourceModifiedError:
                return False
        return True

    async def page(self, where: Sequence[Where] = (), *, limit: int = PAGE, after: Cursor | None = None) -> Page:
        """Read one page, as `Table.page`."""
        from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415  # imported at first use: import budget

        text, parameters = _filter(where)
        paged = (
            self._client.query_entities(text, parameters=parameters, results_per_page=limit)
            if text
            else self._client.list_entities(results_per_page=limit)
        )
        begin = {"PartitionKey": after.partition, "RowKey": after.row} if after is not None else None
        pages: Any = paged.by_page(continuation_token=begin)
        with storage_failures(f"listing rows of {self._name}"):
            try:
                rows = [_stored(entity) async for entity in await anext(pages)]
            except (ResourceNotFoundError, StopAsyncIteration):
                return Page([])
        following: Any = pages.continuation_token
        if not following:
            return Page(rows)
        return Page(rows, Cursor(following.get("PartitionKey") or "", following.get("RowKey") or ""))

    def select(self, where: Sequence[Where] = (), *, limit: int | None = None) -> AsyncIterator[StoredRow]:
        """Read rows, as `Table.select`."""
        return rows_of(self, where, limit)

    async def batch(self, partition: str, operations: Sequence[Operation]) -> list[str] | Unmet:
        """Do several operations, as `Table.batch`."""
        from azure.core.exceptions import HttpResponseError  # noqa: PLC0415  # imported at first use: import budget

        check_batch(partition, operations)
        makes = any(isinstance(each, Insert | Put) for each in operations)
        with storage_failures(f"writing rows of {self._name}"):
            try:
                return await self._sent(partition, operations, makes=makes)
            except HttpResponseError as error:
                if getattr(error, "error_code", "") not in (_UNMET if makes else {*_UNMET, "TableNotFound"}):
                    raise
                named = _NAMED.match(error.message)
                return Unmet(int(named[1]) if named and int(named[1]) < len(operations) else None)

    async def _sent(self, partition: str, operations: Sequence[Operation], *, makes: bool) -> list[str]:
        from azure.core.exceptions import HttpResponseError  # noqa: PLC0415  # imported at first use: import budget

        try:
            return await self._transact(partition, operations)
        except HttpResponseError as error:
            if getattr(error, "error_code", "") != "TableNotFound" or not makes:
                raise
        await self._create()
        return await self._transact(partition, operations)

    async def _transact(self, partition: str, operations: Sequence[Operation]) -> list[str]:
        """Send a transaction through the SDK's pipeline: it is signed, and sent again while the account is busy."""
        from azure.core.exceptions import HttpResponseError  # noqa: PLC0415  # imported at first use: import budget
        from azure.core.rest import HttpRequest  # noqa: PLC0415  # imported at first use: import budget

        account, _, _ = self._client.url.partition("?")
        message = message_of(account, self._name, partition, operations)
        headers = {
            "x-ms-version": self._client.api_version,
            "DataServiceVersion": "3.0",
            "MaxDataServiceVersion": "3.0;NetFx",
            "Content-Type": message.content_type,
            "Accept": "application/json",
        }
        request = HttpRequest("POST", f"{account}/$batch", headers=headers, content=message.body)
        pipeline: Any = self._client._client  # noqa: SLF001  # the SDK has no public way to send a request of one's own
        response: Any = await pipeline.send_request(request, stream=True)  # else it is read as one JSON text
        content = await response.read()
        content_type = str(response.headers.get("Content-Type") or "")
        answer = answer_of(response.status_code, content_type, content, len(operations))
        if not isinstance(answer, Refusal):
            return answer
        error: Any = HttpResponseError(f"{answer.message} {answer.code}".strip() or f"answered {answer.status}")
        error.status_code, error.error_code = answer.status, answer.code
        raise error

    async def _written(self, write: "Callable[[], Awaitable[Any]]") -> str:
        """Write a row; make the table first where it is missing, or was deleted meanwhile."""
        from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415  # imported at first use: import budget

        try:
            answer = await write()
        except ResourceNotFoundError:
            await self._create()
            answer = await write()
        return str(answer["etag"])

    async def _create(self) -> None:
        from azure.core.exceptions import ResourceExistsError  # noqa: PLC0415  # imported at first use: import budget

        try:
            await self._client.create_table()
        except ResourceExistsError as error:
            if being_deleted(error):
                raise
            return  # another instance was faster


def _stored(entity: Any) -> StoredRow:
    return StoredRow({name: _plain(value) for name, value in entity.items()}, str(entity.metadata["etag"]))


def _plain(value: Any) -> Any:
    """Take the SDK's own kinds of time and of 64-bit number for what they are."""
    if isinstance(value, datetime):
        return datetime.combine(value.date(), value.timetz())
    return getattr(value, "value", value)  # an EntityProperty has its value beside its type


def _typed(entity: Entity) -> dict[str, Any]:
    """Say of large numbers that they have 64 bits; the SDK refuses them otherwise."""
    return {name: (value, "Edm.Int64") if _is_long(value) else value for name, value in entity.items()}


def _is_long(value: Any) -> bool:
    return isinstance(value, int) and not -_INT32 <= value < _INT32


def _filter(where: Sequence[Where]) -> tuple[str, dict[str, Value]]:
    """Write conditions for the table service, values apart. Source: "Querying tables and entities"."""
    terms: list[str] = []
    parameters: dict[str, Value] = {}
    for number, (name, comparison, value) in enumerate((each.name, each.comparison, each.value) for each in where):
        if isinstance(value, bool):
            literal = str(value).lower()
        elif isinstance(value, int | float):  # as a parameter, 0 and 1 would become false and true
            literal = f"{value}L" if _is_long(value) else repr(value)
        else:
            literal = f"@p{number}"
            parameters[f"p{number}"] = value.astimezone(UTC) if isinstance(value, datetime) else value
        terms.append(f"{name} {comparison} {literal}")
    return " and ".join(terms), parameters
