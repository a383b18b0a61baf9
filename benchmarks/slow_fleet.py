"""A worker with many organizations whose counterparts each answer after the same time; tokens are there already."""

import asyncio
import random
from datetime import UTC, datetime, timedelta

import httpx

from integration.clock import SystemClock
from integration.config.keys.health import Health
from integration.config.keys.model import Configuration, Organization
from integration.routing.table import RouteTable
from integration.storage import Storage
from integration.storage.memory import MemoryStorage
from integration.worker import Worker

TENANT = "11111111-2222-4333-8444-555555555555"
_ENDS = (datetime.now(UTC) + timedelta(days=400)).isoformat()


class SlowCounterparts(httpx.AsyncBaseTransport):
    """Dataverse, Finance & Operations and Microsoft Graph of every organization.

    Args:
        seconds: After which each call is answered.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.calls: dict[str, int] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(self._seconds)
        host, path = request.url.host, request.url.path
        name = host.partition(".")[0]
        kind = path.rpartition("/")[2].partition("(")[0]
        self.calls[kind] = self.calls.get(kind, 0) + 1
        if kind == "WhoAmI":
            ids = dict.fromkeys(("UserId", "BusinessUnitId", "OrganizationId"), TENANT)
            return httpx.Response(200, json=ids)
        if kind == "RetrieveFinanceAndOperationsIntegrationDetails":
            linked = {"Url": f"https://{name}.operations.dynamics.com", "TenantId": TENANT, "Id": TENANT}
            return httpx.Response(200, json=linked)
        if kind == "LegalEntities":
            return httpx.Response(200, json={"value": [{"LegalEntityId": "usmf"}]})
        if kind == "applications":
            secret = {"keyId": TENANT, "displayName": "s", "hint": "abc", "endDateTime": _ENDS}
            return httpx.Response(200, json={"appId": TENANT, "passwordCredentials": [secret]})
        # The rest is the platform, which an application may not ask where nobody has allowed it.
        return httpx.Response(403, json={"error": {"code": "Forbidden", "message": "no right"}})


class HeldTokens:
    """Entra's tokens, all of them held."""

    async def token(self, organization: Organization, scope: str) -> str:  # noqa: ARG002  # as Tokens has it
        return "held"

    def holds(self, organization: Organization, scope: str) -> bool:  # noqa: ARG002  # as above
        return True

    def cause(self, organization: Organization) -> str:
        return f"entra:{organization.tenant}"

    def drop(self, scope: str) -> None:
        pass

    async def aclose(self) -> None:
        pass


def slow_worker(
    count: int, seconds: float, concurrency: int, storage: Storage | None
) -> tuple[Worker, SlowCounterparts]:
    """Build it.

    Args:
        count: How many organizations.
        seconds: After which each call is answered.
        concurrency: How many questions are under way at once.
        storage: The account; None: one in memory, which answers at once.
    """
    organizations = {
        name: Organization(name=name, url=f"https://{name}.crm.dynamics.com", tenant=TENANT)
        for name in (f"org{number}" for number in range(count))
    }
    configuration = Configuration(
        organizations=organizations, sources={}, routes=(), targets={}, health=Health(concurrency=concurrency)
    )
    environ = {
        f"FNO_LINK_{name.upper()}_{what}": value
        for name in organizations
        for what, value in (("CLIENT_ID", TENANT), ("CLIENT_SECRET", "abc-secret"))
    }
    clock = SystemClock()
    worker = Worker(configuration, RouteTable.of(configuration), environ, clock=clock, rng=random.Random(1))
    counterparts = SlowCounterparts(seconds)
    parts = {
        "http": httpx.AsyncClient(transport=counterparts),
        "tokens": HeldTokens(),
        "storage": storage or MemoryStorage(clock),
    }
    worker.__dict__.update(parts)  # each is built at its first use: these are there before
    return worker, counterparts
