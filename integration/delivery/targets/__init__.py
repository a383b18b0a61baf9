"""The targets, one file each, built at first use."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from integration.config.keys import model
from integration.delivery.shipment import Receipt, Shipment, Target
from integration.errors import TargetUnavailable
from integration.faults import summary
from integration.storage import Storage

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    from azure.core.credentials_async import AsyncTokenCredential

    from integration.clock import Clock
    from integration.delivery.targets.pace import Pace
    from integration.delivery.targets.service_bus import Namespaces
    from integration.finance_operations import FinanceOperations

    type HttpFactory = Callable[[], httpx.AsyncClient]
    type FinanceOperationsFactory = Callable[
        [], tuple[Mapping[str, model.Organization], FinanceOperations, httpx.AsyncClient, Clock, Pace]
    ]


class Unbuilt:
    """A target that could not be built.

    Args:
        message: Why.
    """

    def __init__(self, message: str) -> None:
        self._message = message

    async def deliver(self, shipment: Shipment) -> Receipt:  # noqa: ARG002  # a target's signature
        """Say why nothing can be delivered.

        Raises:
            TargetUnavailable: Always.
        """
        raise TargetUnavailable(self._message)

    async def close(self) -> None:
        """Nothing was opened."""


class OpenTargets:
    """Every configured target by its name; each is built when it is first used.

    Args:
        configured: The targets of the configuration.
        storage: For Storage queues, and for what receivers have permitted.
        http: Gives the process's HTTP client.
        namespaces: Gives the Service Bus clients.
        credential: Gives the TokenCredential of a managed identity by its client id ("" for the system-assigned).
        finance_operations: Gives the organizations, the client of F&O, its HTTP client, the clock and the pace.
    """

    def __init__(  # noqa: PLR0913  # what the kinds of targets need
        self,
        configured: Mapping[str, model.Target],
        storage: Storage,
        http: "HttpFactory",
        *,
        namespaces: "Callable[[], Namespaces]",
        credential: "Callable[[str], AsyncTokenCredential]",
        finance_operations: "FinanceOperationsFactory",
    ) -> None:
        self._configured = configured
        self._storage = storage
        self._http = http
        self._namespaces = namespaces
        self._credential = credential
        self._finance_operations = finance_operations
        self._open: dict[str, Target] = {}

    def get(self, name: str) -> Target:
        """Give a target, built if this is its first use.

        One that cannot be built is unavailable, and built again the next time: no message is the cause of that.

        Args:
            name: A key of `[targets.*]`; routes name only those that exist.
        """
        if name not in self._open:
            try:
                self._open[name] = self._build(self._configured[name])
            except Exception as error:  # noqa: BLE001  # whatever a setting or a library makes of it
                return Unbuilt(f"the target {name} cannot be built: {summary(error)}")
        return self._open[name]

    async def close(self) -> None:
        """Close every target that was opened."""
        opened = list(self._open.values())
        self._open.clear()
        for target in opened:
            await target.close()

    def _build(self, target: model.Target) -> Target:
        # Imported at first use: an instance pays only for the targets that it uses.
        match target:
            case model.StorageQueueTarget():
                from integration.delivery.targets.storage_queue import StorageQueue  # noqa: PLC0415

                return StorageQueue(target, self._storage)
            case model.WebhookTarget():
                from integration.delivery.targets.webhook import Webhook  # noqa: PLC0415

                return Webhook(target, self._http(), storage=self._storage)
            case model.ServiceBusTarget():
                from integration.delivery.targets.service_bus.target import ServiceBus  # noqa: PLC0415

                return ServiceBus(target, self._namespaces())
            case model.EventGridTarget():
                from integration.delivery.targets.event_grid import EventGrid  # noqa: PLC0415

                return EventGrid(target, self._http(), self._credential)
            case model.FinanceOperationsTarget():
                from integration.delivery.targets.finance_operations import FinanceOperations  # noqa: PLC0415

                return FinanceOperations(target, *self._finance_operations())
            case model.TeamsTarget():
                from integration.delivery.targets.teams.target import Teams  # noqa: PLC0415

                return Teams(target, self._http())
