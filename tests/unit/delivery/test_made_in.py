"""A broker's message says in which span its sender made it; that is a link of the span that takes it in."""

import pytest

from integration.delivery.queued.arrivals import Message

SENDER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OLDER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    ("properties", "made_in"),
    [
        ({}, ""),
        ({"traceparent": SENDER}, SENDER),
        ({"Diagnostic-Id": SENDER}, SENDER),
        ({"Diagnostic-Id": OLDER, "TraceParent": SENDER}, SENDER),
        ({"traceparent": None}, ""),
        ({"traceparent": 7}, "7"),
    ],
)
def test_a_message_names_the_span_of_its_sender(properties, made_in):
    assert Message(source="bus", body=b"", properties=properties).made_in == made_in
