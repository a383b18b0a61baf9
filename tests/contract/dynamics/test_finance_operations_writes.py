"""What the emulated Finance & Operations takes of its business events, and what it refuses."""

import pytest

ENDPOINTS, ACTIVE = "BusinessEventsEndpoints", "BusinessEventsConfigurations"
BUS = {"Name": "Orders", "Type": "AzureServiceBusQueue", "ServiceBusQueueName": "orders"}
CONFIRMED = {"BusinessEventsTable": "SalesOrderConfirmedBusinessEvent", "BusinessEventsEndpoint_Name": "Orders"}


class Environment:
    def __init__(self, dynamics, client, name) -> None:
        self.control, self.client, self.name = dynamics.control, client, name

    def post(self, entity_set, row):
        return self.client.post(f"/data/{entity_set}", json=row)

    def rows(self, entity_set, **query):
        return self.client.get(f"/data/{entity_set}", params=query).json()["value"]


@pytest.fixture
def environment(dynamics):
    name = dynamics.organization().name
    with dynamics.client(f"https://{name}.operations.dynamics.com") as client:
        yield Environment(dynamics, client, name)


@pytest.fixture
def taken(environment):
    environment.control.set_writes(environment.name, "taken", ENDPOINTS, ACTIVE)
    catalog = [{"BusinessEventId": CONFIRMED["BusinessEventsTable"], "Name": "Sales order confirmed"}]
    environment.control.set_entity(environment.name, "BusinessEventsCatalogs", catalog)
    return environment


def inner(answer):
    return answer.json()["error"]["innererror"]["message"]


def test_an_entity_is_read_only_until_it_is_said_to_be_written_and_metadata_tells_it(environment):
    asked = {"$filter": f"EntitySetName eq '{ENDPOINTS}'"}
    [told] = environment.client.get("/metadata/PublicEntities", params=asked).json()["value"]
    assert (told["Name"], told["IsReadOnly"]) == ("BusinessEventsEndpoint", True)
    refused = environment.post(ENDPOINTS, BUS)
    assert (refused.status_code, "read-only" in inner(refused)) == (400, True)
    environment.control.set_writes(environment.name, "forbidden", ENDPOINTS)
    assert environment.post(ENDPOINTS, BUS).status_code == 403
    environment.control.set_writes(environment.name, "taken", ENDPOINTS)
    assert environment.post(ENDPOINTS, BUS).status_code == 201
    [told] = environment.client.get("/metadata/PublicEntities", params=asked).json()["value"]
    assert told["IsReadOnly"] is False
    types = environment.client.get("/metadata/PublicEnumerations('BusinessEventsEndpointType')").json()
    assert "AzureServiceBusQueue" in [each["Name"] for each in types["Members"]]
    assert environment.client.get("/metadata/PublicEnumerations('Nothing')").status_code == 404


def test_an_event_is_activated_switched_off_and_its_endpoint_not_deleted_meanwhile(taken):
    assert taken.post(ENDPOINTS, BUS).status_code == 201
    assert taken.post(ACTIVE, CONFIRMED | {"LegalEntity": "usmf"}).status_code == 201
    key = (
        "BusinessEventsTable='SalesOrderConfirmedBusinessEvent',LegalEntity='USMF',BusinessEventsEndpoint_Name='Orders'"
    )
    assert taken.client.patch(f"/data/{ACTIVE}({key})", json={"Disabled": "Yes"}).status_code == 204
    assert [row["Disabled"] for row in taken.rows(ACTIVE)] == ["Yes"]
    assert "cannot be deleted" in inner(taken.client.delete(f"/data/{ENDPOINTS}(Name='Orders')"))
    assert taken.client.delete(f"/data/{ACTIVE}({key})").status_code == 204
    assert taken.client.delete(f"/data/{ENDPOINTS}(Name='Orders')").status_code == 204
    assert taken.client.delete(f"/data/{ENDPOINTS}(Name='Orders')").status_code == 404


def test_what_does_not_fit_is_refused_in_finance_and_operations_words(taken):
    taken.post(ENDPOINTS, BUS)
    for row, words in (
        (BUS, "The record already exists"),
        ({"Type": "HTTPS"}, "must be filled in"),
        (BUS | {"Url": "x"}, "does not exist on type"),
        (BUS | {"Name": "Other", "Type": "Queue"}, "Cannot convert the literal 'Queue'"),
    ):
        refused = taken.post(ENDPOINTS, row)
        assert (refused.status_code, words in inner(refused)) == (400, True), refused.text
    for row, words in (
        (CONFIRMED | {"BusinessEventsEndpoint_Name": "Gone"}, "in field 'Endpoint' is not found"),
        (CONFIRMED | {"BusinessEventsTable": "Nothing"}, "in field 'Business event' is not found"),
        (CONFIRMED | {"LegalEntity": "dat"}, "in field 'Legal entity' is not found"),
    ):
        refused = taken.post(ACTIVE, row)
        assert (refused.status_code, words in inner(refused)) == (400, True), refused.text
    moved = taken.client.patch(f"/data/{ENDPOINTS}(Name='Orders')", json={"Type": "HTTPS"})
    assert "cannot be changed" in inner(moved)


def test_an_event_has_ten_endpoints_in_a_legal_entity(taken):
    for number in range(11):
        taken.post(ENDPOINTS, BUS | {"Name": f"Orders{number}"})
    answers = [taken.post(ACTIVE, CONFIRMED | {"BusinessEventsEndpoint_Name": f"Orders{n}"}) for n in range(11)]
    assert [each.status_code for each in answers] == [201] * 10 + [400]
    assert "limit of 10 configured endpoints" in inner(answers[-1])


def test_rows_of_companies_are_those_of_the_default_one_unless_all_are_asked_for(environment):
    rows: list[dict[str, object]] = [{"Name": f"{n}", "dataAreaId": where} for n, where in enumerate(["usmf", "demf"])]
    environment.control.set_entity(environment.name, ENDPOINTS, rows)
    assert [row["Name"] for row in environment.rows(ENDPOINTS)] == ["0"]
    every = {"cross-company": "true", "$select": "Name"}
    assert [row["Name"] for row in environment.rows(ENDPOINTS, **every)] == ["0", "1"]
    assert [row["Name"] for row in environment.rows(ENDPOINTS, **every, **{"$skip": "1", "$top": "1"})] == ["1"]
