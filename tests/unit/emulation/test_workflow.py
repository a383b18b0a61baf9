"""The emulated workflow of Teams is as strict as the real one: what it would not show fails its run."""

import json

import httpx
import pytest

from emulation.workflows import Workflow

CARD = {"type": "AdaptiveCard", "version": "1.4", "body": [{"type": "TextBlock", "text": "hello"}]}


def message(card=CARD, content_type="application/vnd.microsoft.card.adaptive"):
    return {"type": "message", "attachments": [{"contentType": content_type, "content": card}]}


@pytest.fixture
async def workflow():
    return Workflow()


async def post(workflow, body, *, path=None, content_type="application/json"):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(workflow), base_url="http://x") as client:
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        return await client.post(path or workflow.path, content=text.encode(), headers={"content-type": content_type})


async def test_a_card_is_posted(workflow):
    assert (await post(workflow, message())).status_code == 202
    assert workflow.posted == [CARD]


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ({"text": "Hello World!"}, "ExpressionEvaluationFailed", "'Null'"),
        ({"attachments": {}}, "ExpressionEvaluationFailed", "'dict'"),
        ([], "ExpressionEvaluationFailed", "'Null'"),
        (message(content_type="application/json"), "BadRequest", "content type"),
        (message({**CARD, "type": "MessageCard"}), "BadRequest", "'AdaptiveCard'"),
        (message({**CARD, "version": "1.5"}), "BadRequest", "1.5"),
        (message({**CARD, "version": 1.4}), "BadRequest", "version"),
        (message({**CARD, "body": [{"type": "TextBlock"}]}), "BadRequest", "body[0]"),
        (message({**CARD, "body": [{"type": "TextBlock", "text": 7}]}), "BadRequest", "7"),
        (message({**CARD, "body": [{"type": "TextBlock", "text": "x", "color": "pink"}]}), "BadRequest", "pink"),
        (message({**CARD, "body": [{"type": "FactSet", "facts": [{"title": "a"}]}]}), "BadRequest", "value"),
        (message({**CARD, "colour": "red"}), "BadRequest", "colour"),
        (message({**CARD, "fallbackText": "x" * 14_336}), "RequestEntityTooLarge", "too large"),
        (message({**CARD, "fallbackText": "漢" * 9_600}), "RequestEntityTooLarge", "too large"),
    ],
)
async def test_what_teams_would_not_show_is_a_failed_run_behind_a_202(workflow, body, code, said):
    assert (await post(workflow, body)).status_code == 202
    [run] = workflow.runs
    assert (run.status, run.code) == ("Failed", code)
    assert said in run.message
    assert workflow.posted == []


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        (("sig=the", "sig=no"), 401, "DirectApiAuthorizationRequired"),
        (("api-version=2016-06-01&", ""), 400, "MissingApiVersionParameter"),
        (("/workflows/", "/workflows/0"), 404, "WorkflowNotFound"),
    ],
)
async def test_a_url_that_is_not_the_workflow_s_is_refused(workflow, change, status, code):
    answer = await post(workflow, message(), path=workflow.path.replace(*change))
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert workflow.runs == []


async def test_what_is_no_json_is_refused_at_once_and_plain_text_fails_its_run(workflow):
    answer = await post(workflow, "{", content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidRequestContent")
    assert (await post(workflow, message(), content_type="text/plain")).status_code == 202
    assert [run.status for run in workflow.runs] == ["Failed"]


@pytest.mark.parametrize(("state", "status"), [("Deleted", 404), ("Disabled", 400)])
async def test_a_workflow_that_is_gone_or_off_takes_nothing(workflow, state, status):
    workflow.state = state
    assert (await post(workflow, message())).status_code == status
    assert workflow.runs == []
