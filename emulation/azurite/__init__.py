"""Azurite from npm: Storage blobs, queues and tables for the local world."""

from emulation.azurite.installation import AzuriteMissing, node
from emulation.azurite.server import Azurite, Ports

__all__ = ["Azurite", "AzuriteMissing", "Ports", "node"]
