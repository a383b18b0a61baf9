"""Triggers that fetch or take work: one file each, found by the trigger's type.

A new one is a class with the constructor and the two methods of `Listener`, and a case in `listener_of`.
"""

from emulation.functions_host.listeners.event_grid import EventGridListener
from emulation.functions_host.listeners.event_hub import EventHubListener
from emulation.functions_host.listeners.listener import Listener, Services


def listener_of(trigger: str) -> type[Listener] | None:
    """Return the class for a trigger's type, None where there is none.

    The SDKs of Storage and Service Bus are half of a start, so they are imported for a function that has such a
    trigger.
    """
    # ruff: noqa: PLC0415 - that is what for
    match trigger:
        case "eventGridTrigger":
            return EventGridListener
        case "eventHubTrigger":
            return EventHubListener
        case "queueTrigger":
            from emulation.functions_host.listeners.storage_queue import StorageQueueListener

            return StorageQueueListener
        case "serviceBusTrigger":
            from emulation.functions_host.listeners.service_bus import ServiceBusListener

            return ServiceBusListener
        case "timerTrigger":
            from emulation.functions_host.listeners.timer import TimerListener

            return TimerListener
        case _:
            return None


__all__ = ["EventGridListener", "EventHubListener", "Listener", "Services", "listener_of"]
