"""`fno-link doctor` and `fno-link resolve` as processes, against the emulated Dynamics under its production names."""

import json

import pytest

from tests.contract.cli.checkout import Checkout as Folder

OTHER_ID = "0a1b2c3d-0000-4000-8000-00000000ffff"
SECRET_FAILS = ["app_secret", "token"]


class Checkout(Folder):
    """The same, examined by the doctor."""

    def doctor(self, code):
        """Run the doctor and return verdicts by step."""
        done = self.run("doctor", "--json")
        assert done.returncode == code, done.stdout + done.stderr
        assert self.settings.get("CLIENT_SECRET") or "managed" in done.stdout
        for secret in filter(None, [self.settings.get("CLIENT_SECRET")]):
            assert secret not in done.stdout + done.stderr
        report = json.loads(done.stdout)
        assert report["ok"] is {0: True, 1: False, 3: None}[code]
        findings = [*report["configuration"], *(step for each in report["organizations"] for step in each["steps"])]
        for finding in findings:
            assert (finding["verdict"] in ("pass", "skipped")) == (not finding["todo"])
        return {finding["step"]: finding for finding in findings}


@pytest.fixture
def checkout(dynamics, tmp_path):
    return Checkout(dynamics, tmp_path)


def verdicts(findings, verdict):
    return [name for name, finding in findings.items() if finding["verdict"] == verdict]


def test_a_good_organization_passes_every_step_in_the_order_of_the_setup_page(checkout):
    findings = checkout.doctor(0)
    assert list(findings) == [
        "configuration",
        "organization_url",
        "organization_id",
        "tenant_domain",
        "app_id",
        "app_secret",
        "token",
        "who_am_i",
        "sdkmessages",
        "link",
    ]
    assert verdicts(findings, "pass") == list(findings)
    assert f"https://{checkout.name}.operations.dynamics.com" in findings["link"]["message"]


def test_people_read_the_same_with_the_step_of_the_setup_page(checkout, dynamics):
    dynamics.control.unlink(checkout.name)
    done = checkout.run("doctor", checkout.name)
    assert done.returncode == 1
    assert "not linked (0x80048d0b)" in done.stdout
    assert "Microsoft's setup page: Enable integration after environment deployment" in done.stdout


def test_a_wrong_secret_fails_the_secret_and_what_needs_a_token_is_skipped(checkout):
    checkout.settings["CLIENT_SECRET"] = "not the secret at all"
    findings = checkout.doctor(1)
    assert verdicts(findings, "fail") == SECRET_FAILS
    assert verdicts(findings, "skipped") == ["organization_id", "who_am_i", "sdkmessages", "link"]
    assert "step 6" in findings["app_secret"]["page"]
    assert "AADSTS7000215" in findings["app_secret"]["message"]


def test_an_expired_secret_says_so(checkout, dynamics):
    dynamics.control.expire_secrets(dynamics.client_id)
    findings = checkout.doctor(1)
    assert verdicts(findings, "fail") == SECRET_FAILS
    assert "expired" in findings["app_secret"]["message"]


def test_an_app_id_that_the_tenant_does_not_know_fails_the_app_id(checkout):
    checkout.settings["CLIENT_ID"] = OTHER_ID
    findings = checkout.doctor(1)
    assert verdicts(findings, "fail") == ["app_id", "token"]
    assert verdicts(findings, "unknown") == ["app_secret"]


def test_an_app_id_that_is_no_guid_fails_the_app_id(checkout):
    checkout.settings["CLIENT_ID"] = "my-app"
    assert "app_id" in verdicts(checkout.doctor(1), "fail")


def test_a_secret_without_an_app_id_is_a_problem_of_the_settings(checkout):
    del checkout.settings["CLIENT_ID"]
    findings = checkout.doctor(1)
    assert verdicts(findings, "fail") == ["configuration", "app_id"]
    assert f"FNO_LINK_{checkout.name.upper()}_CLIENT_ID" in findings["app_id"]["message"]


def test_a_tenant_that_entra_does_not_know_fails_the_tenant(checkout):
    checkout.configure(tenant="nobody.onmicrosoft.com")
    findings = checkout.doctor(1)
    assert verdicts(findings, "fail") == ["tenant_domain", "token"]
    assert "Tenant domain" in findings["tenant_domain"]["page"]


