"""Webhook receivers, by httpx."""

import threading
import time

import httpx
import pytest

from emulation.receivers import Receivers, ReceiversRefused


def test_requests_are_recorded_in_order_with_headers_and_body(receivers: Receivers):
    with httpx.Client() as client:
        client.post(receivers.url("orders"), content=b'{"n":1}', headers={"webhook-id": "a"})
        client.put(f"{receivers.url('orders')}/deep?x=1", content=b"\xff2")
        client.post(receivers.url("other"), content=b"3")
    first, second = receivers.received("orders")
    assert (first.method, first.path, first.body, first.status) == ("POST", "/orders", '{"n":1}', 200)
    assert first.header("Webhook-Id") == "a"
    assert (second.method, second.path, second.body) == ("PUT", "/orders/deep?x=1", "\ufffd2")
    assert first.sequence < second.sequence < receivers.received("other")[0].sequence
    assert receivers.received("nobody") == []


def test_failures_of_the_next_requests_end_after_them(receivers: Receivers):
    receivers.fail("orders", 503, times=2, headers={"Retry-After": "7"}, body="later")
    receivers.fail("orders", 410, times=1)
    with httpx.Client() as client:
        answers = [client.post(receivers.url("orders")) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [503, 503, 410, 200]
    assert (answers[0].headers["Retry-After"], answers[0].text) == ("7", "later")
    assert [each.status for each in receivers.received("orders")] == [503, 503, 410, 200]


def test_a_failure_lasts_until_it_is_healed(receivers: Receivers):
    receivers.fail("orders", 500)
    with httpx.Client() as client:
        assert [client.post(receivers.url("orders")).status_code for _ in range(3)] == [500] * 3
        receivers.heal("orders")
        assert client.post(receivers.url("orders")).status_code == 200


def test_a_hanging_receiver_records_and_answers_nothing(receivers: Receivers):
    receivers.hang("orders", times=1)
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(receivers.url("orders"), timeout=0.2)
    assert [each.status for each in receivers.received("orders")] == [0]
    assert httpx.post(receivers.url("orders")).status_code == 200


def test_a_dropped_connection_is_reset_before_an_answer(receivers: Receivers):
    receivers.drop("orders", times=1)
    with pytest.raises(httpx.ReadError, match="reset"):
        httpx.post(receivers.url("orders"))
    assert [each.status for each in receivers.received("orders")] == [0]


def test_an_answer_is_cut_in_the_middle(receivers: Receivers):
    receivers.fail("orders", effect="cut", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.post(receivers.url("orders"))


def test_a_late_answer_succeeds(receivers: Receivers):
    receivers.delay("orders", 0.2, times=1)
    began = time.monotonic()
    assert httpx.post(receivers.url("orders")).status_code == 200
    assert time.monotonic() - began >= 0.2


def test_waiting_ends_with_the_arrival_or_with_the_time(receivers: Receivers):
    url = receivers.url("orders")
    sender = threading.Timer(0.1, lambda: httpx.post(url))
    sender.start()
    arrived = receivers.received("orders", at_least=1, within=10)
    sender.join()
    assert len(arrived) == 1
    assert len(receivers.received("orders", at_least=2, within=0.1)) == 1


def test_the_control_api_refuses_what_it_does_not_know(receivers: Receivers):
    with pytest.raises(ReceiversRefused, match="explode"):
        receivers.fail("orders", effect="explode")  # pyright: ignore[reportArgumentType]
