"""The credentials of an organization: secret, certificate or managed identity, and contradictions named."""

import pytest

from integration.config import check_text, credentials
from integration.errors import ConfigurationError

PREFIX = "FNO_LINK_CONTOSO_EU_"


def test_credentials_come_from_the_settings_of_the_organization():
    environ = {f"{PREFIX}CLIENT_ID": " id ", f"{PREFIX}CLIENT_SECRET": "secret", "FNO_LINK_OTHER_CLIENT_ID": "x"}
    found = credentials(environ, "contoso-eu")
    assert (found.client_id, found.client_secret, found.client_certificate) == ("id", "secret", "")
    assert "secret" not in repr(found)


def test_a_certificate_may_have_a_password():
    environ = {f"{PREFIX}CLIENT_ID": "id"} | {
        f"{PREFIX}CLIENT_CERTIFICATE": "pem",
        f"{PREFIX}CLIENT_CERTIFICATE_PASSWORD": "p",
    }
    found = credentials(environ, "contoso-eu")
    assert (found.client_certificate, found.client_certificate_password) == ("pem", "p")


def test_without_settings_it_is_the_managed_identity():
    found = credentials({f"{PREFIX}CLIENT_SECRET": ""}, "contoso-eu")
    assert (found.client_id, found.client_secret, found.client_certificate) == ("", "", "")


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"CLIENT_SECRET": "s"}, "CLIENT_ID"),
        ({"CLIENT_CERTIFICATE": "c"}, "CLIENT_ID"),
        ({"CLIENT_ID": "i", "CLIENT_SECRET": "s", "CLIENT_CERTIFICATE": "c"}, "CLIENT_CERTIFICATE"),
        ({"CLIENT_ID": "i", "CLIENT_CERTIFICATE_PASSWORD": "p"}, "CLIENT_CERTIFICATE_PASSWORD"),
        ({"CLIENT_ID": "i", "CLIENT_SECRET": "@Microsoft.KeyVault(SecretUri=https://v)"}, "CLIENT_SECRET"),
    ],
)
def test_settings_that_contradict_each_other_are_a_problem(settings, key):
    environ = {PREFIX + name: value for name, value in settings.items()}
    with pytest.raises(ConfigurationError) as raised:
        credentials(environ, "contoso-eu")
    assert [problem.key for problem in raised.value.problems] == [PREFIX + key]
    text = '[[organizations]]\nname = "contoso-eu"\nurl = "https://c.crm.dynamics.com"\ntenant = "c.com"\n'
    assert [problem.key for problem in check_text(text, environ).problems] == [PREFIX + key]
    assert check_text(text, environ, offline=True).problems == ()
