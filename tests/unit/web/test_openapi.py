"""The OpenAPI document: valid, whole, true to its examples, and of one mind with the readers of requests."""

import json
from datetime import UTC, datetime

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from integration.errors import FnoLinkError
from integration.functions.http import OPERATIONS, PUBLIC, rows
from integration.web.message import Request
from integration.web.openapi.described import Row
from integration.web.openapi.document import document as made
from integration.web.openapi.table import OPERATIONS as DESCRIBED
from integration.web.openapi.table import TAGS
from tests.documented import document, resolved, validator
from tests.unit.worker.test_net import World

PATHS = resolved(document()["paths"])
BY_ID = {each["operationId"]: each for item in PATHS.values() for each in item.values()}
PASS_OVER = {"health"}
"""Monitors add what they like to a health URL."""


def test_it_is_openapi_3_1():
    assert not list(OpenAPIV31SpecValidator(document()).iter_errors())
    assert document()["openapi"].startswith("3.1")


def test_every_operation_is_described_and_nothing_else_is():
    assert {row.name for row in rows() if row.role is None} == set(DESCRIBED)
    assert BY_ID.keys() == {row.name for row in rows()}
    assert {each["tags"][0] for each in BY_ID.values()} == set(TAGS)


def test_who_may_ask_is_what_the_table_says():
    for operation in (*OPERATIONS, *PUBLIC):
        schemes = [name for each in BY_ID[operation.name]["security"] for name in each]
        assert ("functionKey" in schemes) is not operation.anonymous, operation.name
        assert "entra" not in schemes
        token = BY_ID.get(f"entra_{operation.name}", {"security": []})["security"]
        assert token == ([{"entra": [operation.role]}] if operation.role else []), operation.name
        assert ("401" in BY_ID[operation.name]["responses"]) is not operation.anonymous


def test_the_parts_of_a_path_are_described():
    for path, item in PATHS.items():
        for operation in item.values():
            parts = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"]
            assert [f"{{{name}}}" for name in parts] == [part for part in path.split("/") if part.startswith("{")]


def examples():
    for name, operation in BY_ID.items():
        places = {"body": operation.get("requestBody", {})} | operation["responses"]
        for place, said in places.items():
            for content in said.get("content", {}).values():
                for title, example in content.get("examples", {}).items():
                    yield pytest.param(content["schema"], example["value"], id=f"{name} {place} {title}")


@pytest.mark.parametrize(("schema", "example"), list(examples()))
def test_an_example_is_of_its_type(schema, example):
    assert [error.message for error in validator(schema).iter_errors(example)] == []


def test_what_stands_more_than_once_is_a_component_and_each_component_is_referred_to():
    written = document()
    text = json.dumps(written)
    for kind in ("parameters", "requestBodies", "responses", "schemas"):
        for name in written["components"][kind]:
            assert f'"#/components/{kind}/{name}"' in text, name
    operations = [each for item in written["paths"].values() for each in item.values()]
    for kind, inline in {
        "parameters": [each for operation in operations for each in operation.get("parameters", ())],
        "requestBodies": [operation["requestBody"] for operation in operations if "requestBody" in operation],
        "responses": [each for operation in operations for each in operation["responses"].values()],
    }.items():
        alone = [json.dumps(each, sort_keys=True) for each in inline if "$ref" not in each]
        assert len(alone) == len(set(alone)), kind


def test_an_operation_for_tokens_takes_and_answers_what_the_one_for_keys_does():
    for name, operation in BY_ID.items():
        twin = BY_ID.get(f"entra_{name}")
        if twin is None:
            continue
        for part in ("parameters", "requestBody", "summary"):
            assert twin.get(part) == operation.get(part), name
        for status in set(operation["responses"]) - {"401", "403", "503"}:
            assert twin["responses"][status] == operation["responses"][status], (name, status)


def test_a_link_leads_to_an_operation_and_names_parameters_of_it():
    links = [
        link
        for each in BY_ID.values()
        for said in each["responses"].values()
        for link in said.get("links", {}).values()
    ]
    assert len(links) > 15
    for link in links:
        taken = {each["name"] for each in BY_ID[link["operationId"]].get("parameters", ())}
        assert link["parameters"].keys() <= taken, link


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
async def test_a_query_is_read_by_what_describes_it(operation):
    described = DESCRIBED[operation.name]
    if not described.query or operation.name in PASS_OVER:
        return
    world = World()
    request = Request(query={"nonsense": "1"}, headers={"accept": "application/json"})
    answer = await operation.ask(world, request, lambda _: "x")
    told = json.loads(answer.body)
    assert (answer.status, told["code"]) == (400, "InvalidRequest")
    assert told["detail"].endswith(f"known: {', '.join(each.name for each in described.query)}")
    await world.webhook_http.aclose()


def test_errors_are_those_of_the_tree_with_the_status_of_the_one_table():
    known = {each.__name__ for each in every(FnoLinkError)}
    for name, operation in BY_ID.items():
        for status, said in operation["responses"].items():
            schema = said.get("content", {}).get("application/problem+json", {}).get("schema", {})
            for part in schema.get("allOf", ()):
                assert set(part.get("properties", {}).get("code", {}).get("enum", ())) <= known, (name, status)


def every(kind):
    yield kind
    for each in kind.__subclasses__():
        yield from every(each)


def test_what_is_to_go_says_so():
    row = Row(name="health", method="GET", path="/api/health", anonymous=True, retiring="Deprecated since 2026-01-02.")
    told = made([row])["paths"]["/api/health"]["get"]
    assert told["deprecated"] is True
    assert told["description"].endswith("Deprecated since 2026-01-02.")


async def test_it_is_served_to_anybody_and_names_nothing_that_is_configured():
    [operation] = [each for each in OPERATIONS if each.name == "openapi"]
    assert operation.anonymous
    world = World()
    answer = await operation.ask(world, Request(), lambda _: "")
    assert json.loads(answer.body) == document()
    again = await operation.ask(world, Request(headers={"if-none-match": answer.headers["ETag"]}), lambda _: "")
    assert (again.status, again.body) == (304, b"")
    await world.webhook_http.aclose()


def test_the_time_of_examples_has_a_zone():
    assert (
        datetime.fromisoformat(
            BY_ID["link"]["responses"]["200"]["content"]["application/json"]["examples"]["linked"]["value"]["checkedAt"]
        ).tzinfo
        == UTC
    )
