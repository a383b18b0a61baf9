"""The samples that are no C#: the workflow, the form script in Node, and the pages."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from integration.functions.app import build

ROOT = Path(__file__).parents[3]
SAMPLES = ROOT / "samples"
WORKFLOW = json.loads((SAMPLES / "logic-app" / "workflow.json").read_text("utf-8"))
SCRIPT = SAMPLES / "form-script" / "link.js"
API = "contoso_GetFinanceAndOperationsLink"
FORM = """
const told = [];
const form = {ui: {
  setFormNotification: (text, level, id) => told.push([text, level, id]),
  clearFormNotification: (id) => told.push([null, null, id]),
}};
const asked = [];
globalThis.Xrm = {WebApi: {online: {execute: (request) => {
  asked.push(request.getMetadata());
  return ANSWER;
}}}};
console.warn = () => {};
const { readFileSync } = require("node:fs");
(0, eval)(readFileSync(process.argv[1], "utf8") + ";globalThis.FnoLink = FnoLink;");
FnoLink.onLoad({getFormContext: () => form}).then(() => console.log(JSON.stringify({told, asked})));
"""


def on_load(answer):
    done = subprocess.run(
        [shutil.which("node") or "node", "-e", FORM.replace("ANSWER", answer), str(SCRIPT)],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def actions(found):
    for name, action in found.items():
        yield name, action
        for each in (*action.get("cases", {}).values(), action.get("default", {})):
            yield from actions(each.get("actions", {}))


def test_a_form_says_where_it_is_linked_to():
    said = on_load("Promise.resolve({json: () => ({State: 'linked', Url: 'https://c.operations.dynamics.com'})})")
    assert said["told"] == [["Finance & Operations: https://c.operations.dynamics.com", "INFO", "fno-link"]]
    assert said["asked"] == [{"boundParameter": None, "operationType": 0, "operationName": API, "parameterTypes": {}}]


def test_a_form_warns_of_a_link_that_is_missing_and_is_silent_about_one_that_is_unknown():
    assert on_load("Promise.resolve({json: () => ({State: 'not_linked'})})")["told"][0][1] == "WARNING"
    assert on_load("Promise.reject(new Error('away'))")["told"] == [[None, None, "fno-link"]]


def test_what_runs_after_what_and_every_expression_is_about_something_that_exists():
    found = dict(actions(WORKFLOW["actions"]))
    assert {"Ask_for_the_link", "Ask_Finance_and_Operations", "Stop"} <= set(found)
    for action in found.values():
        assert set(action["runAfter"]) <= set(found)
    text = json.dumps(WORKFLOW)
    assert set(re.findall(r"body\('(\w+)'\)", text)) <= set(found)
    assert set(re.findall(r"parameters\('(\w+)'\)", text)) == set(WORKFLOW["parameters"])


def test_the_workflow_asks_where_tokens_are_taken_and_has_no_key():
    asks = WORKFLOW["actions"]["Ask_for_the_link"]["inputs"]
    assert "/api/entra/organizations/" in asks["uri"]
    assert asks["authentication"]["type"] == "ManagedServiceIdentity"
    assert not re.search(r"key|code=", json.dumps(WORKFLOW), re.IGNORECASE)


def test_the_custom_api_has_one_name_everywhere():
    for path in (SCRIPT, *SAMPLES.glob("p*/README.md")):
        assert API in path.read_text("utf-8"), path


def test_the_function_whose_key_is_asked_for_is_registered(monkeypatch):
    monkeypatch.chdir(ROOT)
    sample = json.loads((ROOT / "local.settings.sample.json").read_text("utf-8"))["Values"]
    assert "link" in {function.get_function_name() for function in build(sample).get_functions()}


@pytest.mark.parametrize("page", sorted(SAMPLES.glob("*/README.md")), ids=lambda page: page.parent.name)
def test_a_page_is_listed_and_its_links_lead_somewhere(page):
    listed = (ROOT / "docs" / "samples.md").read_text("utf-8")
    assert f"(../samples/{page.parent.name}/README.md" in listed
    for link in re.findall(r"\]\(([^)#:]+)(?:#[\w-]+)?\)", page.read_text("utf-8")):
        assert (page.parent / link).exists(), link
