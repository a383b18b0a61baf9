"""Which hosts are trusted as Finance & Operations: Microsoft's in their cloud, those named, and no other."""

import pytest

from integration.clouds import CLOUDS
from integration.config.keys.model import Organization
from integration.links.trust import distrust

TENANT = "11111111-2222-3333-4444-555555555555"
GEOGRAPHIES = ["", "eu.", "fr.", "no.", "sa.", "ch.", "uae."]
KINDS = ["operations", "sandbox.operations", "cloudax", "axcloud"]


def judge(host, cloud="public", trusted_hosts=()):
    organization = Organization(
        name="contoso", url="https://contoso.crm.dynamics.com", tenant=TENANT, cloud=cloud, trusted_hosts=trusted_hosts
    )
    return distrust(f"https://{host}", TENANT, organization, TENANT)


@pytest.mark.parametrize("geography", GEOGRAPHIES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_host_is_trusted_in_every_geography(kind, geography):
    assert judge(f"x.{kind}.{geography}dynamics.com") == ""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("cloud", "domain"),
    [
        ("gcc", "gov.microsoftdynamics.us"),
        ("gcc_high", "high.microsoftdynamics.us"),
        ("china", "dynamics.cn"),
        ("dod", "appsplatform.us"),
    ],
)
def test_every_kind_of_host_is_trusted_in_every_cloud_and_in_no_other(cloud, domain, kind):
    host = f"x.{kind}.{domain}"
    assert judge(host, cloud) == ""
    for other in set(CLOUDS) - {cloud}:
        assert "not a known F&O host" in judge(host, other)


@pytest.mark.parametrize(
    "host",
    [
        "x.operations.dynamics.com.evil.example",
        "evil-operations.dynamics.com",
        "xcloudax.uae.dynamics.com",
        "x.crm.dynamics.com",
        "x.operations.crm.dynamics.com",
        "x.operations.xx.dynamics.com",
        "x.operations.dynamics.cn",
        "dynamics.com",
        "operations.contoso.example",
    ],
)
def test_no_other_host_is(host):
    assert "not a known F&O host" in judge(host)


def test_hosts_that_an_organization_names_are_trusted_by_whole_labels():
    assert judge("erp.contoso.example", trusted_hosts=(".contoso.example",)) == ""
    assert judge("erp-contoso.example", trusted_hosts=(".contoso.example",)) != ""
