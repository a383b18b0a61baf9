"""Output bindings: Storage queue; `http` is the answer itself and is written by the HTTP front."""

import contextlib
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError

from emulation.functions_host.errors import HostError, InvocationFailed
from emulation.functions_host.function import RETURN, Binding, Function
from emulation.functions_host.protos import TypedData
from emulation.functions_host.settings import Settings
from emulation.functions_host.storage import Storage
from emulation.functions_host.storage_connection import find_storage
from emulation.functions_host.worker import Returned

if TYPE_CHECKING:
    from azure.storage.queue.aio import QueueClient

HTTP = "http"
QUEUE = "queue"


class Outputs:
    """Writes what functions return.

    Args:
        storage: The Storage clients.
        settings: Resolve names in bindings.
        encoded: Whether messages are base64.
    """

    def __init__(self, storage: Storage, settings: Settings, *, encoded: bool) -> None:
        self._storage = storage
        self._settings = settings
        self._encoded = encoded

    def check(self, functions: Iterable[Function]) -> None:
        """Refuse output bindings that cannot work, before anything runs.

        Raises:
            HostError: A binding's type is not offered here, or its connection does not exist.
        """
        for function in functions:
            for binding in function.outputs:
                if binding.type not in {HTTP, QUEUE}:
                    msg = f"Function {function.name!r}: the local host has no output binding of type {binding.type!r}."
                    raise HostError(msg)
                if binding.type == QUEUE:
                    find_storage(self._settings, binding.text("connection"), function.name)
                    self._settings.resolve(binding.text("queueName"))

    async def write(self, function: Function, returned: Returned) -> None:
        """Write all outputs of one invocation.

        Raises:
            InvocationFailed: A queue could not be written; the invocation then counts as failed.
        """
        values = dict(returned.outputs)
        if returned.value is not None:
            values[RETURN] = returned.value
        for name, value in values.items():
            binding = function.output(name)
            if binding.type == QUEUE:
                try:
                    await self._send(function, binding, value)
                except AzureError as error:
                    msg = f"Output binding {name!r} of {function.name!r} could not be written: {error}"
                    raise InvocationFailed(msg) from error

    async def _send(self, function: Function, binding: Binding, value: TypedData) -> None:
        name = self._settings.resolve(binding.text("queueName"))
        queue = await self._storage.queue(binding.text("connection"), name, function.name)
        for message in _messages(value):
            await send(queue, message if self._encoded else message.decode())


async def send(queue: "QueueClient", message: bytes | str) -> None:
    """Send a message, creating the queue where it is missing, as the real host does: for seven days, the default."""
    try:
        await queue.send_message(message)
    except ResourceNotFoundError:
        with contextlib.suppress(ResourceExistsError):  # another instance was faster
            await queue.create_queue()
        await queue.send_message(message)


def _messages(value: TypedData) -> list[bytes]:
    content: Any = value.value
    if value.WhichOneof("data") == "json":
        decoded: Any = json.loads(content)
        items = cast("list[Any]", decoded) if isinstance(decoded, list) else [decoded]
        return [(item if isinstance(item, str) else json.dumps(item)).encode() for item in items]
    return [content.encode() if isinstance(content, str) else content]
