"""The library against the emulated Dynamics, its shared tier on Azurite."""

import asyncio
import json
import signal
import subprocess
import sys
import uuid

import pytest

from integration import Forbidden, Linked, LinkResolver, NotLinked, Throttled, Unauthenticated, UnexpectedAnswer
from integration import Unreachable as LinkUnreachable
from integration.config.keys.model import Cache, Credentials, Organization
from integration.dataverse import Dataverse, open_http_client
from integration.dataverse.connection import CALL_TIMEOUT_SECONDS
from integration.errors import StorageUnavailable, UntrustedLink
from integration.finance_operations import FinanceOperations
from integration.identity import Tokens
from integration.links import Record
from integration.links.decide import Policy
from integration.links.table import TableTier


def resolver(dynamics, emulated, **more):
    return LinkResolver.for_organization(
        emulated.base_url(),
        tenant="contoso.onmicrosoft.com",
        client_id=dynamics.client_id,
        client_secret=dynamics.client_secret,
        **more,
    )


def table(azurite, name):
    return TableTier.from_connection_string(azurite.connection_string, table=name)


@pytest.fixture
def table_name():
    return f"links{uuid.uuid4().hex}"


async def test_the_library_answers_in_three_lines(dynamics):
    emulated = dynamics.organization()
    async with resolver(dynamics, emulated) as links:
        link = await links.resolve(emulated.name)
    assert isinstance(link, Linked)
    assert link.url == f"https://{emulated.name}.operations.dynamics.com"
    assert link.tenant_id == dynamics.tenant.id
    assert link.trusted
    assert link.lifecycle_status == "Running"


async def test_unlinked_relinked_and_untrusted_are_told_apart(dynamics):
    emulated = dynamics.organization(linked=False)
    async with resolver(dynamics, emulated) as links:
        assert isinstance(await links.resolve(emulated.name), NotLinked)
        dynamics.control.link(emulated.name, "https://other.sandbox.operations.eu.dynamics.com/")
        linked = await links.refresh(emulated.name)
        assert linked.url == "https://other.sandbox.operations.eu.dynamics.com"
        assert linked.trusted
        dynamics.control.link(emulated.name, "https://erp.example.com")
        assert "erp.example.com" in (await links.refresh(emulated.name)).distrust
        dynamics.control.link(emulated.name, linked.url, tenant_id="99999999-0000-4000-8000-000000000009")
        assert "tenant" in (await links.refresh(emulated.name)).distrust


@pytest.mark.parametrize(
    ("effect", "kind"),
    [
        ("unauthorized", Unauthenticated),
        ("forbidden", Forbidden),
        ("not_found", UnexpectedAnswer),
        ("throttled", Throttled),
        ("unavailable", LinkUnreachable),
        ("unreachable", LinkUnreachable),
        ("wrong_certificate", LinkUnreachable),
        ("reset", LinkUnreachable),
        ("cut", LinkUnreachable),
        ("empty_url", UnexpectedAnswer),
        ("malformed_json", UnexpectedAnswer),
    ],
)
async def test_every_way_to_fail_is_unknown_with_its_reason(dynamics, effect, kind):
    emulated = dynamics.organization()
    dynamics.control.break_(emulated.name, effect, kind="link")
    async with resolver(dynamics, emulated) as links:
        with pytest.raises(kind):
            await links.resolve(emulated.name)


async def test_an_organization_that_only_knows_the_older_version_answers(dynamics):
    emulated = dynamics.organization()
    dynamics.control.break_(emulated.name, "not_found", kind="link", version="v9.2")
    async with resolver(dynamics, emulated) as links:
        assert isinstance(await links.resolve(emulated.name), Linked)


async def test_revoked_tokens_are_replaced_without_anybody_noticing(dynamics):
    emulated = dynamics.organization()
    async with resolver(dynamics, emulated) as links:
        await links.resolve(emulated.name)
        dynamics.control.revoke_tokens(emulated.name)
        assert isinstance(await links.refresh(emulated.name), Linked)


async def test_who_am_i_sdk_messages_and_the_probe_answer(dynamics):
    emulated = dynamics.organization()
    organization = Organization(name=emulated.name, url=emulated.base_url(), tenant="contoso.onmicrosoft.com")
    credentials = Credentials(client_id=dynamics.client_id, client_secret=dynamics.client_secret)
    tokens = Tokens(lambda _: credentials)
    async with open_http_client() as http, resolver(dynamics, emulated) as links:
        dataverse = Dataverse(http, tokens)
        assert (await dataverse.who_am_i(organization)).organization_id == emulated.id()
        assert await dataverse.sdk_messages(organization) == 1
        link = await links.resolve(emulated.name)
        finance_operations = FinanceOperations(http, tokens)
        await finance_operations.probe(organization, link)
        dynamics.control.break_(emulated.name, "forbidden", kind="fno", times=1)
        with pytest.raises(Forbidden) as refused:
            await finance_operations.probe(organization, link)
        assert "Microsoft Entra applications" in refused.value.hint
        dynamics.control.link(emulated.name, "https://erp.example.com")
        with pytest.raises(UntrustedLink):
            await finance_operations.probe(organization, await links.refresh(emulated.name))
        assert "erp.example.com" not in dynamics.control.refused()
    await tokens.aclose()


