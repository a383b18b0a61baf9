"""`fno-link doctor` and `fno-link resolve` as processes, against the emulated Dynamics under its production names."""

import json
from xml.etree import ElementTree as ET

import pytest

from emulation.dynamics import Application, Environment, Metadata
from integration.cli.doctor import app, business_events, look, ours, package
from integration.cli.doctor.registry import STEPS, needs_token
from tests.contract.cli.checkout import Checkout as Folder

OTHER_ID = "0a1b2c3d-0000-4000-8000-00000000ffff"
SECRET_FAILS = ["app_secret", "token"]
NOT_HERE = [step.name for step in (*ours.STEPS, *package.STEPS, *app.STEPS) if step is not ours.APP_SETTINGS]
"""What of our own side a folder with nothing but a configuration does not have."""
NEED_A_TOKEN = [step.name for step in STEPS if needs_token(step) and step.name != "organization_id"]


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
        findings += report["own"]
        for finding in findings:
            yourself = finding["message"].startswith("look yourself")
            assert (finding["verdict"] in ("pass", "skipped") and not yourself) == (not finding["todo"])
        return {finding["step"]: finding for finding in findings}


@pytest.fixture
def checkout(dynamics, tmp_path):
    return Checkout(dynamics, tmp_path)


def verdicts(findings, verdict):
    return [name for name, finding in findings.items() if finding["verdict"] == verdict]


def test_a_good_organization_passes_every_step_in_the_order_of_the_setup_page(checkout):
    findings = checkout.doctor(0)
    assert list(findings) == [step.name for step in STEPS]
    events = [step.name for step in business_events.STEPS]
    asked_for_nothing = ["platform", "application", "dual_write", *events, *(step.name for step in look.STEPS)]
    asked_for_nothing += NOT_HERE
    assert verdicts(findings, "skipped") == asked_for_nothing
    assert verdicts(findings, "pass") == [name for name in findings if name not in asked_for_nothing]
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
    skipped = [name for name in verdicts(findings, "skipped") if findings[name]["because"] == "token"]
    assert skipped == NEED_A_TOKEN
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
    assert verdicts(findings, "fail") == ["who_am_i", "sdkmessages", "link", "application"]
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
    assert verdicts(findings, "unknown") == ["host", "who_am_i", "sdkmessages", "link", "application"]
    assert (findings["authority"]["verdict"], findings["clock"]["verdict"]) == ("pass", "pass")


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


def test_a_certificate_that_nobody_trusts_fails_the_host(checkout, dynamics):
    dynamics.control.break_(checkout.name, "wrong_certificate")
    found = checkout.doctor(1)["host"]
    assert "certificate that is not trusted" in found["message"]
    assert "SSL_CERT_FILE" in found["todo"]


def test_a_host_that_names_no_tenant_is_told(checkout, dynamics):
    dynamics.control.break_(checkout.name, "answer", kind="whoami", status=200, body="<html>parked</html>", times=1)
    findings = checkout.doctor(0)
    assert (findings["host"]["verdict"], findings["who_am_i"]["verdict"]) == ("warn", "pass")


def test_a_role_that_is_missing_warns_and_none_at_all_fails(checkout, dynamics):
    dynamics.control.set_roles(checkout.name, dynamics.client_id, "System Customizer")
    found = checkout.doctor(0)["role"]
    assert (found["verdict"], "System Customizer" in found["message"]) == ("warn", True)
    dynamics.control.set_roles(checkout.name, dynamics.client_id)
    findings = checkout.doctor(1)
    assert findings["role"]["verdict"] == "fail"
    assert "Finance and Operations Integration User" in findings["role"]["todo"]


