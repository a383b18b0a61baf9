"""The plugin of pytest as its users have it: by its entry point, in projects of their own, as its page says."""

import json
import re
from pathlib import Path

import pytest

from emulation.azurite.installation import CACHE_VARIABLE, cache_folder

PAGE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text("utf-8")
CACHE = cache_folder()  # pytester gives its runs another home
INI = "asyncio_default_fixture_loop_scope = function\nfilterwarnings = error\n"
BUNDLE = {"id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.*, 5.0.0)"}
HOST = json.dumps({"version": "2.0", "extensionBundle": BUNDLE})
APP = """
import os
import azure.functions as func

app = func.FunctionApp()

@app.route(route="greet")
def greet(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(os.environ["GREETING"])
"""
UNUSED = """
import sys


def test_nothing_is_there_yet():
    ours = {name.partition("emulation.pytest_plugin")[2] for name in sys.modules if name.startswith("emulation.")}
    assert ours == {"", ".extras", ".own_world", ".parts", ".settings"}
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch) -> pytest.Pytester:
    monkeypatch.setenv(CACHE_VARIABLE, str(CACHE))
    pytester.makeini(f"[pytest]\n{INI}")
    return pytester


def blocks(title: str) -> list[str]:
    part = PAGE[PAGE.index(f"\n## {title}\n") :].partition("\n## ")[2].partition("\n## ")[0]
    return re.findall(r"```python\n(.*?)```", part, re.DOTALL)


def run(project: pytest.Pytester) -> pytest.RunResult:
    # Of the plugins that this machine has, the user of this one may have none.
    return project.runpytest_subprocess("-p", "no:schemathesis", "-p", "no:hypothesispytest", "-p", "no:anyio")


def test_who_asks_for_nothing_has_nothing_imported(project):
    project.makepyfile(UNUSED)
    run(project).assert_outcomes(passed=1)


def test_the_plugin_itself_needs_pytest_alone(project):
    said = project.runpython_c("import emulation.pytest_plugin, sys; print(*sys.modules)").outlines[0].split()
    assert {"httpx", "msgspec", "azure", "click", "uvicorn", "jwt"} & {name.split(".")[0] for name in said} == set()


def test_the_parts_of_the_page_are_what_it_says(project):
    folder = project.mkdir("my-app")
    (folder / "host.json").write_text(HOST)
    (folder / "function_app.py").write_text(APP)
    [block] = blocks("Single parts")
    project.makepyfile(block)
    run(project).assert_outcomes(passed=block.count("def test_"))


def test_what_is_missing_or_wrong_is_said_in_one_line(project):
    project.makepyfile("def test_it(local_world): pass", "")
    found = run(project)
    found.assert_outcomes(errors=1)
    found.stdout.fnmatch_lines(["*there is no file */fno-link.toml*fno-link init*"])
    project.makefile(".toml", other="this is none")
    project.makeini(f"[pytest]\nfno_link_config = other.toml\n{INI}")
    run(project).stdout.fnmatch_lines(["*/other.toml: *TOML*"])


def test_what_to_install_is_said_where_a_part_cannot_be_imported(project):
    project.makeconftest("import sys\nsys.modules['msgspec'] = None")
    project.makepyfile("def test_it(emulated_service_bus): pass")
    run(project).stdout.fnmatch_lines(["*msgspec is missing: pip install 'fno-link-emulation?service-bus?'*"])