async def test_two_resolvers_on_one_table_make_one_call(dynamics, azurite, table_name):
    emulated = dynamics.organization()
    dynamics.control.delay(emulated.name, 0.5, kind="link")
    async with (
        resolver(dynamics, emulated, shared=table(azurite, table_name)) as first,
        resolver(dynamics, emulated, shared=table(azurite, table_name)) as second,
    ):
        links = await asyncio.gather(*(one.resolve(emulated.name) for one in (first, second) for _ in range(50)))
        assert len({link.checked_at for link in links}) == 1
        assert dynamics.control.calls(emulated.name)["link"] == 1


async def test_a_table_writes_only_what_nobody_else_has_written(azurite, table_name):
    organization = Organization(name="c/o#?", url="https://contoso.crm.dynamics.com", tenant="t")
    moved = Organization(name="c/o#?", url="https://other.crm.dynamics.com", tenant="t")
    tier = table(azurite, table_name)
    assert await tier.read(organization) is None
    first = await tier.write(organization, Record(lease="one"), None)
    assert first
    assert await tier.write(organization, Record(lease="two"), None) is None
    stored = await tier.read(organization)
    assert stored.record == Record(lease="one")
    assert stored.etag == first
    second = await tier.write(organization, Record(lease="three"), first)
    assert second not in (None, first)
    assert await tier.write(organization, Record(lease="four"), first) is None
    assert await tier.read(moved) is None
    await tier.aclose()


async def test_a_table_that_is_not_there_is_storage_unavailable():
    tier = TableTier.from_connection_string(
        "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:9/a;"
    )
    with pytest.raises(StorageUnavailable):
        await tier.read(Organization(name="c", url="https://c.crm.dynamics.com", tenant="t"))
    await tier.aclose()


PROCESS = """
import asyncio, json, sys, msgspec
from integration import Busy, LinkResolver
from integration.links.table import TableTier
from integration.storage import INTERNAL, Storage

async def main(url, name, client_id, secret, storage, table, lease):
    account = Storage({INTERNAL: storage})
    # Patient: where the table does not answer in time, each process asks for itself, and a busy machine is late.
    shared = TableTier(lambda: account.table(table), close=account.close, timeout=60.0)
    links = LinkResolver.for_organization(
        url, tenant="contoso.onmicrosoft.com", client_id=client_id, client_secret=secret, shared=shared
    )
    links._loader._policy = msgspec.structs.replace(links._loader._policy, lease=float(lease), patience=1.0)
    print("ready", flush=True)
    sys.stdin.readline()
    async with links:
        while True:
            try:
                link = await links.resolve(name)
                break
            except Busy:
                continue
    print(json.dumps({"url": link.url, "checked_at": link.checked_at.isoformat()}), flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


def start(dynamics, azurite, emulated, table_name, lease):
    arguments = [emulated.base_url(), emulated.name, dynamics.client_id, dynamics.client_secret]
    process = subprocess.Popen(
        [sys.executable, "-c", PROCESS, *arguments, azurite.connection_string, table_name, str(lease)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    return process


def begin(process):
    process.stdin.write("go\n")
    process.stdin.flush()


def finish(process):
    out, _ = process.communicate(timeout=100)
    assert process.returncode == 0
    return json.loads(out)


def test_cold_processes_race_for_one_call(dynamics, azurite, table_name):
    emulated = dynamics.organization()
    dynamics.control.delay(emulated.name, 1.0, kind="link")
    # The lease of the product: a process that works, however slowly, is not judged dead.
    lease = Policy.of(Cache(), call_timeout=CALL_TIMEOUT_SECONDS).lease
    processes = [start(dynamics, azurite, emulated, table_name, lease) for _ in range(4)]
    for process in processes:
        begin(process)
    answers = [finish(process) for process in processes]
    assert dynamics.control.calls(emulated.name)["link"] == 1
    assert len({answer["checked_at"] for answer in answers}) == 1


def test_a_killed_lease_holder_costs_one_more_call_and_nothing_else(dynamics, azurite, table_name):
    emulated = dynamics.organization()
    dynamics.control.break_(emulated.name, "hang", kind="link", times=1)
    victim, *survivors = [start(dynamics, azurite, emulated, table_name, lease=10) for _ in range(3)]
    begin(victim)
    while dynamics.control.calls(emulated.name).get("link", 0) < 1:
        assert victim.poll() is None
    for process in survivors:
        begin(process)
    victim.send_signal(signal.SIGKILL)
    victim.communicate()
    answers = [finish(process) for process in survivors]
    assert dynamics.control.calls(emulated.name)["link"] == 2
    assert {answer["url"] for answer in answers} == {f"https://{emulated.name}.operations.dynamics.com"}
