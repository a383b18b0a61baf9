"""Deliveries to the emulated Finance & Operations, with tokens that the real msal gets from the emulated Entra."""

import asyncio
import json
from datetime import UTC, datetime

import msgspec
import pytest

from integration.clock import SystemClock
from integration.config.keys.model import Breaker, Credentials, FinanceOperationsTarget, Organization
from integration.dataverse import open_http_client
from integration.delivery.breaking.circuit import Circuit
from integration.delivery.breaking.circuits import Circuits
from integration.delivery.shipment import Shipment
from integration.delivery.targets.finance_operations import FinanceOperations, insert
from integration.delivery.targets.pace import Pace
from integration.errors import CoolingDown, TargetRejected, TargetUnavailable, TemplateField, UntrustedLink
from integration.events.event import Event
from integration.finance_operations import FinanceOperations as Client
from integration.identity import Tokens
from integration.links.values import Linked
from tests.fake_clock import FakeClock

SERVICE = "/api/services/ContosoGroup/OrderService/confirm"
DATA = b'{"SalesOrderId":"SO-1", "Amount": 12345678901234567890.10, "Quote": "O\'Neil"}'


class One:
    def __init__(self, target) -> None:
        self.target = target

    def get(self, name):
        return self.target


class Stage:
    def __init__(self, dynamics) -> None:
        emulated = dynamics.organization()
        self.dynamics = dynamics
        self.control, self.name = dynamics.control, emulated.name
        self.host = f"{emulated.name}.operations.dynamics.com"
        self.organization = Organization(name=emulated.name, url=emulated.base_url(), tenant=dynamics.tenant.domain)
        self.http = open_http_client()
        credentials = Credentials(client_id=dynamics.client_id, client_secret=dynamics.client_secret)
        self.tokens = Tokens(lambda _: credentials)

    def target(self, pace: Pace | None = None, **changes) -> FinanceOperations:
        target = FinanceOperationsTarget(**{"name": "erp", "path": SERVICE, **changes})
        client = Client(self.http, self.tokens)
        return FinanceOperations(target, {self.name: self.organization}, client, self.http, pace=pace)

    def shipment(self, data: bytes = DATA, *, trusted: bool = True, replay: int = 0, **changes) -> Shipment:
        event = Event(id="e1", source="s", type="T", organization=self.name, data=msgspec.Raw(data), **changes)
        link = Linked(
            url=f"https://{self.host}",
            tenant_id="t",
            id="i",
            trusted=trusted,
            distrust="" if trusted else "its tenant is another",
            checked_at=datetime.now(UTC),
        )
        return Shipment(event, "orders", 1, link, replay)

    def received(self):
        return [each for each in self.control.received(self.host) if each.method == "POST"]


@pytest.fixture
async def stage(dynamics):
    opened = Stage(dynamics)
    yield opened
    await opened.http.aclose()
    await opened.tokens.aclose()


async def test_a_custom_service_gets_the_data_byte_for_byte_in_its_parameter_with_the_key_beside(stage):
    target = stage.target(wrapper="_request", idempotency_field="_request.MessageId")
    receipt = await target.deliver(stage.shipment(replay=2))
    assert receipt.status == 200
    (post,) = stage.received()
    assert post.path == SERVICE
    assert '"Amount":12345678901234567890.10' in post.body.replace(" ", "")
    assert json.loads(post.body)["_request"]["SalesOrderId"] == "SO-1"
    assert json.loads(post.body)["_request"]["MessageId"] == stage.shipment().delivery_id
    assert post.header("x-idempotency-key") == stage.shipment().delivery_id
    assert post.header("content-type") == "application/json"
    assert post.header("authorization").startswith("Bearer ")


async def test_an_odata_action_is_named_by_fields_that_cannot_leave_their_place(stage):
    path = "/data/Orders(dataAreaId='{data.Quote}',Id={data.SalesOrderId})/Microsoft.Dynamics.DataEntities.confirm"
    target = stage.target(path=path, body="cloudevent", idempotency_header="")
    assert (await target.deliver(stage.shipment())).status == 204
    (post,) = stage.received()
    assert "O''Neil" in post.path.replace("%27", "'")
    assert post.header("x-idempotency-key") is None
    assert json.loads(post.body)["specversion"] == "1.0"
    with pytest.raises(TemplateField, match="without quotes"):
        await target.deliver(stage.shipment(b'{"Quote":"x","SalesOrderId":"1,Other=2"}'))
    assert len(stage.received()) == 1


