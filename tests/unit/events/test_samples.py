"""Every sample message decodes to what the design says of its shape."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from integration.events.decode import decode
from integration.events.event import Event
from integration.events.inbound import Inbound
from integration.events.record import load, store

SAMPLES = Path(__file__).parents[3] / "emulation" / "samples"
URL = "https://contoso.crm.dynamics.com"
ERP = URL + "/finance-operations"
GROUP = "mserp_custcustomergroupentity"
ROW = "00004951-0000-0000-5e1a-005001000000"
ACCOUNT = "6d81c9a3-2f35-4b5e-9d1c-0a4be2c7f001"

BUSINESS_EVENTS = {
    "alert-change": "BusinessEventsAlertEvent",
    "alert-due-date": "BusinessEventsDueDateAlertEvent",
    "batch-job-started": "BatchJobStartedBusinessEvent",
    "cloud-event-business-event": "SalesOrderConfirmedBusinessEvent",
    "collection-letter-sent": "CollectionLetterSentBusinessEvent",
    "collection-status-updated": "CollectionStatusUpdatedBusinessEvent",
    "customer-payment-posted": "CustomerPaymentPostedBusinessEvent",
    "event-grid-object": "SalesInvoicePostedBusinessEvent",
    "event-grid-string": "SalesOrderConfirmedBusinessEvent",
    "free-text-invoice-posted": "CustFreeTextInvoicePostedBusinessEvent",
    "interest-note-posted": "InterestNotePostedBusinessEvent",
    "production-order-released": "ProductionOrderReleasedBusinessEvent",
    "proxied-business-event": "SalesOrderConfirmedBusinessEvent",
    "purchase-order-confirmed-old-build": "PurchaseOrderConfirmedBusinessEvent",
    "purchase-order-received": "PurchaseOrderReceivedBusinessEvent",
    "sales-invoice-posted": "SalesInvoicePostedBusinessEvent",
    "sales-order-confirmed": "SalesOrderConfirmedBusinessEvent",
    "transaction-written-off": "TransactionWrittenOffBusinessEvent",
    "vendor-invoice-matched": "VendorInvoiceMatchedBusinessEvent",
    "vendor-invoice-posted": "VendorInvoicePostedBusinessEvent",
    "vendor-payment-posted": "VendorPaymentPostedBusinessEvent",
    "workflow-started": "Workflow_BudgetPlanReview_000002",
    "workflow-work-item": "Workflow_BudgetPlanReview_000002_ReviewBudget_WorkItem",
}
CONTEXTS = {
    "custom-api": ("dataverse", "none.contoso_RecalculatePrices", URL, None),
    "data-event-created": ("data_event", f"{GROUP}.OnExternalCreated", ERP, f"{GROUP}({ROW})"),
    "data-event-deleted": ("data_event", f"{GROUP}.OnExternalDeleted", ERP, f"{GROUP}({ROW})"),
    "data-event-updated": ("data_event", f"{GROUP}.OnExternalUpdated", ERP, f"{GROUP}({ROW})"),
    "hybrid-data-event": ("data_event", f"{GROUP}.OnExternalUpdated", ERP, f"{GROUP}({ROW})"),
    "plugin-create": ("dataverse", "salesorder.Create", URL, "salesorder("),
    "plugin-delete": ("dataverse", "account.Delete", URL, f"account({ACCOUNT})"),
    "plugin-sync-update": ("dataverse", "account.Update", URL, f"account({ACCOUNT})"),
    "plugin-update": ("dataverse", "account.Update", URL, f"account({ACCOUNT})"),
    "plugin-update-stripped": ("dataverse", "account.Update", URL, f"account({ACCOUNT})"),
}
FOREIGN = {
    "cloud-event": ("A234-1234-1234", "/warehouse/7", "com.example.pallet.moved", "pallet/17"),
    "event-grid-foreign": (
        "831e1650-001e-001b-66ab-eeb76e069631",
        "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/files",
        "Microsoft.Storage.BlobCreated",
        "/blobServices/default/containers/in/blobs/a.csv",
    ),
}
OTHERS = {
    "data-event-stripped": "ContextStripped",
    "event-grid-handshake": "handshake",
    "test-message-null": "empty",
    "test-message-sample": "test_message",
    "test-message-text": "test_message",
}


def sample(name):
    return (SAMPLES / f"{name}.json").read_bytes()


def one(name):
    message = Inbound(
        body=sample(name),
        ingress="erp",
        organization="contoso",
        organization_url=URL,
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    (item,) = decode(message).items
    return item


def test_every_sample_is_tested():
    assert {path.stem for path in SAMPLES.glob("*.json")} == {*BUSINESS_EVENTS, *CONTEXTS, *FOREIGN, *OTHERS}


@pytest.mark.parametrize("name", BUSINESS_EVENTS)
def test_a_documented_business_event_decodes(name):
    event = one(name)
    assert isinstance(event, Event)
    assert (event.shape, event.type, event.source) == ("business_event", BUSINESS_EVENTS[name], ERP)
    contract = event.payload
    assert event.id == contract["EventId"]
    assert event.extensions["controlnumber"] == str(contract["ControlNumber"])
    assert event.time is not None
    assert event.time.year == 2026
    assert event.subject == (contract.get("ContextRecordSubject") or None)
    assert load(store(event)) == event


@pytest.mark.parametrize("name", CONTEXTS)
def test_a_context_decodes(name):
    event = one(name)
    shape, type_, source, subject = CONTEXTS[name]
    assert isinstance(event, Event)
    assert (event.shape, event.type, event.source) == (shape, type_, source)
    assert (event.subject or "").startswith(subject or "")
    assert event.raw == sample(name).strip()
    assert event.origin.organization_id == "4ef5a7c0-11d2-4c5b-9d77-3b1f0c2a9e10"
    fields = json.loads(sample(name))
    assert event.extensions["correlationid"] == fields["CorrelationId"]
    if fields.get("Mode") == 1:
        assert event.id == fields["OperationId"]
    assert load(store(event)) == event


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_event_keeps_its_id_and_source(name):
    event = one(name)
    assert isinstance(event, Event)
    assert event.foreign
    assert (event.id, event.source, event.type, event.subject) == FOREIGN[name]
    assert load(store(event)) == event


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_event_says_why(name):
    item = one(name)
    assert not isinstance(item, Event)
    assert item.reason == OTHERS[name]


def test_the_flat_form_of_an_update_is_typed():
    data = one("plugin-update").payload
    target = data["target"]
    assert target["creditlimit"] == 100.25
    assert target["statecode"] == 0
    assert target["modifiedon"] == "2026-01-01T12:00:00Z"
    assert target["modifiedby"] == {
        "logicalName": "systemuser",
        "id": "75c2b1a0-0000-4000-8000-000000000001",
        "name": "Adele Vance",
    }
    assert target["fax"] is None
    assert "telephone1" not in target
    assert target["formattedValues"] == {"statecode": "Active"}
    assert data["preImages"]["before"]["creditlimit"] == 50.0
    assert data["postImages"]["AsynchronousStepPrimaryName"]["name"] == "Contoso"
    assert data["parentContext"]["stage"] == 30
    assert (data["messageName"], data["entity"], data["id"]) == ("Update", "account", ACCOUNT)
    assert (data["mode"], data["stage"], data["depth"]) == (1, 40, 1)
    assert "requestId" not in data


def test_the_flat_form_of_a_create_holds_nested_rows():
    target = one("plugin-create").payload["target"]
    (line,) = target["order_lines"]
    assert line["logicalName"] == "salesorderdetail"
    assert line["priceperunit"] == 10.5
    assert target["tags"] == [1, 3]


def test_the_target_of_a_delete_is_a_reference():
    assert one("plugin-delete").payload["target"] == {"logicalName": "account", "id": ACCOUNT}


def test_a_data_event_knows_its_company_and_what_was_before():
    event = one("data-event-updated")
    assert event.extensions["legalentity"] == "usmf"
    assert event.payload["preimage"]["mserp_description"] == "Default group"
    assert event.payload["preimage"]["mserp_cleareddate"] is None
    assert event.payload["id"] == ROW
    assert "mode" not in event.payload


def test_an_envelope_around_a_data_event_gives_it_its_id():
    event = one("hybrid-data-event")
    assert event.id == json.loads(sample("hybrid-data-event"))["EventId"]
    assert event.extensions["businesseventid"] == "CustCustomerGroupEntity_DataEvent_Update"


def test_a_proxied_business_event_has_its_contract_back():
    event = one("proxied-business-event")
    assert event.payload["OrderTotal"] == 99.0
    assert event.payload["EventTime"] == "/Date(1767268800000)/"
    assert event.raw == sample("proxied-business-event").strip()
    assert event.origin.organization_id


def test_a_stripped_context_with_an_id_is_marked():
    assert one("plugin-update-stripped").extensions["contextstripped"] is True


def test_the_trace_of_an_envelope_goes_on():
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert one("cloud-event-business-event").extensions["traceparent"] == trace
