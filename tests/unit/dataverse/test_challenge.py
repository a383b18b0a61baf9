"""Reading whose an organization is from its challenge."""

import pytest

from integration.dataverse.challenge import Challenge, read_challenge

TENANT = "72f988bf-0000-4000-8000-000000000001"
HOST = "login.microsoftonline.com"


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (
            f"Bearer authorization_uri=https://{HOST}/{TENANT}/oauth2/authorize, resource_id=https://x.crm.dynamics.com/",
            Challenge(HOST, TENANT),
        ),
        (f'Bearer authorization_uri="https://{HOST}/{TENANT.upper()}/oauth2/authorize"', Challenge(HOST, TENANT)),
        (
            f"Bearer resource_id=https://x/, Authorization_URI = https://{HOST}/contoso.com",
            Challenge(HOST, "contoso.com"),
        ),
        (f"Bearer authorization_uri=https://login.windows.net/{TENANT}/oauth2/authorize", Challenge(HOST, TENANT)),
        (
            "Bearer authorization_uri=https://login.microsoftonline.us/abc/",
            Challenge("login.microsoftonline.us", "abc"),
        ),
        (f"Bearer authorization_uri=https://{HOST}/common/oauth2/authorize", None),
        (f"Bearer authorization_uri=http://{HOST}/{TENANT}", None),
        (f"Bearer authorization_uri=https://{HOST}/%2e%2e/x", None),
        ("Bearer authorization_uri=https://[::1", None),
        ("Basic realm=x", None),
        ("", None),
    ],
)
def test_the_tenant_is_read_from_what_is_asked_for(header, found):
    assert read_challenge(header) == found
