"""One organization is one, however its address is written, wherever it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.clouds import organization_host, organization_url
from integration.config import check_text
from integration.config.keys.addresses import name_of
from integration.config.keys.model import Organization
from integration.delivery.screening.guard import foreign
from integration.events.decode import decode
from integration.events.event import Event, Origin
from integration.links import LinkResolver
from integration.links.table import row_key
from tests.strategies.events import message

HOST = "contoso.crm4.dynamics.com"
FORMS = (
    HOST,
    "contoso.api.crm4.dynamics.com",
    "https://contoso.crm4.dynamics.com",
    "https://contoso.api.crm4.dynamics.com/",
    "HTTPS://CONTOSO.API.CRM4.DYNAMICS.COM:443/",
    "http://contoso.crm4.dynamics.com:443/api/data/v9.2/",
    "Contoso.Api.Crm4.Dynamics.com:443",
    " contoso.crm4.dynamics.com. ",
    "https://contoso.api.crm4.dynamics.com?x=/",
)
OTHERS = (
    "contoso.crm.dynamics.com",
    "contoso-copy.crm4.dynamics.com",
    "contoso.api.example.com",
    "api.crm4.dynamics.com",
    "contoso.crm4.dynamics.com.example",
    "https://contoso.crm4.dynamics.com@evil.example/",
    "evil.example\\@contoso.crm4.dynamics.com",
)
DATA_EVENT = (
    b'{"MessageName": "OnExternalCreated", "PrimaryEntityName": "mserp_custcustomergroupentity",'
    b'"OperationCreatedOn": "/Date(1784051293000+0000)/", "InputParameters": []}'
)


def organization(url):
    return Organization(name="contoso", url=url, tenant="contoso.com")


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_the_same_host(form):
    assert organization_host(form) == HOST
    assert organization_url(form) == f"https://{HOST}"


@pytest.mark.parametrize("other", OTHERS)
def test_another_organization_is_another(other):
    assert organization_host(other) not in {HOST, ""}


@pytest.mark.parametrize("none", ["", "contoso", "http://[", "https://", "a b.com", "ö.crm4.dynamics.com", "x" * 5000])
def test_what_is_no_host_is_none(none):
    assert organization_host(none) == ""
    organization_url(none)


@given(st.text())
def test_any_text_has_an_answer(text):
    host = organization_host(text)
    assert organization_host(organization_url(text)) == host
    assert organization_host(host) == host


@pytest.mark.parametrize("configured", FORMS)
@pytest.mark.parametrize("said", FORMS)
def test_the_guard_knows_its_own(configured, said):
    headers = {"x-ms-dynamics-organization": said}
    (event,) = decode(message(DATA_EVENT, headers=headers)).items
    assert isinstance(event, Event)
    assert foreign(event.origin, organization(configured), "") == ""


@pytest.mark.parametrize("said", [*OTHERS, "ö.crm4.dynamics.com", "https://[.x", "a.b, contoso.crm4.dynamics.com"])
def test_the_guard_knows_others(said):
    assert foreign(Origin(organization_host=said), organization(f"https://{HOST}"), "") != ""


@pytest.mark.parametrize("said", ["http://[", "orgunique", ""])
def test_what_is_no_host_is_not_compared(said):
    assert foreign(Origin(organization_host=said), organization(f"https://{HOST}"), "") == ""


WHOLE = (
    "https://contoso.crm4.dynamics.com",
    "https://contoso.api.crm4.dynamics.com/",
    "https://Contoso.crm4.dynamics.com:443",
)


@pytest.mark.parametrize("url", WHOLE)
def test_the_configuration_has_one_url_for_all(url):
    text = f'[[organizations]]\nname = "a"\nurl = "{url}"\ntenant = "contoso.com"\n'
    configuration = check_text(text, {}, offline=True).configuration
    assert configuration is not None
    assert configuration.organizations["a"].url == f"https://{HOST}"


@pytest.mark.parametrize("url", WHOLE)
def test_an_organization_is_configured_once_in_whatever_form(url):
    text = "".join(
        f'[[organizations]]\nname = "{name}"\nurl = "{each}"\ntenant = "contoso.com"\n'
        for name, each in (("a", "https://contoso.crm4.dynamics.com"), ("b", url))
    )
    (problem,) = check_text(text, {}, offline=True).problems
    assert problem.key == "organizations[1].url"
    assert "organizations[0] too" in problem.message


@pytest.mark.parametrize("form", FORMS)
def test_the_table_of_links_has_one_row_for_all(form):
    assert row_key(organization(form)) == row_key(organization(f"https://{HOST}"))


@pytest.mark.parametrize("form", FORMS)
async def test_it_is_found_by_any_of_its_addresses(form):
    configured = [
        Organization(name="other", url="https://o.crm.dynamics.com", tenant="t"),
        organization(f"https://{HOST}"),
    ]
    assert name_of(configured, form) == "contoso"
    async with LinkResolver.for_organization("https://contoso.api.crm4.dynamics.com", tenant="contoso.com") as resolver:
        assert resolver.name_of(form) == "contoso"
    assert name_of(configured, "other") == "other"
    assert name_of(configured, "https://unknown.crm.dynamics.com") == "https://unknown.crm.dynamics.com"


def test_an_address_without_end_is_read_once_and_not_once_a_character():
    # A sender writes the host; looking for a scheme at each of its characters took 20 s for 70,000 of them.
    endless = "x" * 2_000_000
    assert organization_host(endless) == ""
    assert organization_host(f"https://{endless}") == ""
