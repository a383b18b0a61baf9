"""Triggers that fetch or take work: one file each, found by the trigger's type.

A new one is a class with the constructor and the two methods of `Listener`, and a line in `LISTENERS`.
"""

from emulation.functions_host.listeners.event_grid import EventGridListener
from emulation.functions_host.listeners.event_hub import EventHubListener
from emulation.functions_host.listeners.listener import Listener, Services
from emulation.functions_host.listeners.service_bus import ServiceBusListener
from emulation.functions_host.listeners.storage_queue import StorageQueueListener
from emulation.functions_host.listeners.timer import TimerListener

LISTENERS: dict[str, type[Listener]] = {
    "eventGridTrigger": EventGridListener,
    "eventHubTrigger": EventHubListener,
    "queueTrigger": StorageQueueListener,
    "serviceBusTrigger": ServiceBusListener,
    "timerTrigger": TimerListener,
}

__all__ = ["LISTENERS", "EventGridListener", "EventHubListener", "Listener", "Services"]
