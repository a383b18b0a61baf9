"""The webhook target against receivers that fail on purpose, judged by libraries that are not ours."""

import base64
import hmac
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import msgspec
import pytest
from standardwebhooks import Webhook as Verifier

from integration.config.keys.model import WebhookTarget
from integration.delivery.shipment import Receipt, Shipment
from integration.delivery.targets.webhook import Webhook
from integration.errors import TargetRejected, TargetUnavailable
from integration.events.event import Event

SECRET = "whsec_" + base64.b64encode(b"twenty-four secret bytes").decode()
EVENT = Event(id="e1", source="/s", type="t", organization="contoso", data=msgspec.Raw(b'{"a":1}'))


@pytest.fixture
async def deliver(receivers):
    async with httpx.AsyncClient(trust_env=False) as http:

        async def deliver(event: Event = EVENT, *, url: str = "", **changes: object) -> Receipt:
            target = WebhookTarget(
                name="hook", url=url or receivers.url("hook"), **{"timeout": timedelta(seconds=20), **changes}
            )
            return await Webhook(target, http).deliver(Shipment(event, "route"))

        yield deliver


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_any_2xx_is_taken(receivers, deliver, status):
    receivers.fail("hook", status, body="" if status == 204 else "thanks")
    assert await deliver() == Receipt(status, "" if status == 204 else "thanks")


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
async def test_what_may_pass_is_tried_again(receivers, deliver, status):
    receivers.fail("hook", status)
    with pytest.raises(TargetUnavailable) as caught:
        await deliver()
    assert caught.value.transient
    assert caught.value.status == status
    assert caught.value.retry_after is None


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 413, 422, 451])
async def test_what_will_not_change_is_not_tried_again(receivers, deliver, status):
    receivers.fail("hook", status, body="no")
    with pytest.raises(TargetRejected) as caught:
        await deliver()
    assert (caught.value.status, caught.value.response, caught.value.transient) == (status, "no", False)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(receivers, deliver, status):
    receivers.fail("hook", status, headers={"Location": receivers.url("elsewhere")})
    with pytest.raises(TargetRejected, match="redirect"):
        await deliver()
    assert receivers.received("elsewhere") == []


async def test_retry_after_is_understood_in_seconds_and_as_a_date(receivers, deliver):
    receivers.fail("hook", 429, headers={"Retry-After": "17"})
    with pytest.raises(TargetUnavailable) as caught:
        await deliver()
    assert caught.value.retry_after == 17
    receivers.fail("hook", 503, headers={"Retry-After": format_datetime(datetime.now(UTC) + timedelta(hours=1))})
    with pytest.raises(TargetUnavailable) as caught:
        await deliver()
    assert caught.value.retry_after is not None
    assert 3000 < caught.value.retry_after <= 3600


@pytest.mark.parametrize(
    "header",
    ["soon", "-5", "1.5", "\u00b2", "Fri, 32 Foo 2026 99:99:99", "9" * 11, "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"],
)
async def test_a_retry_after_that_nobody_can_mean_says_nothing_and_is_logged_once(receivers, deliver, header, caplog):
    receivers.fail("hook", 503, headers={"Retry-After": header})
    with pytest.raises(TargetUnavailable) as caught:
        await deliver()
    assert caught.value.retry_after is None
    (told,) = [record.getMessage() for record in caplog.records if record.name == "fno_link.retry_after"]
    assert told.startswith("the Retry-After of hook is left aside, our own schedule holds: nobody can mean ")


@pytest.mark.parametrize("form", ["{seconds}", "{date}"])
async def test_a_retry_after_that_can_be_meant_is_capped(receivers, deliver, form):
    long = timedelta(days=3000)
    date = format_datetime(datetime.now(UTC) + long, usegmt=True)
    receivers.fail("hook", 503, headers={"Retry-After": form.format(seconds=int(long.total_seconds()), date=date)})
    with pytest.raises(TargetUnavailable) as caught:
        await deliver()
    assert caught.value.retry_after == timedelta(days=6).total_seconds()


async def test_a_refused_connection_a_reset_and_a_cut_answer_are_tried_again(receivers, deliver):
    with pytest.raises(TargetUnavailable):
        await deliver(url="http://127.0.0.1:1/hook")
    receivers.drop("hook", times=1)
    with pytest.raises(TargetUnavailable):
        await deliver()
    receivers.fail("hook", effect="cut", times=1)
    with pytest.raises(TargetUnavailable):
        await deliver()
    assert (await deliver()).status == 200


