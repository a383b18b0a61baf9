"""What runs on a push and on a tag is what runs anywhere: `.ci/run`."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
WORKFLOWS = ROOT / ".github" / "workflows"


@pytest.mark.parametrize("name", ["ci.yml", "release.yml"])
def test_a_workflow_runs_the_gate_with_the_project_s_python(name):
    text = (WORKFLOWS / name).read_text("utf-8")
    assert re.search(r"^      - run: \.ci/run$", text, re.MULTILINE)
    assert "python-version-file: .python-version" in text
    assert re.search(r"^permissions:\n  contents: read$", text, re.MULTILINE)


def test_nothing_is_published_before_the_gate_has_passed():
    text = (WORKFLOWS / "release.yml").read_text("utf-8")
    build, publish = text.split("\n  publish:\n")
    assert ".ci/run" in build
    assert "gh-action-pypi-publish" in publish
    assert "needs: [build, image]" in publish
    assert "docker build" in build
    assert "az bicep" in build
    assert "secrets." not in text


def test_both_distributions_are_built_and_have_the_same_version():
    assert "- run: uv build --all-packages" in (WORKFLOWS / "release.yml").read_text("utf-8")
    declared = [tomllib.loads((ROOT / each / "pyproject.toml").read_text("utf-8")) for each in (".", "emulation")]
    assert len({each["project"]["version"] for each in declared}) == 1
    assert declared[0]["tool"]["uv"]["workspace"]["members"] == ["emulation"]
