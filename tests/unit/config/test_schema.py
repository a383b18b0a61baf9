"""The JSON schema and the loader agree on what is good, and every key is described."""

import copy
import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from integration.config import check_text
from integration.config.keys.model import Document
from integration.config.schema import key_docs, schema, schema_text

ROOT = Path(__file__).parents[3]
SAMPLE = (ROOT / "fno-link.toml").read_text("utf-8")
ENVIRON = {
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
    "CUSTOMERS_URL": "https://example.com/",
    "CUSTOMERS_SECRET": "whsec_AAAA",
    "SERVICE_BUS_ENABLED": "false",
}


@pytest.fixture(scope="module")
def validator():
    described = json.loads(schema_text())
    jsonschema.Draft7Validator.check_schema(described)
    return jsonschema.Draft7Validator(described)


def test_the_sample_is_good_by_the_schema_and_by_the_loader(validator):
    assert [error.message for error in validator.iter_errors(tomllib.loads(SAMPLE))] == []
    checked = check_text(SAMPLE, ENVIRON)
    assert (checked.problems, checked.warnings) == ((), ())


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document["organizations"][0].update(clout="public"),
        lambda document: document["organizations"][0].update(cloud="publc"),
        lambda document: document["organizations"][0].pop("url"),
        lambda document: document["organizations"][0].update(name="Contoso"),
        lambda document: document.pop("organizations"),
        lambda document: document.update(organizations=[]),
        lambda document: document.update(cach={}),
        lambda document: document["cache"].update(refresh_after="15"),
        lambda document: document["cache"].update(refresh_after=15),
        lambda document: document["delivery"].update(retry_after=["soon"]),
        lambda document: document["sources"]["erp"].update(kind="htp"),
        lambda document: document["sources"]["erp"].pop("kind"),
        lambda document: document["sources"]["erp"].update(queue="a"),
        lambda document: document["sources"]["erp"].update(enabled="yes"),
        lambda document: document["sources"]["erp"].update(max_body=0),
        lambda document: document["sources"]["erp-queue"].update(queue="Orders"),
        lambda document: document["targets"]["orders"].update(body="xml"),
        lambda document: document["routes"][0].update(filters={}),
        lambda document: document["routes"][0].update(event_types="a"),
        lambda document: document["health"].update(failure_threshold="3"),
    ],
)
def test_what_the_loader_refuses_the_schema_refuses_too(validator, change):
    document = copy.deepcopy(tomllib.loads(SAMPLE))
    change(document)
    assert list(validator.iter_errors(document))


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document["sources"]["erp"].update(enabled="%ERP_ENABLED%"),
        lambda document: document["sources"]["erp-queue"].update(queue="%QUEUE%"),
        lambda document: document["organizations"][0].update(tenant="%TENANT%", cloud="%CLOUD%"),
        lambda document: document["cache"].update(refresh_after="%REFRESH%"),
        lambda document: document["health"].update(failure_threshold="%N%"),
        lambda document: document["routes"][0].update(filter='{"includedEventTypes": []}', requires_link="%A%"),
    ],
)
def test_settings_are_allowed_where_they_are_read(validator, change):
    document = copy.deepcopy(tomllib.loads(SAMPLE))
    change(document)
    assert [error.message for error in validator.iter_errors(document)] == []


def test_the_schema_in_docs_is_that_of_the_model():
    kept = ROOT / "docs" / "reference" / "fno-link.schema.json"
    assert kept.read_text("utf-8") == schema_text(), "run: uv run fno-link config schema --output " + str(kept.name)


def test_every_key_is_described():
    for name, definition in {**schema()["definitions"], "Document": schema()}.items():
        for key, described in definition["properties"].items():
            if key != "kind":
                assert described.get("description"), f"{name}.{key}"
    assert set(key_docs(Document)) == set(Document.__struct_fields__)


def test_the_sample_is_good_with_service_bus_too():
    environ = ENVIRON | {"SERVICE_BUS_ENABLED": "true"}
    checked = check_text(SAMPLE, environ | {"ServiceBus": "Endpoint=sb://localhost"})
    assert (checked.problems, checked.warnings) == ((), ())
    [problem] = check_text(SAMPLE, environ).problems
    assert problem.message.startswith("the connection `ServiceBus` has no app setting")
