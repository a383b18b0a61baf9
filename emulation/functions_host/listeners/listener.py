"""What a trigger's listener is given and must offer."""

import random
from abc import ABC, abstractmethod

import msgspec

from emulation.functions_host.function import Function
from emulation.functions_host.host_json import HostJson
from emulation.functions_host.invocations import Invocations
from emulation.functions_host.settings import Settings
from emulation.functions_host.storage import Storage
from emulation.functions_host.worker import Call


class Services(msgspec.Struct, frozen=True):
    """What listeners share.

    Args:
        invocations: Runs functions.
        settings: App settings.
        storage: Storage clients.
        host_json: The host's settings.
        host_id: Tells apps apart that share a storage account.
        queue_lease: Seconds for which a message in work stays hidden; renewed at half of it.
        random: Jitter.
    """

    invocations: Invocations
    settings: Settings
    storage: Storage
    host_json: HostJson
    host_id: str
    queue_lease: float
    random: random.Random


class Listener(ABC):
    """One function's trigger.

    Args:
        function: The function.
        services: What it works with.

    Raises:
        HostError: The trigger cannot work: a setting or connection is missing, a schedule is wrong.
    """

    needs_storage = True

    def __init__(self, function: Function, services: Services) -> None:
        self.function = function
        self.services = services

    @abstractmethod
    async def listen(self) -> None:
        """Take work until cancelled; work that was taken goes on under `Invocations.begin`."""

    @abstractmethod
    def manual_call(self, text: str) -> Call:
        """Return what a manual run passes in (`POST /admin/functions/NAME` with `{"input": text}`)."""
