"""Where hosts stand that a sender posts to."""

import pytest

from emulation.dynamics.sending.sites import NoSuchHost, place_of, site_of

SITES = {
    "app.azurewebsites.net": "http://127.0.0.1:1",
    "*.azurewebsites.net": "http://127.0.0.1:2",
    "*.contoso.azurewebsites.net": "http://127.0.0.1:3",
}


@pytest.mark.parametrize(
    ("url", "port"),
    [
        ("https://app.azurewebsites.net/api", 1),
        ("https://APP.azurewebsites.net/api", 1),
        ("https://other.azurewebsites.net", 2),
        ("https://a.contoso.azurewebsites.net", 3),
        ("sb://a.b.azurewebsites.net/", 2),
        ("http://127.0.0.1:7071/api", 7071),
        ("http://localhost/api", 80),
    ],
)
def test_the_nearest_name_wins(url, port):
    assert place_of(SITES, url) == ("127.0.0.1", port)


def test_what_is_nowhere_cannot_be_reached_unless_every_host_is_said_to_stand_somewhere():
    with pytest.raises(NoSuchHost, match=r"contoso\.example"):
        place_of(SITES, "https://contoso.example/api")
    assert place_of({**SITES, "*": "http://127.0.0.1:9"}, "https://contoso.example/api") == ("127.0.0.1", 9)
    assert site_of(SITES, "azurewebsites.net") == ""
