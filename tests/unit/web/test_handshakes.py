"""Webhook handshakes of Event Grid and CloudEvents are answered as asked for, and a hostile origin is not reflected."""

import json

import pytest

from integration.web import Request
from integration.web.intake import shake_hands

VALIDATION = [
    {
        "id": "2d1781af-3a4c-4d7c-bd0c-e34b19da4e66",
        "topic": "/subscriptions/x",
        "subject": "",
        "data": {"validationCode": "512d38b6-c7b8", "validationUrl": "https://rp.example:553/validate"},
        "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
        "eventTime": "2026-01-01T00:00:00Z",
        "metadataVersion": "1",
        "dataVersion": "1",
    }
]


def posted(body: object, **headers: str) -> Request:
    return Request(method="POST", headers=headers, body=json.dumps(body).encode())


def test_event_grid_gets_its_validation_code_back_with_exactly_200():
    answer = shake_hands(posted(VALIDATION, **{"aeg-event-type": "SubscriptionValidation"}))
    assert answer is not None
    assert answer.status == 200
    assert json.loads(answer.body) == {"validationResponse": "512d38b6-c7b8"}


@pytest.mark.parametrize(
    "request_",
    [
        posted(VALIDATION, **{"aeg-event-type": "Notification"}),
        posted(VALIDATION),
        posted([], **{"aeg-event-type": "SubscriptionValidation"}),
        posted([{"eventType": "other", "data": {}}], **{"aeg-event-type": "SubscriptionValidation"}),
        Request(method="POST", headers={"aeg-event-type": "SubscriptionValidation"}, body=b"[" * 50_000),
        Request(method="POST", headers={"aeg-event-type": "SubscriptionValidation"}, body=b"\xff"),
    ],
)
def test_what_is_no_handshake_is_an_event(request_):
    assert shake_hands(request_) is None


def test_cloudevents_senders_are_allowed_by_options():
    answer = shake_hands(Request(method="OPTIONS", headers={"webhook-request-origin": "eventgrid.azure.net"}))
    assert answer is not None
    assert answer.status == 200
    assert answer.headers["WebHook-Allowed-Origin"] == "eventgrid.azure.net"
    assert answer.headers["WebHook-Allowed-Rate"] == "*"
    assert answer.headers["Allow"] == "POST, OPTIONS"


def test_a_hostile_origin_is_not_reflected():
    answer = shake_hands(Request(method="OPTIONS", headers={"webhook-request-origin": "a\r\nSet-Cookie: x"}))
    assert answer is not None
    assert "WebHook-Allowed-Origin" not in answer.headers
