"""A row read by its table's logical name, as events name it."""

import httpx

from integration.clock import SystemClock
from integration.config.keys.model import Credentials, Organization
from integration.dataverse import Dataverse, open_http_client
from integration.identity import Tokens

ID = "6d81c9a3-2f35-4b5e-9d1c-0a4be2c7f001"


async def test_a_row_is_read_by_its_tables_logical_name(dynamics):
    world = dynamics.organization()
    dynamics.control.add_rows(world.name, "accounts", [{"accountid": ID, "name": "Fabrikam"}])
    organization = Organization(name=world.name, url=world.base_url(), tenant=dynamics.tenant.domain)
    own = Credentials(client_id=dynamics.client_id, client_secret=dynamics.client_secret)
    tokens = Tokens(lambda _: own, clock=SystemClock())
    http = open_http_client()
    assert isinstance(http, httpx.AsyncClient)
    try:
        dataverse = Dataverse(http, tokens)
        found = await dataverse.read_row(organization, "account", ID)
        gone = await dataverse.read_row(organization, "account", "6d81c9a3-2f35-4b5e-9d1c-0a4be2c7f002")
    finally:
        await http.aclose()
        await tokens.aclose()
    assert found is not None
    assert found["name"] == "Fabrikam"
    assert gone is None
