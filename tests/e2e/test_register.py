"""From an empty organization to an event at its target, by what the command line says, and a step that is stopped."""

import asyncio
import json
import os
import subprocess
import sys

import pytest

from integration.cli.doctor.registry import ORDER
from integration.config.keys.model import Credentials, Organization
from integration.dataverse import Dataverse, open_http_client
from integration.identity import Tokens
from tests.e2e.stage import CLIENT_SECRET, until
from tests.e2e.topology import FRESH_APP, home

NAME = "fresh"
APP = "fno-link.azurewebsites.net"
TENANT = "contoso.onmicrosoft.com"
FRESH = Organization(name=NAME, url=f"https://{NAME}.crm.dynamics.com", tenant=TENANT)
ROLE = "Finance and Operations Integration User"
TOML = """
[[organizations]]
name = "{name}"
url = "https://{name}.crm.dynamics.com"
tenant = "{tenant}"
"""
SENDER = """
[sources.fresh]
kind = "http"
organization = "fresh"

[sources.fresh.dataverse]
key = "%FRESH_KEY%"
messages = ["Update"]
tables = ["account"]
attributes = ["creditlimit"]
images = [{ type = "pre", alias = "before", attributes = ["creditlimit"] }]
"""
ROW = "6d81c9a3-2f35-4b5e-9d1c-0a4be2c7f0e2"
OFF = {"statecode": 1, "statuscode": 2}


class Newcomer:
    """Somebody with an empty folder, an organization in which nothing is set up, and the command line."""

    def __init__(self, stage, folder) -> None:
        self._folder = folder
        self._env = {name: value for name, value in os.environ.items() if not name.startswith(("FNO_", "AzureWeb"))}
        self._env |= dict(stage.dynamics.environ) | {"FNO_LINK_FRESH_CLIENT_ID": FRESH_APP}
        self._env |= {"FNO_LINK_FRESH_CLIENT_SECRET": "its id, not its value", "FRESH_KEY": stage.host.key}
        self._env |= {"FNO_LINK_APP_URL": f"https://{APP}"}
        self.configure("nobody.onmicrosoft.com")

    def configure(self, tenant=TENANT, more=""):
        (self._folder / "fno-link.toml").write_text(TOML.format(name=NAME, tenant=tenant) + more)

    def mend_secret(self):
        self._env["FNO_LINK_FRESH_CLIENT_SECRET"] = CLIENT_SECRET

    def run(self, *arguments):
        command = [sys.executable, "-c", "from integration.cli import main; main()", *arguments]
        return subprocess.run(
            command, cwd=self._folder, env=self._env, capture_output=True, text=True, check=False, timeout=120
        )

    def register(self, *arguments, code=0):
        done = self.run("register", *arguments)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def first_failure(self):
        """Run the doctor; return what fails first and what it says to do, or the exit code where nothing fails."""
        done = self.run("doctor", NAME, "--json")
        steps = json.loads(done.stdout)["organizations"][0]["steps"]
        failed = [step for step in steps if step["verdict"] == "fail"]
        assert done.returncode == (1 if failed else 0), done.stderr
        return (failed[0]["step"], failed[0]["todo"]) if failed else (done.returncode, "")


def write(method, path, row):
    """Write a row as the application, and read the steps."""

    async def written():
        tokens = Tokens(lambda _: Credentials(client_id=FRESH_APP, client_secret=CLIENT_SECRET))
        async with open_http_client() as http:
            dataverse = Dataverse(http, tokens)
            await dataverse.write(FRESH, method, path, row, {})
            steps = await dataverse.rows(FRESH, "sdkmessageprocessingsteps?$select=name")
        await tokens.aclose()
        return steps

    return asyncio.run(written())


@pytest.fixture
def newcomer(stage, tmp_path, monkeypatch):
    for name, value in stage.dynamics.environ.items():
        monkeypatch.setenv(name, value)
    control = stage.control
    control.set_site(APP, stage.host.url)
    control.unlink(NAME)
    control.set_access(FRESH_APP, (), finance_operations=False)
    control.set_roles(NAME, FRESH_APP)
    yield Newcomer(stage, tmp_path)
    control.set_access(FRESH_APP)
    control.link(NAME, home(NAME))


def test_from_an_empty_organization_to_an_event_at_its_target(stage, newcomer):
    control = stage.control
    mended_by = [
        ("tenant_domain", "primary domain", newcomer.configure),
        ("app_secret", "secret", newcomer.mend_secret),
        ("who_am_i", "application user", lambda: control.set_access(FRESH_APP, (NAME,), finance_operations=False)),
        ("role", ROLE, lambda: control.set_roles(NAME, FRESH_APP, ROLE, "System Customizer")),
        ("link", "Link them", lambda: control.link(NAME, home(NAME))),
        (
            "environment_read",
            "Microsoft Entra applications",
            lambda: control.set_access(FRESH_APP, (NAME,), finance_operations=True),
        ),
    ]
    for step, todo, mend in mended_by:
        failed, told = newcomer.first_failure()
        assert (failed, todo in told) == (step, True), told
        mend()
    assert newcomer.first_failure() == (0, "")
    seen = [step for step, _, _ in mended_by]
    assert seen == sorted(seen, key=ORDER.__getitem__)

    newcomer.configure(more=SENDER)
    assert "3 written" in newcomer.register("apply", NAME)
    write("POST", "accounts", {"accountid": ROW, "name": "Registered", "creditlimit": 1.0})
    [step] = write("PATCH", f"accounts({ROW})", {"creditlimit": 4711.25})
    until(lambda: [each for each in stage.receivers.received("structured") if "4711.25" in each.body])

    assert "all is as it is declared" in newcomer.register("drift", NAME)
    write("PATCH", f"sdkmessageprocessingsteps({step['sdkmessageprocessingstepid']})", OFF)
    said = newcomer.register("drift", NAME, code=1)
    assert step["name"] in said
    assert "it was switched off" in said
    newcomer.register("remove", NAME, "--all", "--yes")
