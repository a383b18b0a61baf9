"""The status page in a real browser: readable by everyone, on everything, and deaf to what stands in its names."""

from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.status_sample import troubled, well

PHONE = {"width": 320, "height": 640}
DESK = {"width": 1280, "height": 800}
STATES = ("well", "troubled", "hostile")


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_axe_finds_nothing(visit, state, scheme, size):
    looking = visit(viewport=size, color_scheme=scheme)
    page = looking.open(state)
    for each in page.locator("details").all():
        each.evaluate("it => it.open = true")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert looking.faults == []


@pytest.mark.parametrize("state", STATES)
def test_a_phone_needs_no_scrolling_to_the_side(visit, state):
    page = visit(viewport=PHONE).open(state)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_hostile_names_are_read_and_never_run(visit):
    looking = visit()
    page = looking.open("hostile")
    assert page.locator("h3", has_text="<script>alert(1)</script>").count() >= 2
    assert page.locator("main script, main img").count() == 0
    assert looking.faults == []


def test_without_javascript_everything_is_there(visit):
    page = visit(java_script_enabled=False).open("troubled")
    said = page.locator("body").inner_text()
    for each in ("Oldest event not delivered", "fabrikam", "0x80048d0b", "invoices", "fno-link dead-letters replay"):
        assert each in said
    assert page.locator("#numbers tbody tr").count() == 24


def test_dark_is_dark_and_light_is_light(visit):
    def ground(scheme: str) -> str:
        return visit(color_scheme=scheme).open("well").evaluate("getComputedStyle(document.body).backgroundColor")

    assert sum(map(int, ground("light")[4:-1].split(", "))) > 3 * 200
    assert sum(map(int, ground("dark")[4:-1].split(", "))) < 3 * 50


def test_the_keyboard_reaches_everything_and_shows_where_it_is(visit):
    page = visit(viewport=DESK).open("troubled")
    reached: list[str] = []
    for _ in range(30):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("(document.activeElement.textContent || document.activeElement.name).trim()"))
        if page.evaluate("document.activeElement !== document.body"):
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    for wanted in ("Skip to the state", "event", "Find", "Incidents that are over", "The numbers", "JSON", "Atom feed"):
        assert wanted in reached


def test_the_page_is_refreshed_and_keeps_what_was_opened(visit, site):
    looking = visit()
    page = looking.open("troubled")
    page.locator("#past summary").click()
    page.evaluate("document.activeElement.blur()")
    site.states["troubled"] = well()
    page.evaluate("refresh()")
    page.wait_for_function("document.title.startsWith('OK')")
    assert page.locator("#incidents ~ p").inner_text() == "None."
    site.states["troubled"] = troubled()
    page.evaluate("refresh()")
    page.wait_for_function("document.title.startsWith('Trouble')")
    assert looking.faults == []


def test_what_was_opened_stays_open(visit):
    page = visit().open("troubled")
    page.locator("#past summary").click()
    page.evaluate("document.activeElement.blur()")
    page.evaluate("refresh()")
    page.wait_for_timeout(300)
    assert page.locator("#past").get_attribute("open") is not None


def test_a_page_that_cannot_be_refreshed_says_so(visit, site):
    page = visit().open("well")
    del site.states["well"]
    page.evaluate("refresh()")
    page.wait_for_function("document.getElementById('stale').textContent !== ''")
    assert "could not be refreshed" in page.locator("#stale").inner_text()


def test_the_key_goes_along_and_stands_in_nothing_that_is_shown_or_linked(visit, site):
    page = visit(java_script_enabled=False).open("hostile", "?code=a-secret")
    assert "a-secret" not in page.locator("body").inner_text()
    assert page.locator("a[href*='a-secret']").count() == 0
    page.get_by_role("button", name="Further organizations").click()
    page.wait_for_load_state()
    asked = parse_qs(urlsplit(site.asked[-1]).query)
    assert asked["code"] == ["a-secret"]
    assert len(asked["after"]) == 1


def test_print_hides_what_paper_cannot_do(visit):
    page = visit().open("troubled")
    page.emulate_media(media="print")
    assert not any(form.is_visible() for form in page.locator("form").all())
    assert page.locator("#numbers table").is_visible()
