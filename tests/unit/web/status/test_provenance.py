"""Where a form was sent from: what browsers say, what lies before an app, and what another site can say."""

import pytest

from integration.web.status.provenance import foreign

OURS = {"host": "links.example.com", "x-forwarded-proto": "https"}
HERE, THERE = "https://links.example.com", "https://evil.example.net"


@pytest.mark.parametrize(
    "said",
    [
        {"sec-fetch-site": "same-origin", "origin": HERE, "referer": f"{HERE}/"},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "same-origin", "origin": "null"},  # a browser that is set to tell nobody anything
        {"sec-fetch-site": "none", "origin": HERE},
        {"origin": HERE},
        {"origin": f"{HERE}:443"},
        {"origin": HERE.upper().replace("HTTPS", "https")},
        {"referer": f"{HERE}/"},
        {"referer": f"{HERE}/api/status/operator?code=x"},
    ],
)
def test_our_own_page_is_known_by_what_the_browser_says(said):
    assert foreign(OURS | said) == ""


@pytest.mark.parametrize(
    "said",
    [
        {"sec-fetch-site": "cross-site", "origin": HERE},
        {"sec-fetch-site": "same-site", "origin": HERE},  # another app under the same domain
        {"sec-fetch-site": "same-origin, cross-site", "origin": HERE},
        {"sec-fetch-site": "made up"},
        {"sec-fetch-site": "same-origin", "origin": THERE},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "none", "origin": "null"},
        {"origin": THERE},
        {"origin": "null"},  # a sandboxed frame, a data: page, a redirect across sites
        {"origin": "null", "referer": f"{HERE}/"},
        {"origin": "https://links.example.com.evil.example.net"},
        {"origin": "https://evil.example.net/links.example.com"},
        {"origin": "https://links.example.com@evil.example.net"},
        {"origin": "https://links.example.com:8443"},
        {"origin": "http://links.example.com"},
        {"origin": "links.example.com"},
        {"origin": "javascript://links.example.com"},
        {"origin": "https://["},
        {"referer": f"{THERE}/?{HERE}"},
        {"referer": "about:blank"},
        {},
    ],
)
def test_whatever_is_not_our_own_page_is_refused_with_the_reason(said):
    assert foreign(OURS | said)


@pytest.mark.parametrize("name", ["x-forwarded-host", "x-original-host"])
def test_the_name_that_a_front_was_asked_for_is_ours_too(name):
    behind = {"host": "fno-link.azurewebsites.net", name: "links.example.com, inner", "origin": HERE}
    assert foreign(behind) == ""
    assert foreign({"host": "fno-link.azurewebsites.net", "origin": HERE})


def test_where_nobody_says_the_scheme_either_is_ours_and_ports_are_compared():
    assert foreign({"host": "127.0.0.1:7071", "origin": "http://127.0.0.1:7071"}) == ""
    assert foreign({"host": "127.0.0.1:7071", "origin": "http://127.0.0.1:7072"})
    assert foreign({"host": "127.0.0.1:80", "origin": "http://127.0.0.1"}) == ""


def test_without_a_name_nothing_is_ours():
    assert foreign({"origin": HERE})
    assert foreign({"host": "", "origin": "https://"})
