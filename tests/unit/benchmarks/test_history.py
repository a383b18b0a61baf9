"""What is kept of a commit is kept beside what was, and the page says what the files say."""

import subprocess

import pytest

from benchmarks import history, page
from benchmarks.history import Measured, keep, kept
from benchmarks.measure import Row, row

AT = {"subject": "routing: faster", "load": (0.1, 0.2), "processors": 2}


def measured(commit: str, at: str, *rows: Row) -> Measured:
    return Measured(commit=commit, at=at, rows={each.name: each for each in rows}, **AT)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    monkeypatch.setattr(history, "ROOT", tmp_path)
    monkeypatch.setattr(history, "FOLDER", tmp_path / "history")
    for command in (
        ("init", "-q"),
        ("-c", "user.name=a", "-c", "user.email=a@b.example", "commit", "-q", "--allow-empty", "-m", "x: first"),
    ):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)  # noqa: S607 - whichever git is on the path
    return tmp_path


def test_rows_of_a_second_run_stand_beside_those_of_the_first(repository):
    fast = row("fast", 1.23456, "s", base=1.0, budget=2)
    keep([fast, row("a rate", 5, "events/s"), row("failed", float("nan"), "s", budget=1)], "HEAD", (0.0, 0.0))
    keep([row("calls", 3, "calls", budget=1)], "HEAD", (0.0, 0.0))
    [found] = kept(repository / "history")
    assert found.subject == "x: first"
    assert {name: each.value for name, each in found.rows.items()} == {"fast": 1.235, "calls": 3}


def test_a_row_begins_where_it_became_what_it_is():
    old = measured("a", "2026-11-01T00:00:00+00:00", row("x", 900, "events/s", budget=800, direction="at_least"))
    new = measured("b", "2026-11-02T00:00:00+00:00", row("x", 9, "µs", base=3.0, budget=4), row("y", 1, "s", base=1))
    assert {name: list(points) for name, points in page.over_commits([old, new]).items()} == {"x": ["b"]}


def test_the_table_says_figure_budget_and_whether_it_holds():
    made = measured("b", "2026-11-02T00:00:00+00:00", row("x", 9, "µs", base=2.0, budget=4, against="another"))
    text = page.with_tables(f"before\n{page.BEGIN}\nold\n{page.END}\nafter", [made])
    assert "| x | 4.5× | ≤ 4 | **missed** | another | b |" in text
    assert "| b | 2026-11-02 | 0.1, 0.2 | routing: faster |" in text
    assert "old" not in text
    assert (text.startswith("before\n"), text.endswith("after")) == (True, True)


def test_the_page_and_the_picture_are_made_of_what_is_kept():
    commits = kept()
    assert page.with_tables(text := page.PAGE.read_text("utf-8"), commits) == text
    picture = (page.PAGE.parent / "images" / "benchmarks.svg").read_text("utf-8")
    assert [commit.commit for commit in commits if commit.commit not in picture] == []
