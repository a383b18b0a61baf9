"""A RemoteExecutionContext of Dataverse is read into Python values, or refused."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from integration.events.context import RemoteExecutionContext
from integration.events.xrm import AliasedValue, Entity, EntityCollection, EntityReference, Money, OptionSetValue, value

SAMPLES = Path(__file__).parents[3] / "emulation" / "samples"
XRM = "http://schemas.microsoft.com/xrm/2011/Contracts"
ACCOUNT = "6d81c9a3-2f35-4b5e-9d1c-0a4be2c7f001"


def sample(name):
    return (SAMPLES / f"{name}.json").read_bytes()


def test_an_update_has_python_values():
    context = RemoteExecutionContext.parse(sample("plugin-update"))
    target = context.target
    assert isinstance(target, Entity)
    assert target["creditlimit"] == Money(100.25)
    assert target["statecode"] == OptionSetValue(0)
    assert target["modifiedon"] == datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert target["modifiedby"] == EntityReference(
        "systemuser", "75c2b1a0-0000-4000-8000-000000000001", name="Adele Vance"
    )
    assert target.get("fax") is None
    assert "fax" in target.attributes
    assert "telephone1" not in target.attributes
    assert target.formatted_values == {"statecode": "Active"}
    assert (context.message_name, context.entity, context.id) == ("Update", "account", ACCOUNT)
    assert (context.stage, context.mode, context.depth) == (40, 1, 1)
    assert context.shared_variables == {"IsAutoTransact": True}
    assert context.pre_entity_images["before"]["creditlimit"] == Money(50.0)
    assert context.parent_context is not None
    assert context.parent_context.stage == 30
    assert context.parent_context.parent_context is None
    assert context.request_id == ""
    assert context.user_aad_id == ""
    assert context.operation_created_on == datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert context.owning_extension is not None
    assert context.owning_extension.logical_name == "sdkmessageprocessingstep"
    assert not context.is_data_event
    assert not context.stripped


def test_a_data_event_has_the_id_and_name_of_its_target():
    context = RemoteExecutionContext.parse(sample("data-event-updated"))
    assert context.is_data_event
    assert context.primary_entity_id == ""
    assert context.id == "00004951-0000-0000-5e1a-005001000000"
    assert context.pre_image is not None
    assert context.pre_image["mserp_description"] == "Default group"


def test_a_stripped_context_says_so():
    context = RemoteExecutionContext.parse(sample("plugin-update-stripped"))
    assert context.stripped
    assert context.target is None
    assert context.id == ACCOUNT


def test_a_delete_points_to_its_row():
    assert RemoteExecutionContext.parse(sample("plugin-delete")).target == EntityReference("account", ACCOUNT)


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (None, None),
        (True, True),
        (1.5, 1.5),
        ("text", "text"),
        ("/Date(1767268800000+0100)/", datetime(2026, 1, 1, 12, tzinfo=UTC)),
        ("/Date(-62135596800000)/", datetime(1, 1, 1, tzinfo=UTC)),
        ("/Date(99999999999999999)/", "/Date(99999999999999999)/"),
        ("/Date(x)/", "/Date(x)/"),
        ({"__type": f"OptionSetValue:{XRM}", "Value": 3}, OptionSetValue(3)),
        ({"__type": f"OptionSetValue:{XRM}", "value": "3"}, OptionSetValue(3)),
        ({"__type": f"OptionSetValue:{XRM}", "Value": None}, OptionSetValue(None)),
        ({"__type": f"Money:{XRM}", "Value": 3.25}, Money(3.25)),
        ({"__type": f"BooleanManagedProperty:{XRM}", "Value": True, "CanBeChanged": False}, True),
        ([{"Value": 1}, {"Value": 2}], [OptionSetValue(1), OptionSetValue(2)]),
        ({"__type": "KeyValuePairOfstringstring:#System.Collections.Generic", "key": "a", "value": "b"}, {"a": "b"}),
        ([{"key": "a", "value": 1}, {"Key": "b", "Value": None}], {"a": 1, "b": None}),
        (
            {"__type": f"AliasedValue:{XRM}", "EntityLogicalName": "c", "AttributeLogicalName": "n", "Value": "x"},
            AliasedValue("c", "n", "x"),
        ),
        ({"LogicalName": "account", "Id": "{1}", "Name": "A"}, EntityReference("account", "1", name="A")),
        ({"LogicalName": "a", "Id": "1", "Attributes": [{"key": "k", "value": 1}]}, Entity("a", "1", {"k": 1})),
        (
            {"__type": f"EntityCollection:{XRM}", "EntityName": "a", "Entities": [{"LogicalName": "a"}, 7]},
            EntityCollection("a", (Entity("a", ""),)),
        ),
        (
            [{"key": {"__type": f"Relationship:{XRM}", "SchemaName": "lines"}, "value": {"Entities": []}}],
            {"lines": EntityCollection("", ())},
        ),
        ({"__type": "Own:x", "A": {"__type": f"Money:{XRM}", "Value": 1}}, {"A": Money(1)}),
    ],
)
def test_every_type_of_value_is_read(node, expected):
    assert value(node) == expected


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"MessageName": "Update"}', b"[" * 10_000, b'{"a":\xff}'])
def test_what_is_no_context_is_refused(body):
    with pytest.raises(ValueError, match=r"(?i)context|utf-8"):
        RemoteExecutionContext.parse(body)


def test_fields_of_other_types_count_as_missing():
    fields = dict.fromkeys(json.loads(sample("plugin-update")), 7)
    context = RemoteExecutionContext.parse(json.dumps(fields | {"MessageName": "X", "InputParameters": []}).encode())
    assert context.primary_entity_name == ""
    assert context.post_entity_images == {}
    assert context.parent_context is None
