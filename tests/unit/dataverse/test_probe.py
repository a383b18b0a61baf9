"""One row of F&O, read with a token for the trusted environment alone."""

import httpx
import pytest

from integration.errors import Forbidden, Throttled, UnexpectedAnswer, Unreachable, UntrustedLink
from integration.links import Linked
from tests.fake_clock import FakeClock
from tests.unit.dataverse.wire import ORGANIZATION, Wire


def linked(*, trusted=True):
    return Linked(
        url="https://contoso.operations.dynamics.com",
        tenant_id="t",
        id="i",
        trusted=trusted,
        distrust="" if trusted else "foreign tenant",
        checked_at=FakeClock().now(),
    )


async def test_an_environment_is_probed_with_one_row_and_a_token_for_it_only():
    wire = Wire((401, b""), (200, {"value": []}))
    await wire.finance_operations.probe(ORGANIZATION, linked())
    assert str(wire.requests[-1].url).startswith("https://contoso.operations.dynamics.com/data/")
    assert wire.requests[-1].url.params["$top"] == "1"
    assert set(wire.tokens.asked) == {"https://contoso.operations.dynamics.com/.default"}


async def test_an_untrusted_environment_is_sent_neither_token_nor_probe():
    wire = Wire((200, {"value": []}))
    with pytest.raises(UntrustedLink, match="foreign tenant"):
        await wire.finance_operations.probe(ORGANIZATION, linked(trusted=False))
    assert wire.requests == []
    assert wire.tokens.asked == []


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((403, b""), Forbidden),
        ((429, b"", {"Retry-After": "7"}), Throttled),
        ((503, b""), Unreachable),
        ((200, b"<html>"), UnexpectedAnswer),
        (httpx.ConnectError("no"), Unreachable),
    ],
)
async def test_a_probe_that_fails_says_why(answer, kind):
    with pytest.raises(kind):
        await Wire(answer).finance_operations.probe(ORGANIZATION, linked())