async def test_a_receiver_that_hangs_is_given_up_in_time(receivers, deliver):
    receivers.hang("hook")
    with pytest.raises(TargetUnavailable):
        await deliver(timeout=timedelta(seconds=0.3))


async def test_of_a_huge_answer_only_the_beginning_is_read(receivers, deliver):
    receivers.fail("hook", 200, body="x" * 20_000_000)
    assert (await deliver()).response == "x" * 500
    receivers.fail("hook", 400, body="y" * 20_000_000)
    with pytest.raises(TargetRejected) as caught:
        await deliver()
    assert caught.value.response == "y" * 500


async def test_an_answer_that_claims_to_be_compressed_is_not_unfolded(receivers, deliver):
    receivers.fail("hook", 200, body="not gzip", headers={"Content-Encoding": "gzip"})
    assert await deliver() == Receipt(200, "not gzip")
    assert receivers.received("hook")[0].header("accept-encoding") == "identity"


@pytest.mark.parametrize("raw", [b"\xff\xfe\x00 no utf-8", '{"ä": "漢"}'.encode()])
async def test_the_raw_body_is_signed_as_it_came(receivers, deliver, raw):
    await deliver(msgspec.structs.replace(EVENT, raw=raw), body="raw", secret=SECRET)
    (received,) = receivers.received("hook")
    signed = f"{EVENT.key[:32]}:route.{received.header('webhook-timestamp')}.".encode() + raw
    digest = hmac.digest(b"twenty-four secret bytes", signed, "sha256")
    assert received.header("webhook-signature") == f"v1,{base64.b64encode(digest).decode()}"


async def test_configured_headers_are_sent_and_an_unsigned_target_sends_no_signature(receivers, deliver):
    await deliver(headers={"X-Api-Key": "k"})
    (received,) = receivers.received("hook")
    assert received.header("x-api-key") == "k"
    assert received.header("webhook-signature") is None
    assert received.header("webhook-id") == f"{EVENT.key[:32]}:route"


@pytest.mark.parametrize("headers", [{"X-Bad": "a\r\nb: c"}, {"X-Bad": "漢"}, {"X Bad": "a"}])
async def test_a_header_that_cannot_be_sent_is_refused_for_good(receivers, deliver, headers):
    with pytest.raises(TargetRejected, match="not legal"):
        await deliver(headers=headers)
    assert receivers.received("hook") == []


@pytest.mark.parametrize("id_", [" leads with a space", "a\r\nb", "漢", "x" * 200, "\x00"])
async def test_no_id_of_an_event_gets_into_the_message_id(receivers, deliver, id_):
    await deliver(msgspec.structs.replace(EVENT, id=id_), secret=SECRET)
    (received,) = receivers.received("hook")
    assert re.fullmatch("[0-9a-f]{32}:route", received.header("webhook-id") or "")
    Verifier(SECRET).verify(received.body.encode(), dict(received.headers))


@pytest.mark.parametrize("mode", ["binary", "structured"])
@pytest.mark.parametrize(
    "value", ["text/plain\r\nx-evil: 1", "text/plain\n", "text/\x00plain", "text/plain;a=\u00fc", " "]
)
async def test_a_content_type_that_no_header_can_hold_is_named_and_sent_nowhere(receivers, deliver, mode, value):
    event = msgspec.structs.replace(EVENT, datacontenttype=value, foreign=True)
    body = "cloudevent" if mode == "binary" else "data"
    with pytest.raises(TargetRejected, match="content type cannot stand in a header") as caught:
        await deliver(event, mode=mode, body=body)
    assert caught.value.status is None
    assert receivers.received("hook") == []


@pytest.mark.parametrize(
    "header",
    [
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        "-1",
        "\xb2",
        "9" * 4000,
        "1e400",
        "Thu, 01 Jan 1970 00:00:00 GMT",
    ],
)
@pytest.mark.parametrize("status", [200, 301, 400, 429, 500])
async def test_no_answer_of_a_receiver_is_an_exception_of_a_library(liar, deliver, status, header):
    cookie = "set-cookie: a=b; expires=Mon, 01 Jan 99999999999999999999 00:00:00 GMT; domain=[\r\n"
    liar.says(b"\xff" * 3_000, status, f"retry-after: {header}\r\n{cookie}location: http://[\r\n")
    if status == 200:
        assert (await deliver(url=liar.url)).status == 200
        return
    with pytest.raises((TargetUnavailable, TargetRejected)) as caught:
        await deliver(url=liar.url)
    assert caught.value.status == status
    assert caught.value.retry_after is None or 0 <= caught.value.retry_after <= timedelta(days=6).total_seconds()
    assert caught.value.transient == (status in {429, 500})
