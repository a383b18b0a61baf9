"""The operator's page over a running app, in Chromium without JavaScript: what is pressed there has happened."""

import pytest

from tests.e2e.stage import until
from tests.e2e.topology import home
from tests.forms import Forms
from tests.other_site import serving

NAME = "asked"


@pytest.fixture
def incident(stage):
    """A lost link that the watch has told, until the link is back."""
    stage.control.unlink(NAME)

    def told():
        stage.probe()
        found = stage.ask("GET", f"incidents?organization={NAME}&state=open").json()["incidents"]
        return found[0] if found else None

    yield until(told)["id"]
    stage.control.link(NAME, home(NAME))
    until(lambda: told() is None)


@pytest.fixture
def address(stage) -> str:
    return f"{stage.host.url}/api/status/operator?code={stage.host.function_keys['status_operator']['default']}"


def test_a_live_incident_is_acknowledged_without_javascript(stage, incident, address, context_of):
    page = context_of(java_script_enabled=False).new_page()
    page.goto(address)
    form = page.get_by_role("form", name=f"Act on {NAME}: integration")
    form.get_by_label("Your name").fill("Ada Müller")
    form.get_by_label("What is being done").fill("Case 2607")
    form.get_by_role("button", name="Acknowledge").click()
    assert page.locator("#done").inner_text().startswith("✓ Acknowledged")
    assert "acknowledged by Ada Müller (the status page)" in page.locator(f"#incident-{incident}").inner_text()
    shown = stage.ask("GET", f"incidents/{incident}").json()
    assert (shown["acknowledgedBy"], shown["note"]) == ("Ada Müller (the status page)", "Case 2607")
    assert f"Ada Müller (the status page): acknowledge {incident}" in stage.host.log


def test_a_page_of_another_site_acknowledges_nothing(stage, incident, address, context_of):
    mine = context_of().new_page()
    mine.goto(address)
    sent = Forms(mine.content().encode()).of(f"Act on {NAME}: integration").filled("acknowledge", by="Mallory")
    fields = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in sent.items())
    with serving(f'<form method="post" action="{address}">{fields}<button>Win</button></form>') as port:
        page = context_of().new_page()
        page.goto(f"http://localhost:{port}/")
        with page.expect_response(address) as answered:
            page.get_by_role("button").click()
    assert answered.value.status == 403
    assert "FormRefused" in page.content()
    assert stage.ask("GET", f"incidents/{incident}").json()["acknowledgedBy"] is None


def test_who_may_only_read_has_no_forms_and_sends_none(stage, address, context_of):
    reading = stage.host.function_keys["status"]["default"]
    page = context_of().new_page()
    page.goto(f"{stage.host.url}/api/status?code={reading}")
    assert page.locator("form[method=post]").count() == 0
    for method in ("GET", "POST"):
        assert stage.ask(method, "status/operator", key=reading).status_code == 401
        assert stage.ask(method, "status/operator", key="").status_code == 401
    assert stage.ask("POST", "status").status_code == 404
