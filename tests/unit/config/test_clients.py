"""Clients that nobody could be, that are two, or may see what nobody said: each a problem at its place."""

import pytest

from integration.config import check_text
from integration.config.settings import settings
from tests.unit.config.written import ORGANIZATION, STORAGE

TENANT = "11111111-2222-3333-4444-555555555555"
PORTAL, OTHER = "0a1b2c3d-0000-4000-8000-00000000000a", "0a1b2c3d-0000-4000-8000-00000000000b"
ENTRA = f'[entra]\ntenant = "{TENANT}"\naudiences = ["api://fno-link"]\n'


def client(name="portal", app_id=PORTAL, sees='organizations = ["contoso"]'):
    return f'[[clients]]\nname = "{name}"\napp_id = "{app_id}"\n{sees}\n'


def checked(*parts, **environ):
    return check_text("\n".join((ORGANIZATION, *parts)), {**STORAGE, **environ})


def test_a_client_of_one_organization_and_one_of_all_are_well():
    said = checked(ENTRA, client(), client("operator", OTHER, "all_organizations = true"))
    assert (said.problems, said.warnings) == ((), ())


@pytest.mark.parametrize(
    ("parts", "key", "says"),
    [
        ((client(),), "entra.tenant", "no tenant"),
        ((client(),), "entra.audiences", "for nobody"),
        ((ENTRA, client(), client(app_id=OTHER)), "clients[1].name", "`portal` is that of clients[0] too"),
        ((ENTRA, client(), client("b", PORTAL.upper())), "clients[1].app_id", "is that of clients[0] too"),
        ((ENTRA, client(sees="")), "clients[0].organizations", "not said which"),
        (
            (ENTRA, client(sees='organizations = ["contoso"]\nall_organizations = true')),
            "clients[0].organizations",
            "said twice",
        ),
        ((ENTRA, client(sees='organizations = ["nobody"]')), "clients[0].organizations[0]", "nobody"),
        (('[entra]\ntenant = "contoso.onmicrosoft.com"\n', client()), "entra.tenant", "contoso.onmicrosoft.com"),
        ((ENTRA, client(app_id="portal")), "clients[0].app_id", "portal"),
    ],
)
def test_what_is_wrong_is_a_problem_at_its_place(parts, key, says):
    found = {problem.key: problem.message for problem in checked(*parts).problems}
    assert says in found.get(key, f"only {found}")


@pytest.mark.parametrize(
    ("parts", "environ", "key"),
    [
        ((ENTRA,), {}, "entra"),
        (
            (ENTRA, client()),
            {settings.EASY_AUTH: "true", settings.SITE_NAME: "fno-link", settings.SITE_AUTH: "False"},
            settings.EASY_AUTH,
        ),
    ],
)
def test_what_lets_nobody_in_and_what_is_not_believed_are_warnings(parts, environ, key):
    said = checked(*parts, **environ)
    assert said.problems == ()
    assert [warning.key for warning in said.warnings] == [key]
