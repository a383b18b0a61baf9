"""The emulated tenant has fno-link's own registration and each client, and the commands that are printed fit them."""

import shlex

import pytest

from emulation.dynamics.people import AZURE_CLI
from emulation.local.clients import ROLES
from emulation.local.document import read
from emulation.local.home import State
from emulation.local.made_up import Places
from emulation.local.plan import plan
from emulation.local.shown import asking

TENANT, OWN, PORTAL = (f"0a1b2c3d-0000-4000-8000-0000000000a{number}" for number in (1, 2, 3))
TOML = f"""
[[organizations]]
name = "contoso"
url = "https://contoso.crm.dynamics.com"
tenant = "contoso.onmicrosoft.com"
[[organizations]]
name = "fabrikam"
url = "https://fabrikam.crm.dynamics.com"
tenant = "{TENANT}"
[entra]
tenant = "{TENANT.upper()}"
audiences = ["api://fno-link", "{OWN}"]
[[clients]]
name = "portal"
app_id = "{PORTAL}"
organizations = ["fabrikam"]
[[clients]]
name = "people"
app_id = "{AZURE_CLI}"
all_organizations = true
people = true
"""


def planned(tmp_path, text=TOML, given=None, known=None):
    path = tmp_path / "fno-link.toml"
    path.write_text(text)
    return plan(
        read(path), given or {}, Places("http://127.0.0.1:5", "http://127.0.0.1:6/w"), known or {}, lambda *_: True
    )


def test_the_tenant_has_the_registration_with_its_roles_and_each_client_with_its_grants(tmp_path):
    found = planned(tmp_path)
    apps = {each.client_id: each for each in found.world.apps}
    assert (apps[OWN].api.uris, apps[OWN].api.roles) == (("api://fno-link",), ROLES)
    assert [(each.app, each.roles) for each in apps[PORTAL].granted] == [(OWN, ROLES)]
    assert AZURE_CLI not in apps
    [person] = found.world.users
    assert person.granted == apps[PORTAL].granted
    assert (apps[OWN].api.pre_authorized, apps[PORTAL].public_client) == ((AZURE_CLI,), False)
    # Its tenant is that of the organization with the same id, and an application user of nobody.
    assert sum(each.id == TENANT for each in found.world.tenants) == 1
    assert apps[PORTAL].organizations == ()
    portal, people = found.clients
    assert (portal.organizations, people.organizations) == (("fabrikam",), ("contoso", "fabrikam"))
    assert (portal.scope, people.secret, people.user) == ("api://fno-link/.default", "", person.name)


def test_a_secret_stays_while_the_configuration_changes_and_is_no_app_setting(tmp_path):
    first = planned(tmp_path)
    secret = first.clients[0].secret
    assert secret not in first.settings.values()
    assert planned(tmp_path, known={"[[clients]] portal": secret}).clients == first.clients


def test_the_registration_of_an_organization_may_be_a_client_too(tmp_path):
    found = planned(tmp_path, given={"FNO_LINK_CONTOSO_CLIENT_ID": PORTAL, "FNO_LINK_CONTOSO_CLIENT_SECRET": "mine"})
    [portal] = [each for each in found.world.apps if each.client_id == PORTAL]
    assert {each.value for each in portal.secrets} == {"mine", found.clients[0].secret}
    assert (portal.granted[0].app, portal.organizations) == (OWN, None)


def test_settings_that_nobody_has_set_are_made_up(tmp_path):
    text = TOML.replace(TENANT.upper(), "%TENANT%").replace("api://fno-link", "%URI%").replace(PORTAL, "%PORTAL_ID%")
    found = planned(tmp_path, text)
    assert [each.name for each in found.made_up if each.name in {"TENANT", "URI", "PORTAL_ID"}] == [
        "TENANT", "URI", "PORTAL_ID",
    ]  # fmt: skip
    assert len(found.clients) == 2
    # That of contoso.onmicrosoft.com, which the organization there has.
    assert len(found.world.tenants) == 2


@pytest.mark.parametrize(
    ("cut", "put"),
    [
        (f'tenant = "{TENANT.upper()}"', 'tenant = "contoso.com"'),
        ("audiences", "others"),
        ("[[clients]]", "[[others]]"),
    ],
)
def test_what_the_check_refuses_is_not_played(tmp_path, cut, put):
    found = planned(tmp_path, TOML.replace(cut, put))
    assert (found.clients, found.world.users) == ((), ())


def test_each_command_is_one_line_for_a_shell(tmp_path):
    state = State(
        pid=1, app="http://127.0.0.1:7", key="k", master_key="m", sources=(), organizations={}, urls={}, settings="",
        control="http://127.0.0.1:8", clients=planned(tmp_path).clients,
        proxy={"HTTPS_PROXY": "http://127.0.0.1:9", "CURL_CA_BUNDLE": "/home/a b/ca.pem"},
    )  # fmt: skip
    said = dict(asking(state))
    assert list(said) == [
        "token of portal",
        "portal asks",
        "no roles for portal",
        "who signs in to people",
        "people asks",
    ]
    assert "/home/a b/ca.pem" in shlex.split(said["token of portal"].removeprefix("TOKEN=$("))
    assert shlex.split(said["portal asks"])[-1] == "authorization: Bearer $TOKEN"
