"""The Dataverse Web API: the link call, WhoAmI, reading a row, and what its errors mean."""

from integration.dataverse.answers import Details, Identity, LinkAnswer, NotIntegrated
from integration.dataverse.client import Dataverse
from integration.dataverse.connection import open_http_client

__all__ = ["Dataverse", "Details", "Identity", "LinkAnswer", "NotIntegrated", "open_http_client"]
