"""The configuration of the emulated world."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from emulation.dynamics import App, FinanceOperationsLink, Organization, Secret, Tenant, World, load

TOML = """
token_lifetime = 60

[[tenants]]
id = "t-1"
domain = "contoso.onmicrosoft.us"
cloud = "gcc_high"

[[apps]]
client_id = "app"
tenant = "t-1"
organizations = ["contoso"]
secrets = [{ value = "s", expires = 2030-01-01T00:00:00Z }]

[[organizations]]
name = "contoso"
url = "https://contoso.crm.microsoftdynamics.us"
tenant = "contoso.onmicrosoft.us"
link = { url = "https://contoso.operations.high.microsoftdynamics.us", id = "e-1" }

[[organizations.rows.accounts]]
accountid = "a-1"
"""


def test_a_world_is_read_from_toml_and_json_alike(tmp_path: Path):
    expected = World(
        tenants=(Tenant("t-1", "contoso.onmicrosoft.us", "gcc_high"),),
        apps=(App("app", "t-1", (Secret("s", datetime(2030, 1, 1, tzinfo=UTC)),), organizations=("contoso",)),),
        organizations=(
            Organization(
                "contoso",
                "https://contoso.crm.microsoftdynamics.us",
                tenant="contoso.onmicrosoft.us",
                link=FinanceOperationsLink("https://contoso.operations.high.microsoftdynamics.us", "e-1"),
                rows={"accounts": [{"accountid": "a-1"}]},
            ),
        ),
        token_lifetime=60,
    )
    toml, json = tmp_path / "world.toml", tmp_path / "world.json"
    toml.write_text(TOML)
    json.write_bytes(msgspec.json.encode(expected))
    assert load(toml) == expected
    assert load(json) == expected


def test_an_unknown_key_is_refused_by_name(tmp_path: Path):
    file = tmp_path / "world.toml"
    file.write_text('[[organizations]]\nname = "contoso"\nurll = "x"\n')
    with pytest.raises(msgspec.ValidationError, match="urll"):
        load(file)


@pytest.mark.parametrize(
    "entry", ['[[apps]]\nclient_id = "x"\ntenant = "nowhere"', '[[organizations]]\nname = "x"\ntenant = "nowhere"']
)
def test_a_tenant_that_is_not_configured_is_refused(tmp_path: Path, entry: str):
    file = tmp_path / "world.toml"
    file.write_text(entry)
    with pytest.raises(ValueError, match="x is of tenant nowhere"):
        load(file)


def test_an_organization_has_a_url_an_id_and_an_api_host_by_default():
    organization = Organization("contoso")
    assert organization.base_url() == "https://contoso.crm.dynamics.com"
    assert organization.hosts() == ("contoso.crm.dynamics.com", "contoso.api.crm.dynamics.com")
    assert organization.id() == Organization("contoso").id() != Organization("fabrikam").id()
