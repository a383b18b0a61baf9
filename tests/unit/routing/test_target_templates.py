"""The templates of targets are checked at load, and no field leaves the place that it fills."""

import httpx
import msgspec
import pytest

from integration.config.keys.model import FinanceOperationsTarget, Route, StorageQueueTarget, WebhookTarget
from integration.delivery.shipment import Shipment
from integration.delivery.targets.webhook import Webhook
from integration.errors import ConfigurationError, TemplateField
from integration.events.event import Event
from integration.routing.table import RouteTable
from integration.routing.target_templates import template_problems
from integration.routing.templates import Template


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


def test_a_route_to_the_linked_environment_needs_the_link():
    targets = {"erp": FinanceOperationsTarget(name="erp", path="/api/services/A/B/c")}
    with pytest.raises(ConfigurationError, match="linked environment"):
        RouteTable.compile((Route(name="orders", target="erp", requires_link=False),), targets=targets)
    RouteTable.compile((Route(name="orders", target="erp"),), targets=targets)


@pytest.mark.parametrize(("value", "path"), [("a'b/c", "a%27%27b%2Fc"), ("", ""), ("ö", "%C3%B6")])
def test_a_field_in_an_odata_literal_cannot_end_it(value, path):
    template = Template.compile("/data/O(K='{data.A}')/x", landing="url_path")
    assert template.render(event({"A": value})) == f"/data/O(K='{path}')/x"


@pytest.mark.parametrize("value", ["1,B=2", "1)/evil(", "'", "", "a b", "ö"])
def test_a_field_in_an_odata_key_without_quotes_is_one_value_or_refused(value):
    template = Template.compile("/data/O(dataAreaId='usmf',K={data.A})/x", landing="url_path")
    assert template.render(event({"A": "5637144576"})) == "/data/O(dataAreaId='usmf',K=5637144576)/x"
    with pytest.raises(TemplateField):
        template.render(event({"A": value}))


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
