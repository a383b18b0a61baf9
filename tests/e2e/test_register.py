"""`fno-link register` makes the sender: a changed row arrives at a target, and drift names a step that is off."""

import asyncio
import os
import subprocess
import sys

from integration.config.keys.model import Credentials, Organization
from integration.dataverse import Dataverse, open_http_client
from integration.identity import Tokens
from tests.e2e.stage import CLIENT_ID, CLIENT_SECRET, until

APP = "fno-link.azurewebsites.net"
CONTOSO = Organization(name="contoso", url="https://contoso.crm.dynamics.com", tenant="contoso.onmicrosoft.com")
TOML = """
[[organizations]]
name = "contoso"
url = "https://contoso.crm.dynamics.com"
tenant = "contoso.onmicrosoft.com"

[sources.contoso]
kind = "http"
organization = "contoso"

[sources.contoso.dataverse]
key = "%CONTOSO_KEY%"
messages = ["Update"]
tables = ["account"]
attributes = ["creditlimit"]
images = [{ type = "pre", alias = "before", attributes = ["creditlimit"] }]
"""
ROW = "6d81c9a3-2f35-4b5e-9d1c-0a4be2c7f0e2"


def test_a_sender_is_made_a_row_arrives_and_a_step_that_is_switched_off_is_named(stage, tmp_path, monkeypatch):
    for name, value in stage.dynamics.environ.items():
        monkeypatch.setenv(name, value)
    stage.dynamics.control.set_site(APP, stage.host.url)
    (tmp_path / "fno-link.toml").write_text(TOML)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("FNO_", "AzureWeb"))}
    env |= {"FNO_LINK_CONTOSO_CLIENT_ID": CLIENT_ID, "FNO_LINK_CONTOSO_CLIENT_SECRET": CLIENT_SECRET}
    env |= {"CONTOSO_KEY": stage.host.key, "FNO_LINK_APP_URL": f"https://{APP}"}

    def register(*arguments, code=0):
        command = [sys.executable, "-c", "from integration.cli import main; main()", "register", *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def write(method, path, row):
        async def written():
            tokens = Tokens(lambda _: Credentials(client_id=CLIENT_ID, client_secret=CLIENT_SECRET))
            async with open_http_client() as http:
                dataverse = Dataverse(http, tokens)
                await dataverse.write(CONTOSO, method, path, row, {})
                steps = await dataverse.rows(CONTOSO, "sdkmessageprocessingsteps?$select=name")
            await tokens.aclose()
            return steps

        return asyncio.run(written())

    assert "3 written" in register("apply", "contoso")
    write("POST", "accounts", {"accountid": ROW, "name": "Registered", "creditlimit": 1.0})
    [step] = write("PATCH", f"accounts({ROW})", {"creditlimit": 4711.25})
    until(lambda: [each for each in stage.receivers.received("structured") if "4711.25" in each.body])
    assert "all is as it is declared" in register("drift", "contoso")
    off = {"statecode": 1, "statuscode": 2}
    write("PATCH", f"sdkmessageprocessingsteps({step['sdkmessageprocessingstepid']})", off)
    said = register("drift", "contoso", code=1)
    assert step["name"] in said
    assert "it was switched off" in said
    register("remove", "contoso", "--all", "--yes")
