"""`fno-link doctor` and each host that it asks: name, TLS, whose answer it is, and its clock."""

import json

import pytest
import trustme

from tests.contract.cli.checkout import Checkout

AUTHORITY = "login.microsoftonline.com"
HOSTS = {"host": "whoami", "authority": "discovery", "platform_host": "platform", "environment_host": "fno"}


@pytest.fixture
def checkout(dynamics, tmp_path):
    return Checkout(dynamics, tmp_path)


def examined(checkout, *only):
    """Run the doctor; return the chosen findings by step."""
    chosen = [word for name in only for word in ("--only", name)]
    done = checkout.run("doctor", "--json", *chosen)
    assert done.stdout, done.stderr
    return {step["step"]: step for step in json.loads(done.stdout)["organizations"][0]["steps"]}


@pytest.mark.parametrize(
    ("effect", "said"),
    [("expired_certificate", "not valid at this time"), ("misnamed_certificate", "certificate of another host")],
)
def test_a_certificate_that_is_wrong_fails_its_host_with_what_is_wrong(checkout, dynamics, effect, said):
    for kind in HOSTS.values():
        dynamics.control.break_(checkout.name, effect, kind=kind)
    found = examined(checkout, "host", "authority", "platform_host", "clock")
    for name in ("host", "authority", "platform_host"):
        assert (found[name]["verdict"], said in found[name]["message"]) == (
            "warn" if name == "platform_host" else "fail",
            True,
        ), found[name]
    assert found["clock"]["because"] == "host"


@pytest.mark.parametrize(("step", "kind"), HOSTS.items())
def test_a_page_of_a_proxy_instead_of_the_answer_is_told_of_each_host(checkout, dynamics, step, kind):
    page = {"status": 200, "body": "<html>Sign in to this network</html>", "headers": {"Content-Type": "text/html"}}
    dynamics.control.break_(checkout.name, "answer", kind=kind, **page)
    found = examined(checkout, step)[step]
    assert found["verdict"] == ("warn" if step == "platform_host" else "fail")
    assert "a page of HTML came (200)" in found["message"]
    assert "HTTPS_PROXY" in found["todo"]


def test_a_clock_that_all_hosts_contradict_fails_and_entra_refuses_the_assertion(checkout, dynamics):
    del checkout.settings["CLIENT_SECRET"]
    pair = trustme.CA().issue_cert("fno-link.example", key_type=trustme.KeyType.RSA)
    [registered, *_] = (pem.bytes().decode() for pem in pair.cert_chain_pems)
    checkout.settings["CLIENT_CERTIFICATE"] = pair.private_key_pem.bytes().decode() + registered
    dynamics.control.set_certificates(dynamics.client_id, registered)
    assert examined(checkout, "clock", "token")["token"]["verdict"] == "pass"
    dynamics.control.set_clock(3600)
    found = examined(checkout, "clock", "token", "app_secret")
    assert (found["clock"]["verdict"], f"s behind {AUTHORITY}" in found["clock"]["message"]) == ("fail", True)
    assert "AADSTS700024" in found["token"]["message"]
    assert (found["app_secret"]["verdict"], "clock" in found["app_secret"]["todo"]) == ("fail", True)


def test_a_host_whose_clock_alone_is_off_warns_and_names_it(checkout, dynamics):
    dynamics.control.set_clock(-900, AUTHORITY)
    found = examined(checkout, "clock", "token")
    assert (found["clock"]["verdict"], f"s ahead of {AUTHORITY}, but" in found["clock"]["message"]) == ("warn", True)
    assert found["token"]["verdict"] == "pass"
