"""Webhook receivers on loopback that record what they get and fail when told to."""

from emulation.received import Received
from emulation.receivers.failures import Failure
from emulation.receivers.process import Receivers, ReceiversRefused

__all__ = ["Failure", "Received", "Receivers", "ReceiversRefused"]
