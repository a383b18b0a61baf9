"""`fno-link resolve` with nothing but a URL: whose credentials are used, and what is said where there are none."""

import json
import os
import signal
import subprocess
import time

import pytest

from emulation.dynamics import App, Tenant, User
from tests.contract.cli.checkout import Checkout
from tests.fixtures import azure_cli as az
from tests.fixtures.azure_cli import FakeAzureCli

ADA = "ada@contoso.onmicrosoft.com"
EVE = "eve@fabrikam.onmicrosoft.com"
FABRIKAM = Tenant("99999999-0000-4000-8000-000000000009", "fabrikam.onmicrosoft.com")
PATIENCE = 120.0


class Laptop(Checkout):
    """A folder with no configuration, and an Azure CLI on the PATH."""

    def __init__(self, dynamics, folder) -> None:
        super().__init__(dynamics, folder)
        (folder / "fno-link.toml").unlink()
        self.settings = {}
        program = folder / "azure-cli"
        program.mkdir()
        self.azure_cli = FakeAzureCli(program, dynamics.control.url)
        self.environ |= {"PATH": self.azure_cli.path}
        self.url = self.organization.base_url()
        dynamics.control.add_user(User(ADA))
        dynamics.control.add_user(User(EVE, tenant=FABRIKAM.id))

    def resolve(self, *options, code):
        done = self.run("resolve", "--json", *options)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return json.loads(done.stdout if code < 2 else done.stderr.splitlines()[-1])


@pytest.fixture
def laptop(dynamics, tmp_path):
    return Laptop(dynamics, tmp_path)


@pytest.mark.parametrize("form", ["{url}", "{url}/main.aspx?app=1", "{host}", "{url.api}"])
def test_a_url_alone_is_enough_with_the_azure_cli(laptop, form):
    laptop.azure_cli.signs_in(ADA)
    host = laptop.url.removeprefix("https://")
    said = form.replace("{url.api}", laptop.url.replace(".crm", ".api.crm")).format(url=laptop.url, host=host)
    link = laptop.resolve(said, code=0)
    assert (link["state"], link["url"]) == ("linked", f"https://{laptop.name}.operations.dynamics.com")
    [asked] = laptop.azure_cli.asked
    assert asked[2:6] == ["--resource", laptop.url, "--tenant", Tenant().id]


def test_not_linked_is_told_with_its_reason(laptop, dynamics):
    laptop.azure_cli.signs_in(ADA)
    dynamics.control.unlink(laptop.name)
    assert laptop.resolve(laptop.url, code=1)["code"] == "0x80048d0b"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (az.NOT_SIGNED_IN, "Nobody is signed in"),
        (az.MFA, "multifactor"),
        (az.CONDITIONAL_ACCESS, "conditional-access"),
        ("garbage", "not JSON"),
    ],
)
def test_what_the_azure_cli_says_is_explained_with_the_missing_settings(laptop, said, words):
    laptop.azure_cli.says(said)
    error = laptop.resolve(laptop.url, code=3)
    assert words in error["message"]
    for part in ("az login", "--device-code", f"FNO_LINK_{laptop.name.upper()}_CLIENT_ID", "CLIENT_SECRET"):
        assert part in error["hint"], part


def test_an_account_of_another_tenant_is_told(laptop):
    laptop.azure_cli.signs_in(EVE)
    error = laptop.resolve(laptop.url, code=3)
    assert "AADSTS50020" in error["message"]
    assert "az login --tenant" in error["hint"]


def test_without_an_azure_cli_no_managed_identity_is_tried(laptop):
    laptop.environ["PATH"] = str(laptop.folder)
    error = laptop.resolve(laptop.url, code=3)
    assert "not installed" in error["message"]
    assert f"FNO_LINK_{laptop.name.upper()}_CLIENT_ID" in error["hint"]


def test_configured_credentials_come_first(laptop, dynamics):
    laptop.settings = {"CLIENT_ID": dynamics.client_id, "CLIENT_SECRET": dynamics.client_secret}
    assert laptop.resolve(laptop.url, code=0)["state"] == "linked"
    assert laptop.azure_cli.asked == []


def test_a_configured_organization_is_known_by_its_url(laptop):
    laptop.configure(tenant="nobody.onmicrosoft.com")
    laptop.azure_cli.signs_in(ADA)
    assert "nobody.onmicrosoft.com" in json.dumps(laptop.resolve(laptop.url, code=3))


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("https://contoso.example.com", "InvalidRequest"),
        ("https://dynamics.com.example.org/x", "InvalidRequest"),
        ("contoso", "ConfigurationError"),
        ("https://x:99999", "ConfigurationError"),
    ],
)
def test_what_is_no_organization_is_refused_and_nobody_is_asked(laptop, dynamics, said, name):
    code = 2 if name == "InvalidRequest" else 1
    done = laptop.run("resolve", said, "--json")
    assert (done.returncode, json.loads(done.stderr)["code"]) == (code, name)
    assert dynamics.control.refused() == []


def test_an_organization_that_names_another_clouds_authority_is_not_believed(laptop, dynamics):
    lie = {"WWW-Authenticate": "Bearer authorization_uri=https://login.example.com/contoso/oauth2/authorize"}
    dynamics.control.break_(laptop.name, "answer", status=401, headers=lie)
    laptop.azure_cli.signs_in(ADA)
    error = laptop.resolve(laptop.url, code=3)
    assert "login.example.com" in error["message"]
    assert laptop.azure_cli.asked == []


class Waiting:
    """A command that waits for a person to sign in."""

    def __init__(self, laptop, *options) -> None:
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        self.process = laptop.start("resolve", laptop.url, "--json", "--device-code", *options, **streams)
        self.shown = self.process.stderr.readline()

    @property
    def user_code(self):
        return self.shown.partition("enter the code ")[2].partition(" ")[0]

    def end(self):
        out, said = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, said


def test_a_person_signs_in_by_device_code(laptop, dynamics):
    waiting = Waiting(laptop)
    assert "https://microsoft.com/devicelogin" in waiting.shown
    dynamics.control.answer_device(waiting.user_code, ADA)
    code, out, said = waiting.end()
    assert (code, json.loads(out)["state"]) == (0, "linked"), said


def test_a_person_who_declines_ends_the_command(laptop, dynamics):
    waiting = Waiting(laptop)
    dynamics.control.answer_device(waiting.user_code)
    code, _, said = waiting.end()
    assert code == 3
    assert "declined" in json.loads(said)["message"]


def test_a_code_that_was_not_used_in_time_ends_the_command(laptop, dynamics):
    waiting = Waiting(laptop)
    dynamics.control.expire_devices()
    code, _, said = waiting.end()
    assert code == 3
    assert "too old" in json.loads(said)["message"]


def test_an_application_that_is_none_for_people_is_refused(laptop, dynamics):
    client_id = "0a1b2c3d-0000-4000-8000-0000000000a2"
    dynamics.control.add_app(App(client_id))
    error = laptop.resolve(laptop.url, "--device-code", "--client-id", client_id, code=3)
    assert "AADSTS7000218" in error["message"]


def test_who_stops_waiting_ends_the_command_at_once(laptop):
    waiting = Waiting(laptop)
    began = time.monotonic()
    os.kill(waiting.process.pid, signal.SIGINT)
    assert waiting.end()[0] == 130
    assert time.monotonic() - began < PATIENCE
