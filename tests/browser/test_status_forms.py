"""The forms of the operator's page in a real browser: without JavaScript, by keyboard, and from another site."""

from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.forms import Forms
from tests.other_site import serving
from tests.status_sample import HOSTILE

KEY = "?code=a-secret"
PHONE, DESK = {"width": 320, "height": 640}, {"width": 1280, "height": 800}


@pytest.mark.parametrize(
    ("state", "scheme", "size"),
    [
        ("unattended", "dark", PHONE),
        ("troubled", "light", DESK),
        ("hostile", "light", PHONE),
        ("hostile", "dark", DESK),
    ],
    ids=["phone in the dark", "desk", "hostile phone", "hostile desk in the dark"],
)
def test_axe_finds_nothing_in_the_forms(visit, state, scheme, size):
    looking = visit(viewport=size, color_scheme=scheme)
    page = looking.open(f"{state}/operator", KEY)
    assert page.locator("form[method=post]").count() == 3
    for each in page.locator("details").all():
        each.evaluate("it => it.open = true")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert looking.faults == []


def test_without_javascript_an_incident_is_acknowledged(visit, site):
    looking = visit(java_script_enabled=False)
    page = looking.open("unattended/operator", f"{KEY}&after=contoso")
    page.get_by_label("Your name").fill("Ada Müller & Söhne")
    page.get_by_label("What is being done").fill("Case 2607")
    page.get_by_role("button", name="Acknowledge").click()
    (form,) = site.done.forms
    assert (form.do, form.id, form.by, form.note) == (
        "acknowledge",
        "9f2c4e1b7a605d38",
        "Ada Müller & Söhne",
        "Case 2607",
    )
    assert page.locator("#done").inner_text().startswith("✓ Acknowledged")
    # It is the same page of the same list, opened by the same key.
    query = parse_qs(urlsplit(page.url).query)
    assert (query["code"], query["after"]) == (["a-secret"], ["contoso"])
    assert looking.faults == []


def test_what_the_browser_tells_of_the_page_has_no_key(visit, site):
    page = visit(java_script_enabled=False).open("unattended/operator", KEY)
    page.get_by_role("button", name="Acknowledge").click()
    told = next(each for each in site.heard if each.get("content-type"))
    assert (told["origin"], told["sec-fetch-site"]) == (site.url, "same-origin")
    assert told["referer"] == f"{site.url}/"
    assert "a-secret" not in page.content().split("<main")[0].replace(page.url, "")


@pytest.mark.parametrize(
    ("button", "expected"),
    [
        ("Mute", ("mute", "9f2c4e1b7a605d38", "12h")),
        ("Release", ("release", "fabrikam", "")),
        ("Replay", ("replay", "contoso~TargetRejected~2026~11~28~x", "")),
    ],
)
def test_the_other_forms_say_what_they_are_for(visit, site, button, expected):
    page = visit(java_script_enabled=False).open("unattended/operator", KEY)
    page.get_by_label("Silent for").select_option("12 hours")
    page.get_by_role("button", name=button).click()
    page.locator("#done").wait_for()
    (form,) = site.done.forms
    assert (form.do, form.id, form.for_) == expected


def test_the_keyboard_alone_does_it(visit, site):
    page = visit().open("unattended/operator", KEY)
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "by":
            break
    page.keyboard.type("Ada")
    page.keyboard.press("Tab")
    page.keyboard.type("Case 2607")
    page.keyboard.press("Enter")
    page.locator("#done").wait_for()
    (form,) = site.done.forms
    assert (form.do, form.by, form.note) == ("acknowledge", "Ada", "Case 2607")
    # Who works by keyboard or ear is where it is said.
    assert page.evaluate("document.activeElement.id") == "done"


def test_what_is_being_written_is_not_lost_to_the_refresh(visit, site):
    page = visit().open("unattended/operator", KEY)
    page.get_by_label("Your name").fill("Ada")
    page.evaluate("document.activeElement.blur()")
    asked = len(site.asked)
    page.evaluate("refresh()")
    assert page.get_by_label("Your name").input_value() == "Ada"
    assert len(site.asked) == asked
    page.get_by_label("Your name").fill("")
    page.evaluate("document.activeElement.blur()")
    page.evaluate("refresh()")
    assert len(site.asked) == asked + 1


def test_what_was_done_is_no_longer_said_after_a_while(visit):
    page = visit().open("unattended/operator", f"{KEY}&done=muted.1")
    assert page.locator("#done").count() == 0


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"], ids=["another site", "another port"])
def test_a_page_of_another_site_that_knows_everything_is_refused(context_of, site, host):
    # It has the address with its key, and a seal of today: what protects is what the browser says of it.
    with_forms = context_of().new_page()
    with_forms.goto(f"{site.url}/unattended/operator{KEY}")
    sent = Forms(with_forms.content().encode()).of("Act on").filled("acknowledge", by="Mallory")
    fields = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in sent.items())
    action = f"{site.url}/unattended/operator{KEY}"
    text = f'<form method="post" action="{action}">{fields}</form><script>document.forms[0].submit()</script>'
    with serving(text) as port:
        page = context_of().new_page()
        page.goto(f"http://{host}:{port}/")
        page.wait_for_url(action)
        assert "FormRefused" in page.content()
    told = [each for each in site.heard if each.get("content-type")]
    assert [each["sec-fetch-site"] for each in told] == ["same-site" if host == "127.0.0.1" else "cross-site"]
    assert site.done.forms == []


def test_the_way_back_from_a_refusal_needs_no_javascript(context_of, site):
    page = context_of(java_script_enabled=False).new_page()
    page.goto(f"{site.url}/unattended/operator{KEY}")
    with serving(f'<form method="post" action="{site.url}/unattended/operator{KEY}"><button>x</button></form>') as port:
        page.goto(f"http://localhost:{port}/")
        page.get_by_role("button").click()
    assert page.title().startswith("Not done")
    page.get_by_role("link", name="Back to the status page").click()
    assert page.get_by_role("button", name="Acknowledge").count() == 1
    assert page.url == f"{site.url}/unattended/operator{KEY}"


def test_axe_finds_nothing_in_a_refusal(context_of, site):
    page = context_of(viewport=PHONE).new_page()
    with serving(f'<form method="post" action="{site.url}/unattended/operator{KEY}"><button>x</button></form>') as port:
        page.goto(f"http://localhost:{port}/")
        page.get_by_role("button").click()
    page.wait_for_url(f"{site.url}/**")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_nobody_frames_the_page(context_of, site):
    with serving(f'<iframe src="{site.url}/unattended/operator{KEY}"></iframe>') as port:
        page = context_of().new_page()
        said: list[str] = []
        page.on("console", lambda each: said.append(each.text))
        page.goto(f"http://localhost:{port}/")
        page.wait_for_load_state("networkidle")
        assert "frame-ancestors" in " ".join(said)
        assert page.frames[1].locator("button").count() == 0


def test_hostile_names_are_read_in_forms_and_sent_as_they_are(visit, site):
    looking = visit(java_script_enabled=False)
    page = looking.open("hostile/operator", KEY)
    page.get_by_role("button", name="Release").click()
    page.locator("#done").wait_for()
    (form,) = site.done.forms
    assert form.id.startswith("<script>alert(1)</script>")
    assert form.id != HOSTILE  # what is not seen as itself is written by its number
    assert looking.faults == []
