"""A receiver that shows the request it got: nothing secret of it is kept with the delivery."""

import base64
from datetime import timedelta

import httpx
import msgspec
import pytest

from integration.config.keys.model import EventGridTarget, WebhookTarget
from integration.delivery.shipment import Shipment
from integration.delivery.targets.event_grid import EventGrid
from integration.delivery.targets.webhook import Webhook
from integration.errors import DeliveryFailed
from integration.events.event import Event

SECRET = "whsec_" + base64.b64encode(b"twenty-four secret bytes").decode()
EVENT = Event(id="e1", source="/s", type="t", organization="contoso", data=msgspec.Raw(b'{"a":1}'))
KEYS = {"x-api-key": 'a "key" & <more>', "authorization": "Basic " + base64.b64encode(b"user:pass word").decode()}
HIDDEN = ('a "key"', 'a \\"key\\"', "a &quot;key", "pass word", KEYS["authorization"][6:], "query-secret", "B01234567")


@pytest.fixture
async def http():
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


async def kept(target, shipment):
    """Return what is kept of an answer, whether it takes the delivery or refuses it."""
    try:
        return (await target.deliver(shipment)).response
    except DeliveryFailed as failed:
        return failed.response


@pytest.mark.parametrize("status", [200, 400, 503])
@pytest.mark.parametrize("before", range(0, 500, 83))
async def test_no_secret_of_a_webhook_is_kept(receivers, http, status, before):
    receivers.fail("hook", status, effect="echo", body="x" * before)
    url = receivers.url("hook") + "/B0123456789abcdefgh/{data.a}?sig=query-secret&code=query-secret-2"
    config = WebhookTarget(name="hook", url=url, secret=SECRET, headers=KEYS, timeout=timedelta(seconds=20))
    said = await kept(Webhook(config, http), Shipment(EVENT, "route"))
    assert said.startswith("x" * before)
    assert len(said) == 500
    (sent, *_) = receivers.received("hook")
    signature = dict(sent.headers)["webhook-signature"].removeprefix("v1,")
    for secret in (*HIDDEN, signature):
        for cut in range(8, len(secret) + 1):  # nor the beginning of one where the text was cut
            assert not said.endswith(secret[:cut])
        assert secret not in said
        assert base64.b64encode(secret.encode()).decode().rstrip("=") not in said
    if not before:
        assert "[redacted]" in said
        assert "/1?sig=" in said  # what came from the event is no secret


async def test_the_key_of_a_topic_is_not_kept(receivers, http):
    receivers.fail("topic", 400, effect="echo")
    config = EventGridTarget(
        name="grid", endpoint=receivers.url("topic"), key="topic-key-123", timeout=timedelta(seconds=20)
    )
    said = await kept(EventGrid(config, http, lambda _: None), Shipment(EVENT, "route"))
    assert "aeg-sas-key: [redacted]" in said
    assert "topic-key-123" not in said
