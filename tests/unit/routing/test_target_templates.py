import httpx
import msgspec
import pytest

from integration.config.model import StorageQueueTarget, WebhookTarget
from integration.delivery.shipment import Shipment
from integration.delivery.targets.webhook import Webhook
from integration.errors import TemplateField
from integration.events.event import Event
from integration.routing.target_templates import template_problems


def webhook(url: str) -> WebhookTarget:
    return WebhookTarget(name="portal", url=url)


def test_the_templates_of_every_target_are_checked_at_load():
    targets = {
        "portal": webhook("https://portal.example/{dat.A}/{link.tenant}"),
        "good": webhook("https://portal.example/{data.A}?erp={link.host}"),
        "queue": StorageQueueTarget(name="queue", queue="orders"),
    }
    problems = template_problems(targets, file="fno-link.toml")
    assert [(problem.key, problem.file) for problem in problems] == [("targets.portal.url", "fno-link.toml")] * 2


@pytest.mark.parametrize(("value", "path"), [("SO/1", b"/orders/SO%2F1?v=a%26b"), ("1", b"/orders/1?v=a%26b")])
async def test_a_webhook_fills_its_url_from_the_event(value, path):
    seen: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path)
        return httpx.Response(204, stream=httpx.ByteStream(b""))

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        target = Webhook(webhook("https://portal.example/orders/{data.Id}?v={data.V}"), http)
        await target.deliver(Shipment(event({"Id": value, "V": "a&b"}), "r"))
        with pytest.raises(TemplateField, match=r"data\.Id is missing"):
            await target.deliver(Shipment(event({"V": "x"}), "r"))
    assert seen == [path]


def event(data: dict[str, str]) -> Event:
    raw = msgspec.Raw(msgspec.json.encode(data))
    return Event(id="1", source="https://x", type="Order", organization="contoso", data=raw)
