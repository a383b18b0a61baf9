"""A first configuration by asking."""

import io
import json
import sys
import tomllib

import pytest

from integration.cli import frame
from integration.cli.init.draft import Draft, quoted
from integration.cli.init.questions import SOURCES, TARGETS
from integration.config.reading.loading import check_text

URL = "https://fabrikam.crm4.dynamics.com"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def answer(monkeypatch):
    def give(*lines, end="\n"):
        text = "".join(f"{line}\n" for line in lines)
        monkeypatch.setattr(
            sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode("utf-8", "surrogateescape")), "utf-8")
        )
        assert end

    return give


def test_the_answers_make_a_configuration_that_is_good(answer, here, capsys):
    answer(URL, "", "", "", "", "", "", "")
    assert frame.run(["init"]) == 0
    checked = check_text((here / "fno-link.toml").read_text(), {}, offline=True)
    assert checked.problems == ()
    assert checked.warnings == ()
    assert "fno-link local" in capsys.readouterr().out


def test_a_wrong_answer_is_said_why_and_asked_for_again(answer, here, capsys):
    finance = "https://fabrikam.operations.dynamics.com"
    answer(
        "fabrikam",
        finance,
        f"{URL}/main.aspx",
        URL,
        "no tenant!",
        "",
        "9",
        "1",
        "Not A Name",
        "",
        "2",
        "shop",
        "http://x.com",
        "",
        "A,,B",
        "A, B",
    )
    assert frame.run(["init"]) == 0
    said = capsys.readouterr().err
    for reason in ("is a Finance & Operations environment", "more than a scheme", "or its number", "is not encrypted"):
        assert reason in said
    written = tomllib.loads((here / "fno-link.toml").read_text())
    assert written["targets"]["shop"] == {"kind": "webhook", "url": "%SHOP_URL%", "secret": "%SHOP_SECRET%"}
    assert written["routes"][0]["event_types"] == ["A", "B"]


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("target", TARGETS)
def test_what_is_proposed_is_good_for_every_kind(kind, target, here, capsys):
    line = ["init", "--yes", "--json", "--organization", URL, "--source-kind", kind, "--target-kind", target]
    assert frame.run(line) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["warnings"] == []
    assert check_text((here / "fno-link.toml").read_text(), {}, offline=True).problems == ()


@pytest.mark.parametrize(
    ("cloud", "host"),
    [("gcc_high", "x.crm.microsoftdynamics.us"), ("china", "x.crm.dynamics.cn"), ("public", "x.crm9.dynamics.com")],
)
def test_the_cloud_follows_from_the_host(cloud, host, here):
    assert frame.run(["init", "--yes", "--organization", f"https://{host}"]) == 0
    written = tomllib.loads((here / "fno-link.toml").read_text())
    assert written["organizations"][0].get("cloud", "public") == cloud


def test_a_file_that_is_there_is_never_written_over_without_force(here, capsys):
    (here / "fno-link.toml").write_text("mine")
    line = ["init", "--yes", "--organization", URL]
    assert frame.run(line) == 2
    assert "--force" in capsys.readouterr().err
    assert (here / "fno-link.toml").read_text() == "mine"
    assert frame.run([*line, "--force"]) == 0
    assert "fabrikam" in (here / "fno-link.toml").read_text()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["--yes"], "--organization"),
        (["--json"], "--yes"),
        (["--yes", "--organization", "nothing"], "no https URL"),
        (["--yes", "--organization", URL, "--to", "NO"], "not allowed"),
        (["--yes", "--organization", URL, "--entity", "x"], "has none"),
        (["--yes", "--organization", URL, "--output", "no/such/folder/x.toml"], "cannot be written"),
        (["--yes", "--organization", URL, "--force", "--output", "."], "cannot be written"),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_code_2(line, said, here, capsys):
    assert frame.run(["init", *line]) == 2
    assert said in capsys.readouterr().err
    assert not list(here.iterdir())


def test_where_nobody_answers_any_more_it_ends(answer, here, capsys):
    answer(URL)
    assert frame.run(["init"]) == 2
    assert "no more answers" in capsys.readouterr().err
    assert not list(here.iterdir())


@pytest.mark.parametrize("text", ['"', "\\", "\n[x]", "\x00", "\x7f", "é😀", '"""', "%A%", "# x"])
def test_any_text_stays_itself_in_toml(text):
    assert tomllib.loads(f"x = {quoted(text)}") == {"x": text}
    assert tomllib.loads(Draft(source=text, target=text).written())["sources"][text]["kind"] == "http"
