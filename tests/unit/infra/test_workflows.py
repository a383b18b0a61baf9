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
    assert "needs: build" in publish
    assert "secrets." not in text


def test_the_types_of_both_packages_are_for_others_too():
    wheels = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    for package in wheels["packages"]:
        assert (ROOT / package / "py.typed").exists()