def test_the_organization_id_must_be_that_of_who_am_i(checkout):
    checkout.configure(more=f'organization_id = "{checkout.organization.id()}"')
    assert verdicts(checkout.doctor(0), "fail") == []
    checkout.configure(more=f'organization_id = "{OTHER_ID}"')
    findings = checkout.doctor(1)
    assert verdicts(findings, "fail") == ["organization_id"]
    assert checkout.organization.id() in findings["organization_id"]["message"]


def test_an_organization_url_that_is_none_is_found_without_a_call(checkout, dynamics):
    checkout.configure(url="contoso.crm.dynamics.com")
    findings = checkout.doctor(1)
    assert verdicts(findings, "fail") == ["configuration", "organization_url"]
    assert sum(dynamics.control.calls(checkout.name).values()) == 0


def test_a_missing_application_user_names_the_step_that_creates_it(checkout, dynamics):
    dynamics.control.break_(checkout.name, "forbidden")
    findings = checkout.doctor(1)
    assert verdicts(findings, "fail") == ["who_am_i", "sdkmessages", "link"]
    assert "Add the Azure AD application as a Microsoft Power Platform user, step 1" in findings["who_am_i"]["page"]


def test_an_application_user_without_a_role_fails_microsofts_own_test(checkout, dynamics):
    dynamics.control.break_(checkout.name, "forbidden", kind="sdkmessages")
    findings = checkout.doctor(1)
    assert verdicts(findings, "fail") == ["sdkmessages"]
    assert "Finance and Operations Integration User" in findings["sdkmessages"]["todo"]


def test_not_linked_is_a_failure_and_silence_is_not(checkout, dynamics):
    dynamics.control.unlink(checkout.name)
    assert verdicts(checkout.doctor(1), "fail") == ["link"]
    dynamics.control.throttle(checkout.name, 30, kind="link")
    findings = checkout.doctor(3)
    assert verdicts(findings, "unknown") == ["link"]


def test_not_linked_in_the_words_of_another_plug_in_says_so(checkout, dynamics):
    said = "No quantity available for item D0001."
    dynamics.control.break_(checkout.name, "refused", kind="link", code="0x80048d0b", message=said)
    found = checkout.doctor(1)["link"]
    assert said in found["message"]
    assert "another plug-in" in found["todo"]
    done = checkout.run("resolve", checkout.name, "--json")
    assert (done.returncode, json.loads(done.stdout)["familiar"]) == (1, False)
    checkout.configure(more='[health]\nwordings = ["no quantity"]')
    assert "another plug-in" not in checkout.doctor(1)["link"]["todo"]
    assert json.loads(checkout.run("resolve", checkout.name, "--json").stdout)["familiar"] is True


def test_an_untrusted_environment_fails_the_link_with_its_reason(checkout, dynamics):
    dynamics.control.link(checkout.name, "https://erp.example.com")
    findings = checkout.doctor(1)
    assert verdicts(findings, "fail") == ["link"]
    assert "trusted_hosts" in findings["link"]["todo"]


def test_an_unreachable_organization_cannot_be_told(checkout, dynamics):
    dynamics.control.break_(checkout.name, "unreachable")
    findings = checkout.doctor(3)
    assert verdicts(findings, "unknown") == ["who_am_i", "sdkmessages", "link"]


def test_resolve_prints_the_link(checkout, dynamics):
    done = checkout.run("resolve", checkout.name, "--json")
    assert done.returncode == 0, done.stderr
    link = json.loads(done.stdout)
    assert (link["state"], link["url"]) == ("linked", f"https://{checkout.name}.operations.dynamics.com")
    assert (link["tenantId"], link["trusted"], link["stale"]) == (dynamics.tenant.id, True, False)
    assert checkout.run("resolve", checkout.name).stdout.startswith(f"\t{checkout.name}\nstate\tlinked\n")


def test_resolve_says_not_linked_with_its_reason(checkout, dynamics):
    dynamics.control.unlink(checkout.name)
    done = checkout.run("resolve", checkout.name, "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["code"] == "0x80048d0b"


def test_resolve_does_not_turn_an_unknown_into_an_answer(checkout, dynamics):
    dynamics.control.break_(checkout.name, "forbidden")
    done = checkout.run("resolve", checkout.name, "--json")
    assert (done.returncode, done.stdout) == (3, "")
    assert json.loads(done.stderr)["code"] == "Forbidden"


def test_resolve_refuses_a_name_that_is_not_configured(checkout):
    done = checkout.run("resolve", "nobody", "--json")
    assert done.returncode == 2
    assert json.loads(done.stderr)["code"] == "UnknownOrganization"
    assert checkout.run("doctor", "nobody").returncode == 2