async def test_an_untrusted_environment_gets_neither_token_nor_request(stage):
    before = stage.control.calls(stage.name)
    with pytest.raises(UntrustedLink, match="its tenant is another"):
        await stage.target().deliver(stage.shipment(trusted=False))
    assert stage.control.calls(stage.name) == before
    assert stage.received() == []


async def test_without_a_known_link_nothing_is_sent(stage):
    with pytest.raises(TargetRejected, match="does not need the link"):
        await stage.target().deliver(msgspec.structs.replace(stage.shipment(), link=None))


async def test_throttling_is_waited_for_as_long_as_asked(stage):
    stage.control.throttle(stage.name, 17.0, kind="fno", times=1)
    with pytest.raises(TargetUnavailable) as caught:
        await stage.target().deliver(stage.shipment())
    assert (caught.value.status, caught.value.retry_after) == (429, 17.0)


async def test_a_revoked_token_is_replaced_once(stage):
    target = stage.target()
    await target.deliver(stage.shipment())
    stage.control.revoke_tokens(stage.name)
    assert (await target.deliver(stage.shipment())).status == 200
    assert [post.status for post in stage.received()] == [200, 401, 200]


async def test_a_client_that_is_not_registered_in_the_environment_is_told_what_to_do(stage):
    stage.control.set_access(stage.dynamics.client_id, finance_operations=False)
    with pytest.raises(TargetRejected, match="Microsoft Entra applications") as caught:
        await stage.target().deliver(stage.shipment())
    assert caught.value.status == 401
    assert len(stage.received()) == 2


async def test_no_token_is_a_reason_to_try_again(stage):
    stage.control.expire_secrets(stage.dynamics.client_id)
    with pytest.raises(TargetUnavailable, match="no token"):
        await stage.target().deliver(stage.shipment())
    assert stage.received() == []


@pytest.mark.parametrize("data", [b"", b"[1]"])
async def test_data_that_cannot_hold_the_key_or_is_none_is_refused(stage, data):
    with pytest.raises(TargetRejected):
        await stage.target(idempotency_field="MessageId").deliver(stage.shipment(data))


async def test_data_that_is_no_json_is_refused(stage):
    with pytest.raises(TargetRejected, match="text/xml"):
        await stage.target().deliver(stage.shipment(b"<x/>", datacontenttype="text/xml"))


ACTION = "/data/Orders(dataAreaId='usmf')/Microsoft.Dynamics.DataEntities.confirm"
REFUSED = "An exception occured when invoking the operation - Cannot create a record. The record already exists."


@pytest.mark.parametrize("path", [SERVICE, ACTION])
@pytest.mark.parametrize(
    "exception",
    [
        "DuplicateKeyException",
        "DuplicateKeyExceptionNotRecovered",
        "ErrorException",
        "NumericException",
        "XppException",
    ],
)
async def test_what_a_service_refuses_is_refused_for_good_and_the_circuit_stays_closed(stage, path, exception):
    circuits = Circuits(One(stage.target(path=path)), Breaker(), SystemClock())
    stage.control.break_(stage.name, "refused", kind="fno", code=exception, message="a long infolog; " * 400, times=8)
    for _ in range(8):
        with pytest.raises(TargetRejected, match=exception) as caught:
            await circuits.get("erp").deliver(stage.shipment())
        assert caught.value.status == 500
        assert len(caught.value.response) == 500
    assert circuits.standing("erp") == Circuit(seen=8, window_ends=circuits.standing("erp").window_ends)
    await circuits.get("erp").deliver(stage.shipment())
    assert len(stage.received()) == 9


