"""What the doctor asks of the page's prerequisites: as an application, as a person, and of who does not answer."""

import json
import subprocess
from contextlib import asynccontextmanager

import msgspec
import pytest

from emulation.dynamics import App, Capacity, ControlRefused, Licence, User
from emulation.dynamics.people import AZURE_CLI, SAMPLES
from integration.cli.doctor import estate, look
from integration.config.keys.model import Credentials, Organization
from integration.dataverse import open_http_client
from integration.identity import Tokens
from integration.identity.grants import Grant
from integration.identity.refusals import explain, refusal_code
from integration.microsoft_graph import MicrosoftGraph
from integration.power_platform.administration import Administration
from tests.contract.cli.checkout import Checkout
from tests.fixtures.azure_cli import FakeAzureCli

ADA = "ada@contoso.onmicrosoft.com"
OWN = "0a1b2c3d-0000-4000-8000-00000000da7a"
UNIFIED_OPERATIONS = Licence("Dynamics_365_for_Operations")
ONLY = [argument for step in look.STEPS for argument in ("--only", step.name)]
PATIENCE = 120.0


class Laptop(Checkout):
    """A folder with a configuration, and whoever is signed in on this machine."""

    def __init__(self, dynamics, folder) -> None:
        super().__init__(dynamics, folder)
        program = folder / "azure-cli"
        program.mkdir()
        self.azure_cli = FakeAzureCli(program, dynamics.control.url)
        self.environ |= {"PATH": self.azure_cli.path}
        self._dynamics = dynamics

    def signs_in(self, *roles, licences=(UNIFIED_OPERATIONS,)):
        self.settings = {}
        self._dynamics.control.add_user(User(ADA, directory_roles=roles, licences=licences))
        self.azure_cli.signs_in(ADA)

    def doctor(self, code):
        return told(self.run("doctor", "--json", *ONLY), code)


def told(done, code):
    assert done.returncode == code, done.stdout + done.stderr
    return {step["step"]: step for step in json.loads(done.stdout)["organizations"][0]["steps"]}


def verdicts(findings):
    return {name: finding["verdict"] for name, finding in findings.items()}


@pytest.fixture
def laptop(dynamics, tmp_path):
    return Laptop(dynamics, tmp_path)


@pytest.fixture
def tenant(dynamics):
    """Change the tenant."""

    def change(**changes):
        dynamics.control.add_tenant(msgspec.structs.replace(dynamics.tenant, **changes))

    return change


def test_an_application_is_told_what_concerns_the_tenant_where_it_administers_it(laptop, dynamics, tenant):
    findings = laptop.doctor(0)
    assert set(verdicts(findings).values()) == {"skipped"}
    for finding in findings.values():
        assert finding["message"].startswith("look yourself: ")
        assert finding["todo"].startswith("Look in ")
    assert "administer its Power Platform (403)" in findings["capacity"]["message"]
    assert "management applications of the Power Platform (403)" in findings["governance"]["message"]
    assert "of a person alone" in findings["licence"]["message"]
    dynamics.control.set_platform_access(dynamics.client_id, administers=True)
    dynamics.control.unlink(laptop.name)
    tenant(capacity=Capacity(database=2048, used=512, covering=600), only_administrators_create=True)
    findings = laptop.doctor(1)
    wanted = {"capacity": "fail", "administrator": "skipped", "licence": "skipped", "governance": "warn"}
    assert verdicts(findings) == wanted
    assert "0.9 GB of 2 GB are free" in findings["capacity"]["message"]


def test_a_person_is_told_what_a_person_may_know(laptop, dynamics, tenant):
    laptop.signs_in("Power Platform Administrator")
    tenant(only_administrators_create=True)
    findings = laptop.doctor(0)
    assert set(verdicts(findings).values()) == {"pass"}
    assert "Power Platform Administrator" in findings["administrator"]["message"]
    assert "Dynamics_365_for_Operations" in findings["licence"]["message"]
    dynamics.control.unlink(laptop.name)
    laptop.signs_in("Directory Readers", licences=())
    wanted = {"capacity": "skipped", "administrator": "fail", "licence": "fail", "governance": "warn"}
    assert verdicts(laptop.doctor(1)) == wanted


def test_a_device_code_is_typed_once_and_what_its_application_may_not_read_is_said(laptop, dynamics, tenant):
    laptop.signs_in("Global Administrator")
    tenant(only_administrators_create=True)
    dynamics.control.add_app(App(OWN, public_client=True))
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = laptop.start("doctor", "--json", "--device-code", "--client-id", OWN, *ONLY, **streams)
    shown = process.stderr.readline()
    dynamics.control.answer_device(shown.partition("enter the code ")[2].partition(" ")[0], ADA)
    out, said = process.communicate(timeout=PATIENCE)
    assert "devicelogin" in shown
    assert "devicelogin" not in said
    findings = told(subprocess.CompletedProcess((), process.returncode, out, said), 0)
    wanted = {"capacity": "pass", "administrator": "skipped", "licence": "pass", "governance": "warn"}
    assert verdicts(findings) == wanted
    assert "RoleManagement.Read.Directory" in findings["administrator"]["message"]


