"""The documents as a site: every page is in its navigation, no link is dead, nothing is loaded from elsewhere."""

import re
import runpy
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SITE = runpy.run_path(str(ROOT / "scripts" / "site.py"))
CONFIGURATION = tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("docs")
    assert SITE["build"](folder) == []
    return folder / "site"


def leaves(entries):
    for entry in entries:
        for value in entry.values():
            yield from [value] if isinstance(value, str) else leaves(value)


def test_it_is_built_strictly_with_its_search_and_its_pictures(built):
    assert {path.relative_to(built).with_suffix(".md").as_posix() for path in built.rglob("*.html")} >= set(
        leaves(CONFIGURATION["nav"])
    ) - {"decisions/README.md"}
    assert "parked" in (built / "search.json").read_text("utf-8")
    for picture in ("images/architecture.svg", "pictures/status.png", "pictures/status-trouble.png"):
        assert (built / picture).is_file()
    assert "images/architecture.svg" in (built / "index.html").read_text("utf-8")


def test_a_step_of_a_numbered_list_keeps_its_code_and_its_bullets(built):
    page = (built / "deploy.html").read_text("utf-8")
    steps = re.search(r'id="step-by-step".*?<ol>(.*?)</ol>', page, re.DOTALL)
    assert steps is not None
    assert steps[1].count('<div class="') == steps[1].count("<pre>") == 2
    assert len(re.findall(r"<ul>", steps[1])) == 1
    # Seven steps in one list, not seven lists.
    assert "Point the senders at it" in steps[1]


def test_nothing_of_a_page_is_taken_for_html_or_left_as_markdown(built):
    for path in sorted(built.rglob("*.html")):
        page = path.read_text("utf-8")
        # `<NAME>` outside of code is an element that shows nothing.
        assert set(re.findall(r"(?i)<(?:name|source|connection|organization|setting)\b[^>]*>", page)) == set(), (
            path.name
        )
        words = re.sub(r"<[^>]+>", "", re.sub(r"<(pre|code|script|style)\b.*?</\1>", "", page, flags=re.DOTALL))
        assert re.findall(r"(?m)^(?:.*\*\*.*|.*\]\(.*|-  .*|\| .*)$", words) == [], path.name


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<a href="none.html">x</a>', "a.html: none.html is not there"),
        ('<a href="b.html#no">x</a>', "a.html: b.html#no has no such anchor"),
        ('<a href="#no">x</a>', "a.html: #no has no such anchor"),
        ('<img src="x.png">', "a.html: x.png is not there"),
        ('<script src="https://cdn.example/x.js"></script>', "a.html: loads https://cdn.example/x.js"),
        ('<link rel="stylesheet" href="//fonts.example/a.css">', "a.html: loads //fonts.example/a.css"),
        ('<a href="b.html#yes">x</a><a href="https://elsewhere.example/">y</a>', None),
    ],
)
def test_what_is_dead_or_comes_from_elsewhere_is_found(tmp_path, body, fault):
    (tmp_path / "a.html").write_text(body)
    (tmp_path / "b.html").write_text('<h2 id="yes">b</h2>')
    assert list(SITE["faults"](tmp_path)) == ([fault] if fault else [])


def linked(text, tmp_path, source="docs/deploy.md"):
    stage = SITE["Stage"](tmp_path)
    page = stage.pages[source]
    return stage._linked(text, source, page), stage.dead


def test_links_out_of_the_documents_lead_to_a_page_or_to_a_copy(tmp_path):
    text, dead = linked(
        "[a](../CONTRIBUTING.md#where) [b](../host.json) [c](../integration/links) [d](http.md)", tmp_path
    )
    assert text == "[a](contributing.md#where) [b](files/host.json) c d"
    assert (tmp_path / "files" / "host.json").read_bytes() == (ROOT / "host.json").read_bytes()
    assert dead == ["docs/deploy.md: http.md"]
    text, dead = linked("[a](errors.md)\n```\n[b](nowhere.md)\n```\n", tmp_path, "docs/reference/cli.md")
    assert (text, dead) == ("[a](errors.md)\n```\n[b](nowhere.md)\n```\n", [])


def test_lists_are_laid_out_as_python_markdown_wants_them():
    # A next item after one of several paragraphs.
    several = "- a\n\n  more\n- b\n"
    assert SITE["relaid"](several) == "-   a\n\n    more\n\n-   b\n"
    text = "words:\n- a\n  more\n  - b\n\n1. one\n\n   ```sh\n   - no item\n   ```\n2. two\nend\n"
    wanted = "words:\n\n-   a\n    more\n    -   b\n\n1.  one\n\n    ```sh\n    - no item\n    ```\n\n2.  two\nend\n"
    assert SITE["relaid"](text) == wanted


def blocks(text):
    return re.findall(r"```(?:sh|text)\n(.*?)```", text, re.DOTALL)


def test_the_tour_is_that_of_the_readme_which_is_played():
    readme = (ROOT / "README.md").read_text("utf-8")
    played = blocks(readme[readme.index("## Your own first route") :].partition("\n## ")[0])
    assert played
    assert blocks((ROOT / "docs" / "tour.md").read_text("utf-8")) == played
