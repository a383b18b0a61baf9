"""Fuzz the decoder: whatever the bytes, nothing is raised and every event can be stored, loaded and sent.

With atheris (coverage-guided; every option is libFuzzer's; the samples are the seeds):

    uv run --group fuzz python tests/fuzz/fuzz_decode.py -max_total_time=120

Without it, driven by hypothesis for as many seconds:

    uv run python tests/fuzz/fuzz_decode.py -max_total_time=120
"""

import json
import sys
import tempfile
import time
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

try:
    import atheris
except ImportError:
    atheris = None

with atheris.instrument_imports(include=["integration"]) if atheris else nullcontext():
    from integration.events import cloudevents
    from integration.events.decode import decode
    from integration.events.event import Event
    from integration.events.inbound import Ignored, Inbound, Undecoded
    from integration.events.record import load, store

RECEIVED = datetime(2026, 1, 1, tzinfo=UTC)
TRANSPORTS = (
    {},
    {"content_type": "application/msbin1"},
    {"headers": {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t"}, "content_type": "a/b"},
    {"properties": {"MessageMaxSizeExceeded": "True"}, "content_type": "text/json; charset=latin-1"},
)


def check(data: bytes) -> None:
    """Decode as each kind of message; the first byte chooses which."""
    transport = TRANSPORTS[data[0] % len(TRANSPORTS)] if data else {}
    message = Inbound(
        body=data[1:],
        ingress="erp",
        organization="contoso",
        organization_url="https://contoso.crm.dynamics.com",
        received_at=RECEIVED,
        **transport,
    )
    items = decode(message).items
    assert items
    for item in items:
        if isinstance(item, Event):
            usable(item)
        else:
            assert isinstance(item, Ignored | Undecoded)


def usable(event: Event) -> None:
    assert event.id
    assert event.source
    assert event.type
    assert event.key
    _ = event.payload
    assert load(store(event)) == event
    json.loads(cloudevents.structured(event))
    headers, body = cloudevents.binary(event)
    assert all(value.isascii() and value.isprintable() for value in headers.values())
    assert body == bytes(event.data)
    cloudevents.amqp(event)


def seeds(folder: Path) -> None:
    for path in (ROOT / "emulation" / "samples").glob("*.json"):
        folder.joinpath(path.stem).write_bytes(b"\x00" + json.dumps(json.loads(path.read_bytes())).encode())
    folder.joinpath("brokered").write_bytes(
        b'\x00@\x06string\x083http://schemas.microsoft.com/2003/10/Serialization/\x99\x17{"BusinessEventId":"x"}'
    )
    folder.joinpath("utf-16").write_bytes(b"\x00" + '{"BusinessEventId":"x"}'.encode("utf-16"))


def by_atheris() -> None:
    with tempfile.TemporaryDirectory() as folder:
        seeds(Path(folder))
        atheris.Setup([sys.argv[0], "-max_len=8192", *sys.argv[1:], folder], check)
        atheris.Fuzz()


def by_hypothesis() -> None:
    from hypothesis import HealthCheck, given, settings  # noqa: PLC0415 - only where atheris is missing
    from hypothesis import strategies as st  # noqa: PLC0415

    from tests.strategies.events import bodies  # noqa: PLC0415

    seconds = next((float(a.partition("=")[2]) for a in sys.argv if a.startswith("-max_total_time=")), 60.0)
    end = time.monotonic() + seconds
    executions = 0

    @settings(max_examples=2_000, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 3), bodies)
    def run(transport: int, body: bytes) -> None:
        nonlocal executions
        executions += 1
        check(bytes([transport]) + body)

    while time.monotonic() < end:
        run()
    sys.stdout.write(f"{executions} executions, nothing raised\n")


if __name__ == "__main__":
    if atheris is None:
        by_hypothesis()
    else:
        by_atheris()