@pytest.mark.parametrize("path", [SERVICE, ACTION])
@pytest.mark.parametrize(
    "exception",
    [
        "DeadlockException",
        "UpdateConflictException",
        "UpdateConflictNotRecoveredException",
        "UpdateConflictNotRecovered",
        "TransientSqlConnectionError",
        "TimeoutException",
        "SqlException",
        "ThreadAbortException",
    ],
)
async def test_what_another_transaction_may_do_is_tried_again(stage, path, exception):
    stage.control.break_(stage.name, "refused", kind="fno", code=exception, times=1)
    with pytest.raises(TargetUnavailable) as caught:
        await stage.target(path=path).deliver(stage.shipment())
    assert caught.value.status == 500
    assert (await stage.target(path=path).deliver(stage.shipment())).status in {200, 204}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (500, {"Message": REFUSED, "ExceptionType": "DuplicateKeyException", "ActivityId": "…"}, TargetRejected),
        (500, {"Message": "x", "ExceptionType": "Microsoft.Dynamics.Ax.Xpp.ErrorException"}, TargetRejected),
        (500, {"Message": "x", "ExceptionType": "System.NullReferenceException"}, TargetRejected),
        (500, {"Message": "x", "ExceptionType": "Microsoft.Dynamics.Ax.Xpp.DeadlockException"}, TargetUnavailable),
        (500, {"Message": "x", "ExceptionType": "System.Data.SqlClient.SqlException"}, TargetUnavailable),
        (500, {"Message": "An error has occurred."}, TargetUnavailable),
        (500, {"Message": "x", "ExceptionType": ""}, TargetUnavailable),
        (500, {"Message": "x", "ExceptionType": "\x1b[2J gone"}, TargetUnavailable),
        (500, {"Message": "x", "ExceptionType": None}, TargetUnavailable),
        (500, {"Message": "x", "ExceptionType": {"a": 1}}, TargetUnavailable),
        (503, {"Message": "x", "ExceptionType": "DuplicateKeyException"}, TargetUnavailable),
        (500, "<html>The page cannot be displayed</html>", TargetUnavailable),
        (500, "", TargetUnavailable),
        (500, "[" * 100_000, TargetUnavailable),
        (500, '{"error":{"innererror":' + '{"internalexception":' * 20_000, TargetUnavailable),
        (500, '{"Message":"half', TargetUnavailable),
        (500, {"error": {"code": "", "message": "An error has occurred."}}, TargetUnavailable),
        (500, {"error": {"innererror": {"type": "System.NullReferenceException"}}}, TargetUnavailable),
        (400, {"error": {"code": "", "message": "wrong"}}, TargetRejected),
    ],
)
async def test_only_the_services_own_exception_is_a_refusal(stage, status, body, kind):
    text = body if isinstance(body, str) else json.dumps(body)
    stage.control.break_(stage.name, "answer", kind="fno", status=status, body=text, times=1)
    with pytest.raises(kind) as caught:
        await stage.target().deliver(stage.shipment())
    assert caught.value.status == status


def test_inserting_makes_the_objects_on_the_way_and_keeps_the_rest():
    assert insert(b'{"a": 1.10}', ["b", "c"], "x") == b'{"a":1.10,"b":{"c":"x"}}'
    assert insert(b'{"b": {"d": 2}}', ["b", "c"], "x") == b'{"b":{"d": 2,"c":"x"}}'.replace(b": 2", b":2")
    with pytest.raises(TargetRejected):
        insert(b'{"b": 1}', ["b", "c"], "x")


async def test_an_environment_has_no_more_calls_at_once_than_it_may_whichever_target_they_are_for(stage):
    stage.control.set_concurrency(stage.name, 4)
    stage.control.delay(stage.name, 0.05, kind="fno")
    pace = Pace(4, SystemClock())
    targets = [stage.target(pace=pace, name=name) for name in ("erp", "other")]
    await targets[0].deliver(stage.shipment())  # the token
    await asyncio.gather(*(targets[n % 2].deliver(stage.shipment()) for n in range(40)))
    assert [post.status for post in stage.received()] == [200] * 41


async def test_after_429_no_delivery_to_the_environment_uses_an_attempt_up_until_the_pause_is_over(stage):
    clock = FakeClock()
    pace = Pace(8, clock)
    targets = [stage.target(pace=pace, name=name) for name in ("erp", "other")]
    circuits = [Circuits(One(target), Breaker(failures=2), clock) for target in targets]
    stage.control.throttle(stage.name, 30.0, kind="fno", times=1)
    with pytest.raises(TargetUnavailable):
        await circuits[0].get("erp").deliver(stage.shipment())
    for _ in range(5):
        for each in circuits:
            with pytest.raises(CoolingDown) as spared:
                await each.get("erp").deliver(stage.shipment())
            assert spared.value.retry_after == 30.0
    assert len(stage.received()) == 1
    assert [each.standing("erp").state for each in circuits] == ["closed", "closed"]
    await clock.advance(30.1)
    for each in circuits:
        assert (await each.get("erp").deliver(stage.shipment())).status == 200


@pytest.mark.parametrize(
    ("header", "pause"), [(None, 5.0), ("soon", 5.0), ("0", 0.0), ("99999999", 3600.0), ("9" * 11, 5.0)]
)
async def test_a_pause_is_taken_in_all_its_forms(stage, header, pause):
    clock = FakeClock()
    target = stage.target(pace=Pace(8, clock))
    stage.control.throttle(stage.name, header, kind="fno", times=1)
    with pytest.raises(TargetUnavailable):
        await target.deliver(stage.shipment())
    if pause:
        with pytest.raises(CoolingDown) as spared:
            await target.deliver(stage.shipment())
        assert spared.value.retry_after == pause
    await clock.advance(pause)
    assert (await target.deliver(stage.shipment())).status == 200
