"""What an operation that is to go tells with each answer, whatever the answer is."""

from datetime import UTC, datetime

import azure.functions as func  # noqa: TID251  # the operations take its requests
import msgspec

from integration.functions import http
from integration.web.retiring import Retiring
from tests.unit.worker.test_net import World

SINCE, UNTIL = datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 7, 2, tzinfo=UTC)
PAGE = "https://example.com/instead"


def test_the_headers_are_those_of_their_rfcs():
    # RFC 9745, 2.1: a Date of structured fields; RFC 8594, 3: an HTTP date.
    assert Retiring(since=datetime.fromtimestamp(1688169599, UTC), page=PAGE).headers() == {
        "Deprecation": "@1688169599",
        "Link": f'<{PAGE}>; rel="deprecation"',
    }
    assert Retiring(since=SINCE, until=UNTIL, page=PAGE).headers() == {
        "Deprecation": "@1767312000",
        "Sunset": "Thu, 02 Jul 2026 00:00:00 GMT",
        "Link": f'<{PAGE}>; rel="deprecation", <{PAGE}>; rel="sunset"',
    }
    assert "2026-07-02" in Retiring(since=SINCE, until=UNTIL, page=PAGE).told()


async def test_each_answer_of_the_operation_has_them(monkeypatch):
    retiring = Retiring(since=SINCE, until=UNTIL, page=PAGE)
    operations = [msgspec.structs.replace(each, retiring=retiring) for each in http.OPERATIONS if each.name == "events"]
    monkeypatch.setattr(http, "OPERATIONS", tuple(operations))
    world = World()
    app = func.FunctionApp()
    app.register_functions(http.blueprint(world.configuration, lambda _: world))
    [function] = app.get_functions()
    for query, status in (({}, 200), ({"nonsense": "1"}, 400)):
        request = func.HttpRequest(method="GET", url="/api/events", params=query, body=b"")
        answer = await function.get_user_function()(request, context=None)
        assert answer.status_code == status
        assert answer.headers["Sunset"] == "Thu, 02 Jul 2026 00:00:00 GMT"
    assert http.rows()[0].retiring == retiring.told()
    await world.webhook_http.aclose()
