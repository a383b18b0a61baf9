"""An emulated organization, and what registers at it with the real msal and httpx."""

import asyncio
import random

import pytest

from integration.config import check_text
from integration.config.keys.model import Credentials
from integration.dataverse import Dataverse, open_http_client
from integration.dataverse.writing import Write
from integration.errors import FnoLinkError
from integration.identity import Tokens
from integration.operations.registration import Registrar
from integration.registration.applying import apply, remove
from integration.registration.plan import plan, removals
from integration.registration.reading import read
from integration.registration.wanted import wanted
from tests.fixtures.web_api import Web

APP = "https://fno-link.azurewebsites.net"
KEY = "the-function-key-of-crm"
SAS = "k" * 43 + "="
ENVIRON = {
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
    "ServiceBus": "Endpoint=sb://contoso.servicebus.windows.net/;SharedAccessKeyName=n;SharedAccessKey=k",
    "EventHub__fullyQualifiedNamespace": "hubs.servicebus.windows.net",
    "CRM_KEY": KEY,
    "BUS_KEY": SAS,
}
ORDERS = """
[sources.crm]
kind = "http"
organization = "{name}"

[sources.crm.dataverse]
key = "%CRM_KEY%"
messages = ["Update"]
tables = ["account"]
attributes = ["name", "creditlimit"]
images = [{{ type = "pre", alias = "before", attributes = ["name"] }}]

[[sources.crm.dataverse.steps]]
messages = ["Create", "Delete"]
tables = ["account", "contact"]
"""


class Killed(BaseException):
    """The process is gone."""


class Scripted:
    """The real client, which is killed before or after a request that writes."""

    def __init__(self, dataverse) -> None:
        self.dataverse = dataverse
        self.writes = []
        self.reads = 0
        self.kill_before = self.kill_after = None

    async def rows(self, organization, path):
        self.reads += 1
        return await self.dataverse.rows(organization, path)

    async def rows_if_there(self, organization, path):
        self.reads += 1
        return await self.dataverse.rows_if_there(organization, path)

    async def write(self, organization, method, path, row, headers):
        if self.kill_before == len(self.writes):
            raise Killed
        self.writes.append(Write(method=method, path=path, row=row, headers=headers))
        answer = await self.dataverse.write(organization, method, path, row, headers)
        if self.kill_after == len(self.writes):
            raise Killed
        return answer


class Register:
    """Plans, applies and removes at one organization."""

    def __init__(self, dynamics, web) -> None:
        self.dynamics = dynamics
        self.web = web
        self.name = web.name
        self.text = ORDERS
        self.environ = dict(ENVIRON)
        self.app = APP
        self.solution = ""
        self.last = None

    def configuration(self):
        text = f"""
[[organizations]]
name = "{self.name}"
url = "https://{self.name}.crm.dynamics.com"
tenant = "contoso.onmicrosoft.com"
{self.text.format(name=self.name)}"""
        checked = check_text(text, self.environ)
        assert checked.problems == ()
        return checked.configuration

    def _run(self, does, *, catalogue=True, **kills):
        async def ran():
            configuration = self.configuration()
            organization = configuration.organizations[self.name]
            declared = wanted(configuration, self.name, self.environ, self.app)
            credentials = Credentials(client_id=self.dynamics.client_id, client_secret=self.dynamics.client_secret)
            tokens = Tokens(lambda _: credentials)
            async with open_http_client() as http:
                self.last = client = Scripted(Dataverse(http, tokens))
                for name, number in kills.items():
                    setattr(client, name, number)
                found = await read(client, organization, declared, catalogue=catalogue, solution=self.solution)
                try:
                    return await does(client, organization, declared, found)
                except Killed:
                    return None
                finally:
                    await tokens.aclose()

        return asyncio.run(ran())

    def plan(self, *, catalogue=True):
        async def planned(_client, _organization, declared, found):
            return plan(declared, found)

        return self._run(planned, catalogue=catalogue)

    def apply(self, **kills):
        async def applied(client, organization, declared, found):
            made = plan(declared, found)
            assert made.refusals == ()
            return await apply(
                client,
                organization,
                made,
                found,
                owner=declared.owner,
                rng=random.Random(1),
                solution=self.solution,
            )

        done = self._run(applied, **kills)
        if done is not None and done.error is not None:
            raise done.error
        return done

    def apply_and_read(self, told):
        """Apply as the command does, which reads again; `told` sees each change that was made."""

        async def applied(client, organization, _declared, _found):
            registrar = Registrar(
                client, self.configuration(), self.environ, app_url=self.app, rng=random.Random(1), solution=""
            )
            return await registrar.apply(await registrar.plan(organization), told)

        return self._run(applied)

    def remove(self, *, everything=False, **kills):
        async def removed(client, organization, declared, found):
            gone, refused = removals(found, declared.owner, plan(declared, found).changes, everything=everything)
            if refused:
                raise FnoLinkError(str(refused[0]))
            return await remove(client, organization, gone)

        return self._run(removed, **kills)

    @property
    def writes(self):
        return [(write.method, write.path.partition("(")[0]) for write in self.last.writes]

    def rows(self):
        """What there is, without ids, times and salts."""
        steps = self.web.get(
            "sdkmessageprocessingsteps",
            expand="sdkmessageid($select=name),sdkmessagefilterid($select=primaryobjecttypecode),"
            "sdkmessageprocessingstepid_sdkmessageprocessingstepimage($select=name,entityalias,imagetype,attributes)",
        )["value"]
        return {
            "endpoints": sorted(
                (row["name"], row["contract"], row["url"] or row["path"], row["isauthvalueset"], row["issaskeyset"])
                for row in self.web.get("serviceendpoints")["value"]
            ),
            "steps": sorted(
                (
                    row["name"],
                    row["sdkmessageid"]["name"],
                    (row["sdkmessagefilterid"] or {}).get("primaryobjecttypecode", ""),
                    row["stage"],
                    row["mode"],
                    row["statecode"],
                    row["filteringattributes"] or "",
                    tuple(
                        (image["name"], image["entityalias"], image["imagetype"], image["attributes"])
                        for image in row["sdkmessageprocessingstepid_sdkmessageprocessingstepimage"]
                    ),
                )
                for row in steps
            ),
        }


@pytest.fixture
def web(dynamics):
    organization = dynamics.organization()
    url = organization.base_url()
    with dynamics.client(url) as client:
        yield Web(dynamics, organization.name, client)


@pytest.fixture
def register(dynamics, web):
    return Register(dynamics, web)