class Person:
    """Whoever has signed in to an application, that of the Azure CLI by default, by the control API."""

    def __init__(self, dynamics, client_id=AZURE_CLI) -> None:
        self._dynamics = dynamics
        self.client_id = client_id

    def grant(self, authority, scope):
        del authority
        return Grant(self._token(scope.removesuffix("/.default")), 3600.0)

    def _token(self, resource):
        try:
            return self._dynamics.control.sign_in(ADA, self.client_id, resource)
        except ControlRefused as refused:
            raise explain("whoever signs in", refusal_code({"error_description": str(refused)})) from refused


@asynccontextmanager
async def asking(dynamics, *, within=60.0, sign_in=None, credentials=None):
    emulated = dynamics.organization()
    held = (UNIFIED_OPERATIONS,)
    dynamics.control.add_user(User(ADA, directory_roles=("Global Administrator",), licences=held))
    organization = Organization(name=emulated.name, url=emulated.base_url(), tenant=dynamics.tenant.domain)
    async with open_http_client() as http:
        tokens = Tokens(lambda _: credentials, sign_in=sign_in)
        administration = Administration(http, tokens, timeout=within)
        graph = MicrosoftGraph(http, tokens, timeout=within)
        asked = estate.Asked(organization, dynamics.tenant.id, administration, graph)

        async def ask():
            found = await estate.prerequisites(asked, None)
            return {each.step: each for each in found}

        yield emulated.name, ask
        await tokens.aclose()


KINDS = {"capacity": ["capacity"], "administration": ["governance"], "graph": ["administrator", "licence"]}


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        ({"effect": "answer", "status": 200, "body": "<html>Sign in</html>"}, "unknown"),
        ({"effect": "answer", "status": 200, "body": "{}"}, "unknown"),
        ({"effect": "answer", "status": 302, "headers": {"Location": "https://evil.example.com/"}}, "unknown"),
        ({"effect": "answer", "status": 500}, "unknown"),
        ({"effect": "cut"}, "unknown"),
        ({"effect": "unavailable"}, "unknown"),
        ({"effect": "throttled", "retry_after": "7"}, "unknown"),
        ({"effect": "unreachable"}, "unknown"),
        ({"effect": "forbidden"}, "skipped"),
        ({"effect": "unauthorized"}, "skipped"),
        ({"effect": "not_found"}, "skipped"),
    ],
    ids=lambda each: f"{each['effect']}{each.get('status', '')}" if isinstance(each, dict) else "",
)
async def test_who_does_not_answer_leaves_it_unknown_and_who_refuses_is_named(dynamics, fault, verdict):
    async with asking(dynamics, sign_in=Person(dynamics)) as (name, ask):
        for kind in KINDS:
            dynamics.control.break_(name, kind=kind, **fault)
        for finding in (await ask()).values():
            assert (finding.verdict, bool(finding.todo)) == (verdict, True), finding
        dynamics.control.heal(name)
        assert {finding.verdict for finding in (await ask()).values()} == {"pass"}
    assert dynamics.control.refused() == []


@pytest.mark.parametrize("kind", KINDS)
async def test_one_that_does_not_answer_keeps_no_other_from_it(dynamics, tenant, kind):
    tenant(only_administrators_create=True)
    async with asking(dynamics, sign_in=Person(dynamics)) as (name, ask):
        dynamics.control.break_(name, "unavailable", kind=kind)
        found = await ask()
    unknown = {step for step, finding in found.items() if finding.verdict == "unknown"}
    assert unknown == set(KINDS[kind])


async def test_who_never_answers_is_waited_for_once_and_for_all_at_once(dynamics):
    async with asking(dynamics, within=1.0, sign_in=Person(dynamics)) as (name, ask):
        for kind in KINDS:
            dynamics.control.break_(name, "hang", kind=kind)
        for finding in (await ask()).values():
            assert finding.verdict == "unknown"
            assert "did not answer within 1 s" in finding.message


async def test_a_token_that_was_revoked_is_asked_anew_once(dynamics):
    async with asking(dynamics, sign_in=Person(dynamics)) as (name, ask):
        for kind in KINDS:
            dynamics.control.break_(name, "unauthorized", kind=kind, times=1)
        assert {finding.verdict for finding in (await ask()).values()} == {"pass"}


async def test_what_a_refusal_needs_goes_before_where_to_look(dynamics):
    person = Person(dynamics, SAMPLES)
    async with asking(dynamics, sign_in=person) as (name, ask):
        dynamics.control.break_(name, "forbidden", kind="graph")
        found = (await ask())["licence"]
        assert (found.verdict, "AADSTS65002" in found.message) == ("skipped", True)
        assert found.todo.startswith("Use an app registration of the tenant's own. Look in ")
        person.client_id = AZURE_CLI
        found = (await ask())["licence"]
    assert (found.verdict, "has no permission" in found.message) == ("skipped", True)
    assert found.todo.startswith("Grant it, with consent")


async def test_an_application_that_the_azure_cli_has_signed_in_is_no_person(dynamics):
    own = Credentials(client_id=dynamics.client_id, client_secret=dynamics.client_secret)
    async with asking(dynamics, credentials=own) as (_, ask):
        found = await ask()
    assert {finding.verdict for finding in found.values()} == {"skipped"}
    assert "neither an application" in found["licence"].message
