"""The README's tour from a clone to one's own first route, played from its own text."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from emulation.child import Child

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
FNO_LINK = Path(sys.executable).with_name("fno-link")
TITLE = "## Your own first route, in five minutes"
WITHIN = 120.0

pytestmark = pytest.mark.timeout(400)


def blocks() -> list[tuple[str, list[str]]]:
    tour = README[README.index(TITLE) + len(TITLE) :].partition("\n## ")[0]
    return [(kind, text.splitlines()) for kind, text in re.findall(r"```(\w+)\n(.*?)```", tour, re.DOTALL)]


def run(line: str, folder: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = ["sh", "-c", line.replace("uv run fno-link", str(FNO_LINK))]
    return subprocess.run(command, cwd=folder, input=stdin, capture_output=True, text=True, check=False, timeout=300)


def test_the_tour_of_the_readme_ends_with_a_delivered_order(tmp_path):
    (init, questions), (local, none), (send, seen) = split(blocks())
    assert not none
    [make, ask] = init
    assert run(make, tmp_path).returncode == 0
    folder = tmp_path / make.rpartition(" ")[2]
    # A question ends with ": " and its answer, or with ":" where the answer is what is in brackets.
    asked = [re.fullmatch(r"(.*?(?:\]|organization)):(?: (.*))?", line).groups() for line in questions]
    done = run(ask, folder, "".join(f"{answer or ''}\n" for _, answer in asked))
    assert done.returncode == 0, done.stderr
    assert all(question in done.stderr for question, _ in asked)
    [begin] = local
    arguments = begin.removeprefix("uv run fno-link ").split()
    env = {**os.environ, "NO_COLOR": "1"}
    with Child("fno-link local", [FNO_LINK, *arguments], log=tmp_path / "log", env=env, cwd=folder) as running:
        running.wait_until(lambda log: True if "Ctrl-C ends it" in log else None, seconds=WITHIN)
        assert "SHOP_URL" in running.log
        [order] = send
        done = run(f"{order} --wait {WITHIN:.0f}", folder)
        assert done.returncode == 0, (done.stdout, running.log[-2000:])
        for line in seen:
            pattern = ".*".join(map(re.escape, line.split("…")))
            assert re.search(pattern, done.stdout), (line, done.stdout)
        running.stop(seconds=60)


def split(found: list[tuple[str, list[str]]]) -> list[tuple[list[str], list[str]]]:
    """Give each block of commands with the text that follows it."""
    made: list[tuple[list[str], list[str]]] = []
    for kind, lines in found:
        if kind == "sh":
            made.append((lines, []))
        else:
            made[-1][1].extend(lines)
    return made
