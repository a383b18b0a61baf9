"""What the Power Platform writes, read so that nothing which it may write breaks anything."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.errors import UnexpectedAnswer
from integration.power_platform.answers import (
    Application,
    Environment,
    LinkedEnvironment,
    Operation,
    read_application,
    read_environment,
    read_environment_id,
    read_operations,
)

ID = "0a6ab0b4-0000-4000-8000-00000000000e"


def test_an_environment_as_the_page_describes_it():
    body = {
        "id": ID.upper(),
        "dataverseId": "d-1",
        "adminMode": "Disabled",
        "state": "Ready",
        "finOpsMetadata": {"id": "f-1", "type": "Internal", "url": "https://contoso.operations.dynamics.com/"},
        "enterprisePolicies": {"encryption": None},
        "tomorrow": [1],
    }
    assert read_environment(json.dumps(body).encode(), ID) == Environment(
        id=ID.upper(),
        dataverse_id="d-1",
        admin_mode="Disabled",
        state="Ready",
        linked=LinkedEnvironment("f-1", "Internal", "https://contoso.operations.dynamics.com/"),
    )


@pytest.mark.parametrize("more", [{}, {"finOpsMetadata": None}, {"finOpsMetadata": []}, {"finOpsMetadata": {}}])
def test_no_metadata_is_no_linked_environment(more):
    assert read_environment(json.dumps({"id": ID, **more}).encode(), ID) == Environment(id=ID)


def test_values_of_another_type_are_as_good_as_none():
    body = {"id": ID, "adminMode": True, "state": 7, "finOpsMetadata": {"id": None, "url": ["x"]}}
    found = read_environment(json.dumps(body).encode(), ID)
    assert (found.admin_mode, found.state, found.linked) == ("true", "", LinkedEnvironment())


def test_text_from_outside_is_cut_and_shown_as_it_is():
    found = read_environment(json.dumps({"id": ID, "state": "a\nb" + "c" * 500}).encode(), ID)
    assert found.state.startswith(r"a\nbccc")
    assert len(found.state) == 200


def test_operations_by_pages():
    listed = [
        {"operationId": "o-1", "name": "Copy", "status": "InProgress", "startTime": "2026-11-28T01:02:03.1234567Z"},
        {"operationId": "o-2", "status": "Failed", "startTime": "soon", "endTime": "2026-11-28T02:00:00+01:00"},
        "nonsense",
    ]
    operations, token = read_operations(json.dumps({"collection": listed, "continuationToken": "next"}).encode())
    assert token == "next"
    assert operations == [
        Operation(
            id="o-1", name="Copy", status="InProgress", started=datetime(2026, 11, 28, 1, 2, 3, 123456, tzinfo=UTC)
        ),
        Operation(id="o-2", status="Failed", ended=datetime(2026, 11, 28, 1, tzinfo=UTC)),
        Operation(),
    ]
    assert read_operations(b'{"value": [], "continuationToken": null}') == ([], "")


def test_the_application_and_the_id_of_the_environment():
    body = b'{"finopsenvironmentstate":"Running","applicationversion":"10.0.40","applicationdeploymenttype":"Sandbox"}'
    assert read_application(body) == Application(state="Running", version="10.0.40", deployment="Sandbox")
    assert read_environment_id(json.dumps({"Detail": {"EnvironmentId": f"Default-{ID}"}}).encode()) == f"Default-{ID}"


@pytest.mark.parametrize(
    "read",
    [read_application, read_environment_id, read_operations, lambda body: read_environment(body, ID)],
)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"null",
        b"[]",
        b'"x"',
        b"{}",
        b'{"id": "another", "Detail": {}, "collection": 7}',
        b"\xff",
        b"[" * 99999,
    ],
)
def test_nonsense_is_one_error(read, body):
    with pytest.raises(UnexpectedAnswer):
        read(body)


@pytest.mark.parametrize("found", ["", "a/b", "a b", "..", "é", "a" * 101, 7, None])
def test_an_id_that_cannot_stand_in_a_path_is_none(found):
    with pytest.raises(UnexpectedAnswer):
        read_environment_id(json.dumps({"Detail": {"EnvironmentId": found}}).encode())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "finOpsMetadata", "adminMode", "collection", "name", "startTime", "Detail"]), inner
        )
    ),
    max_leaves=8,
)


@given(json_values)
def test_any_json_is_read_or_refused(value):
    for read in (read_application, read_environment_id, read_operations, lambda body: read_environment(body, ID)):
        try:
            read(json.dumps(value).encode())
        except UnexpectedAnswer:
            continue
