"""What the resolver's tests put around it: Dataverse, tenants and the shared tier, all in memory."""

import asyncio
from random import Random

import msgspec

from integration.config.keys.model import Organization
from integration.dataverse import Details, NotIntegrated
from integration.errors import StorageUnavailable
from integration.links import LinkResolver, Stored
from integration.links.decide import Policy
from integration.links.shared import decode_record, encode_record
from tests.fake_clock import FakeClock

TENANT = "11111111-2222-3333-4444-555555555555"
CONTOSO = Organization(name="contoso", url="https://contoso.crm.dynamics.com", tenant="contoso.onmicrosoft.com")
POLICY = Policy(refresh_after=900.0, expire_after=86400.0, not_linked_for=60.0, share_check=30.0)
UNLINKED = NotIntegrated("0x80048d0b", "Dataverse instance isn't integrated with finance and operations.")


def details(host: str = "contoso", tenant: str = TENANT) -> Details:
    return Details(
        url=f"https://{host}.operations.dynamics.com",
        tenant_id=tenant,
        id="66666666-7777-8888-9999-aaaaaaaaaaaa",
    )


class FakeDataverse:
    """Answers with `answer`, an error or a value, after `delay` seconds; with `gate` closed it hangs."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.answer = details()
        self.delay = 0.0
        self.times: list[float] = []
        self.gate = asyncio.Event()
        self.gate.set()

    wordings = ()

    @property
    def calls(self) -> int:
        return len(self.times)

    async def integration_details(self, organization):
        assert organization.url == CONTOSO.url
        self.times.append(self.clock.elapsed)
        if self.delay:
            await self.clock.sleep(self.delay)
        await self.gate.wait()
        answer = self.answer
        if isinstance(answer, Exception):
            raise type(answer)(
                str(answer), retry_after=answer.retry_after, status=answer.status, remote_code=answer.remote_code
            )
        return answer


class FakeTenants:
    async def id_of(self, organization):
        del organization
        return TENANT

    async def aclose(self):
        pass


class FakeTokens:
    def __init__(self) -> None:
        self.dropped: list[str] = []

    def drop(self, scope):
        self.dropped.append(scope)


class FakeTier:
    """Conditional writes as a table makes them, on text; `down` makes it unavailable."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[str, str]] = {}
        self.down = False
        self.reads = 0
        self._etag = 0

    async def read(self, organization):
        self.reads += 1
        await self._answer()
        row = self.rows.get(organization.name)
        return Stored(decode_record(row[0]), row[1]) if row else None

    async def write(self, organization, record, etag):
        await self._answer()
        row = self.rows.get(organization.name)
        if (row[1] if row else None) != etag:
            return None
        self.put(record, organization.name)
        return self.rows[organization.name][1]

    def record(self, name="contoso"):
        return decode_record(self.rows[name][0])

    def put(self, record, name="contoso"):
        self._etag += 1
        self.rows[name] = (record if isinstance(record, str) else encode_record(record), str(self._etag))

    async def aclose(self):
        pass

    async def _answer(self):
        await asyncio.sleep(0)
        if self.down:
            raise StorageUnavailable


class World:
    """One Dataverse, one shared tier, as many processes as a test wants."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.dataverse = FakeDataverse(self.clock)
        self.tier = FakeTier()
        self.tokens = FakeTokens()
        self.resolvers: list[LinkResolver] = []

    def process(self, *, shared=True, skew=0.0, **changes) -> LinkResolver:
        resolver = LinkResolver(
            [CONTOSO],
            self.dataverse,
            FakeTenants(),
            tokens=self.tokens,
            shared=self.tier if shared else None,
            policy=msgspec.structs.replace(POLICY, **changes),
            clock=FakeClock(skew, follows=self.clock),
            random=Random(0),
        )
        self.resolvers.append(resolver)
        return resolver

    async def aclose(self) -> None:
        for resolver in self.resolvers:
            await resolver.aclose()