@pytest.mark.parametrize(
    ("knows", "verdict"),
    [("link", "pass"), ("nothing", "fail"), (Metadata(url="https://other.operations.dynamics.com"), "fail")],
)
def test_two_views_of_the_link_that_disagree_are_a_finding(checkout, dynamics, knows, verdict):
    dynamics.control.set_platform_access(dynamics.client_id)
    dynamics.control.set_environment(checkout.name, Environment(knows=knows))
    findings = checkout.doctor(0 if verdict == "pass" else 1)
    assert findings["platform"]["verdict"] == verdict
    assert findings["link"]["verdict"] == "pass"


def test_a_unified_environments_application_that_does_not_run_is_told(checkout, dynamics):
    dynamics.control.set_environment(checkout.name, Environment(application=Application(state="Stopped")))
    found = checkout.doctor(0)["application"]
    assert (found["verdict"], "Stopped" in found["message"]) == ("warn", True)


def test_without_a_link_the_environment_is_not_asked_and_its_solutions_are_missed(checkout, dynamics):
    dynamics.control.unlink(checkout.name)
    findings = checkout.doctor(1)
    assert findings["virtual_entities"]["verdict"] == "warn"
    for name in ("environment_token", "environment_read"):
        assert (findings[name]["verdict"], findings[name]["because"]) == ("skipped", "link")


def test_an_environment_that_does_not_know_the_application_says_where_to_add_it(checkout, dynamics):
    dynamics.control.set_access(dynamics.client_id, finance_operations=False)
    findings = checkout.doctor(1)
    assert verdicts(findings, "fail") == ["environment_read"]
    assert "Microsoft Entra applications" in findings["environment_read"]["todo"]


def test_only_tells_the_chosen_checks(checkout, dynamics):
    dynamics.control.unlink(checkout.name)
    done = checkout.run("doctor", "--json", "--only", "who_am_i", "--only", "tok*")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert [step["step"] for step in report["organizations"][0]["steps"]] == ["token", "who_am_i"]
    assert checkout.run("doctor", "--only", "nothing").returncode == 2


def test_sarif_and_junit_tell_the_same(checkout, dynamics):
    dynamics.control.unlink(checkout.name)
    done = checkout.run("doctor", "--sarif")
    assert done.returncode == 1
    [run] = json.loads(done.stdout)["runs"]
    told = {result["ruleId"]: result["level"] for result in run["results"]}
    assert (told["link"], told["virtual_entities"], told["token"]) == ("error", "warning", "none")
    done = checkout.run("doctor", "--junit")
    assert done.returncode == 1
    suites = ET.fromstring(done.stdout)
    failed = [case.get("name") for case in suites.iter("testcase") if case.find("failure") is not None]
    assert failed == ["link"]
    assert checkout.run("doctor", "--junit", "--json").returncode == 2


def test_a_url_needs_no_configuration(checkout, dynamics, tmp_path):
    (tmp_path / "fno-link.toml").unlink()
    done = checkout.run("doctor", checkout.organization.base_url(), "--json")
    assert done.returncode == 0, done.stdout
    steps = {step["step"]: step for step in json.loads(done.stdout)["organizations"][0]["steps"]}
    assert steps["link"]["verdict"] == "pass"
    assert dynamics.tenant.id in steps["tenant_domain"]["message"]
    dynamics.control.break_(checkout.name, "unreachable")
    done = checkout.run("doctor", checkout.organization.base_url(), "--json")
    assert done.returncode == 3
    steps = {step["step"]: step for step in json.loads(done.stdout)["organizations"][0]["steps"]}
    assert (steps["host"]["verdict"], steps["link"]["because"]) == ("unknown", "host")


def test_a_laptop_without_credentials_is_told_what_is_missing(checkout):
    checkout.settings = {}
    checkout.environ["PATH"] = str(checkout.folder)
    done = checkout.run("doctor", "--json")
    steps = {step["step"]: step for step in json.loads(done.stdout)["organizations"][0]["steps"]}
    assert (done.returncode, steps["token"]["verdict"]) == (1, "fail")
    assert "Azure CLI" in steps["token"]["message"]
    assert f"FNO_LINK_{checkout.name.upper()}_CLIENT_ID" in steps["token"]["todo"]
