"""`fno-link register identity` as a process, on an emulated Dataverse that keeps the record."""

import json
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.contract.cli.checkout import Checkout
from tests.fixtures.web_api import Web

APPLICATION = "0a1b2c3d-0000-4000-8000-0000000000aa"
OTHER = "0a1b2c3d-0000-4000-8000-0000000000bb"
TENANT = "7f2c1900-9fd4-4b89-91d3-79a649996f0a"
ENVIRONMENT = "59b86021-2790-4a26-b386-15823676bbf4"
ASSEMBLY = {"name": "FnoLink.Plugins", "version": "1.0.0.0", "culture": "neutral", "publickeytoken": "0123456789abcdef"}


def certificate():
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Contoso, Inc.")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2030, 1, 1, tzinfo=UTC))
        .sign(key, SHA256())
        .public_bytes(Encoding.PEM)
    )


class Folder(Checkout):
    """The same, with a certificate."""

    def __init__(self, dynamics, folder) -> None:
        super().__init__(dynamics, folder)
        (folder / "plugin.pem").write_bytes(certificate())

    def identity(self, *arguments, code=0):
        options = ["--certificate", "plugin.pem", "--application", APPLICATION, "--json", *arguments]
        done = self.run("register", "identity", *options)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return json.loads(done.stdout) if done.stdout else json.loads(done.stderr)


@pytest.fixture
def checkout(dynamics, tmp_path):
    return Folder(dynamics, tmp_path)


@pytest.fixture
def web(dynamics, checkout):
    with dynamics.client(checkout.organization.base_url()) as client:
        yield Web(dynamics, checkout.name, client)


def states(said):
    return [(step["what"], step["state"]) for step in said["steps"]]


def kept(web):
    return web.get("managedidentities", filter=f"applicationid eq {APPLICATION}")["value"]


class TestIdentity:
    def test_without_an_organization_nothing_is_asked(self, checkout):
        said = checkout.identity("--tenant", TENANT, "--environment", ENVIRONMENT)
        assert (
            f"/t/ABksf9SfiUuR03mmSZlvCg/a/qzXoWDkuqUa3l6zM5mM0Rw/n/plugin/e/{ENVIRONMENT}/h/"
            in said["credential"]["subject"]
        )
        assert said["credential"]["certificateSubject"] == 'CN="Contoso, Inc."'
        assert said["record"] | {"managedidentityid": ""} == {
            "applicationid": APPLICATION,
            "managedidentityid": "",
            "tenantid": TENANT,
            "credentialsource": 2,
            "subjectscope": 1,
            "version": 2,
        }
        assert said["steps"] == []

    def test_it_says_first_then_writes_and_then_has_nothing_to_do(self, checkout, web):
        assembly = web.create("pluginassemblies", ASSEMBLY)
        order = (checkout.name, "--assembly", ASSEMBLY["name"])
        said = checkout.identity(*order)
        assert states(said) == [("managedidentity", "made"), ("pluginassemblies: FnoLink.Plugins", "changed")]
        assert kept(web) == []
        # Environment and tenant are asked for.
        assert said["credential"]["issuer"].split("/")[3] == said["record"]["tenantid"] == checkout.organization.tenant
        checkout.identity(*order, "--apply")
        (row,) = kept(web)
        assert {name: row[name] for name in said["record"]} == said["record"]
        bound = web.get(f"pluginassemblies({assembly})")["_managedidentityid_value"]
        assert bound == row["managedidentityid"]
        again = checkout.identity(*order, "--apply")
        assert states(again) == [("managedidentity", "unchanged"), ("pluginassemblies: FnoLink.Plugins", "unchanged")]

    def test_a_record_of_the_former_version_is_brought_forward(self, checkout, web):
        row = {"applicationid": APPLICATION, "tenantid": checkout.organization.tenant, "version": 1}
        there = web.create("managedidentities", row | {"credentialsource": 2, "subjectscope": 1})
        said = checkout.identity(checkout.name, "--apply")
        assert [step["row"] for step in said["steps"]] == [{"version": 2}]
        assert [(each["managedidentityid"], each["version"]) for each in kept(web)] == [(there, 2)]

    def test_an_assembly_of_another_identity_is_left_alone_and_nothing_is_written(self, checkout, web):
        other = web.create("managedidentities", {"applicationid": OTHER, "tenantid": checkout.organization.tenant})
        bind = {"managedidentityid@odata.bind": f"/managedidentities({other})"}
        web.create("pluginassemblies", ASSEMBLY | bind)
        said = checkout.identity(checkout.name, "--assembly", ASSEMBLY["name"], "--apply", code=1)
        assert states(said)[1] == ("pluginassemblies: FnoLink.Plugins", "refused")
        assert other in said["steps"][1]["why"]
        assert kept(web) == []

    def test_an_assembly_that_is_not_there_is_named(self, checkout, web):
        said = checkout.identity(checkout.name, "--package", "nothing", "--apply", code=1)
        assert states(said)[1] == ("pluginpackages: nothing", "missing")
        assert kept(web) == []

    @pytest.mark.parametrize(
        "arguments",
        [
            ("--tenant", TENANT),
            ("--apply", "--tenant", TENANT, "--environment", ENVIRONMENT),
            ("--tenant", "contoso", "--environment", ENVIRONMENT),
            ("--tenant", TENANT, "--environment", "../x"),
            (
                "--tenant",
                TENANT,
                "--environment",
                ENVIRONMENT,
                "--password-file",
                "plugin.pem",
                "--certificate",
                "fno-link.toml",
            ),
            ("nobody",),
            ("--tenant", TENANT, "--environment", ENVIRONMENT, "--application", "x' or 1 eq 1"),
            ("--assembly", "a", "--package", "b"),
        ],
    )
    def test_wrong_usage_is_one_line_and_exit_code_2(self, checkout, arguments):
        done = checkout.run(
            "register", "identity", "--certificate", "plugin.pem", "--application", APPLICATION, *arguments
        )
        assert done.returncode == 2, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        assert done.stdout == ""

    def test_a_name_with_a_quote_never_reaches_the_query(self, checkout):
        said = checkout.identity(checkout.name, "--assembly", "a' or name ne 'b", code=2)
        assert said["code"] == "InvalidRequest"
