"""Fuzz the decoder: whatever the bytes, nothing is raised and every event can be stored, loaded and sent.

With atheris (coverage-guided; every option is libFuzzer's; the samples are the seeds):

    uv run --group fuzz python tests/fuzz/fuzz_decode.py -max_total_time=120

Without it, driven by hypothesis for as many seconds:

    uv run python tests/fuzz/fuzz_decode.py -max_total_time=120

A number of samples from a seed, by a generator of our own (quicker than either; the same samples every time):

    uv run python tests/fuzz/fuzz_decode.py --samples=300000 --seed=1
"""

import json
import random
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
    from integration.events.kept import MOST_EXTENSIONS
    from integration.events.record import load, store
    from integration.events.reserved import EXTENSIONS, claimed_type, is_our_source

RECEIVED = datetime(2026, 1, 1, tzinfo=UTC)
OURS = "https://contoso.crm.dynamics.com"
ATTRIBUTES = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}
HEADERS = {f"ce-{name}": value for name, value in ATTRIBUTES.items()}
TRANSPORTS = (
    {},
    {"content_type": "application/msbin1"},
    {"headers": HEADERS, "content_type": "a/b"},
    {"properties": {"MessageMaxSizeExceeded": "True"}, "content_type": "text/json; charset=latin-1"},
    {"headers": HEADERS, "content_type": "application/cloudevents+json; charset=utf-8"},
    {"headers": HEADERS, "content_type": "Application/CloudEvents-Batch+JSON"},
    {"content_type": "application/cloudevents+avro"},
    {"headers": HEADERS, "content_type": "application/json; charset=utf-16"},
)
# Text in places that only a header or property reaches: the bytes before the first zero are spread over them.
NAMES = ("id", "source", "type", "subject", "time", "dataschema", "myext", "fnourl", "traceparent", "specversion")
PREFIXES = ("cloudEvents:", "cloudEvents_")


def check(data: bytes) -> None:
    """Decode as each kind of message; the first byte chooses which."""
    kind = data[0] % (len(TRANSPORTS) + 4) if data else 0
    body = data[1:]
    if kind < len(TRANSPORTS):
        transport = TRANSPORTS[kind]
    else:
        said, _, body = body.partition(b"\x00")
        transport = beside(said.decode("utf-8", "surrogateescape"), kind - len(TRANSPORTS))
    message = Inbound(
        body=body, ingress="erp", organization="contoso", organization_url=OURS, received_at=RECEIVED, **transport
    )
    items = decode(message).items
    assert items
    for item in items:
        if isinstance(item, Event):
            usable(item)
        else:
            assert isinstance(item, Ignored | Undecoded)


def beside(said: str, kind: int) -> dict:
    """Say text in headers, in properties as it is or as numbers, or as the content type and what Dataverse says."""
    words = dict(zip(NAMES, said.split("|"), strict=False))
    if kind == 0:
        return {"headers": HEADERS | {f"ce-{name}": value for name, value in words.items()}}
    if kind == 1:
        prefix = PREFIXES[len(said) % 2]
        return {"properties": {prefix + name: value for name, value in (ATTRIBUTES | words).items()}}
    if kind == 2:
        numbers = {name: number(value) for name, value in words.items()}
        return {"properties": {PREFIXES[0] + name: value for name, value in (ATTRIBUTES | numbers).items()}}
    headers = {"x-ms-dynamics-organization": said, "traceparent": said, "x-ms-dynamics-msg-size-exceeded": said}
    return {"headers": headers, "content_type": said}


def number(text: str) -> str | float | bool | None:
    """Make one of the other types of a property."""
    kinds = (len(text), 10 ** (len(text) % 400), float(len(text)), float("nan"), 1e308, bool(text), None, -1, text)
    return kinds[sum(map(ord, text[:8])) % len(kinds)]


def usable(event: Event) -> None:
    assert not event.internal
    assert not claimed_type(event.type)
    assert len(event.extensions) <= MOST_EXTENSIONS + len(EXTENSIONS)
    if event.foreign:
        assert not is_our_source(event.source, OURS)
        assert not EXTENSIONS & set(event.extensions)
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
    properties, _, sent = cloudevents.amqp(event)
    assert sent == body
    assert set(properties) == {f"cloudEvents_{name[3:]}" for name in headers if name.startswith("ce-")}


def seeds(folder: Path) -> None:
    for path in (ROOT / "emulation" / "samples").glob("*.json"):
        folder.joinpath(path.stem).write_bytes(b"\x00" + json.dumps(json.loads(path.read_bytes())).encode())
    folder.joinpath("brokered").write_bytes(
        b'\x00@\x06string\x083http://schemas.microsoft.com/2003/10/Serialization/\x99\x17{"BusinessEventId":"x"}'
    )
    cases = {
        "base64": {**ATTRIBUTES, "datacontenttype": "application/octet-stream", "data_base64": "+++/"},
        "time": {**ATTRIBUTES, "time": "2024-05-01t10:20:30.123456789z", "topic": "orders"},
        "hybrid": {
            "BusinessEventId": "CustCustomerV3Entity_DataEvent_Create",
            "EventTime": "/Date(1720000000000)/",
            "MessageName": "Create",
            "PrimaryEntityName": "CustCustomerV3Entity",
            "InputParameters": [
                {"key": "Target", "value": {"Attributes": [{"key": "dataAreaId", "value": "usmf"}], "Id": "1"}}
            ],
        },
        "wrapped": {
            "MessageName": "Update",
            "PrimaryEntityName": "account",
            "InputParameters": [
                {"key": "a", "value": {"__type": "Guid:#System", "__value": "ec4e2f7d-9d60-e811-a95a-000d3af24950"}},
                {"key": "b", "value": {"Value": 2, "ExtensionData": None}},
                {"key": "c", "value": [{"key": "k", "value": "Create"}, {"key": "k", "value": "Update"}]},
            ],
        },
    }
    for name, case in cases.items():
        folder.joinpath(name).write_bytes(b"\x00" + json.dumps(case).encode())
    folder.joinpath("utf-16").write_bytes(b"\x00" + '{"BusinessEventId":"x"}'.encode("utf-16"))


PIECES = (
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b":",
    b",",
    b"\\",
    b"null",
    b"true",
    b"1e999",
    b"NaN",
    b"-1",
    b"\xff",
    b"\x00",
    b"@",
    b"<",
    b"|",
    b"%",
    b"%ff",
    b"%C0%A0",
    b"%22",
    b'\\"',
    b"9" * 400,
    b"[" * 200,
    b'{"a":' * 200,
    b'"\\ud800"',
    b'"__value":',
    b'"__type":"Guid:#System",',
    b'"ExtensionData":null,',
    b'"key":"a","value":',
    b'"dataAreaId"',
    b'"data_base64":"+++/",',
    b'"time":"2024-05-01t10:20:60.123456789z",',
    b'"fno-link.integration.lost"',
    b'"https://contoso.api.crm.dynamics.com/fno-link"',
    b'"fnourl":"x",',
    b'"specversion":"1.0",',
    b'"MessageName":"u",',
    b'"BusinessEventId":"x",',
    b'"InputParameters":[],',
    b'"/Date(999999999999999999)/"',
    b"\xff\xfe",
    b"\xef\xbb\xbf",
)


def by_generator(samples: int, seed: int) -> None:
    """Change the seeds at random: bytes, pieces of our shapes, cuts, repetitions; each as every kind of message."""
    chosen = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        seeds(Path(folder))
        start = [path.read_bytes()[1:] for path in sorted(Path(folder).iterdir())]
    started = time.monotonic()
    for _ in range(samples):
        body = bytearray(chosen.choice(start))
        for _ in range(chosen.choice((0, 1, 1, 2, 3, 8))):
            at = chosen.randrange(len(body) + 1)
            match chosen.randrange(5):
                case 0:
                    body[at : at + 1] = bytes([chosen.randrange(256)])
                case 1:
                    body[at : at + chosen.choice((0, 0, 1, 20))] = chosen.choice(PIECES)
                case 2:
                    del body[at : at + chosen.randrange(1, 60)]
                case 3:
                    end = at + chosen.randrange(1, 200)
                    body[at:at] = body[at:end]
                case _:
                    body[:0] = b"|".join(chosen.choices(PIECES, k=chosen.randrange(1, 8))) + b"\x00"
        check(bytes([chosen.randrange(256)]) + bytes(body))
    seconds = time.monotonic() - started
    sys.stdout.write(f"{samples} samples of seed {seed} in {seconds:.0f} s, nothing raised\n")


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
    @given(st.integers(0, 11), bodies)
    def run(transport: int, body: bytes) -> None:
        nonlocal executions
        executions += 1
        check(bytes([transport]) + body)

    while time.monotonic() < end:
        run()
    sys.stdout.write(f"{executions} executions, nothing raised\n")


if __name__ == "__main__":
    given = dict(option.removeprefix("--").split("=", 1) for option in sys.argv[1:] if option.startswith("--"))
    if "samples" in given:
        by_generator(int(given["samples"]), int(given.get("seed", "1")))
    elif atheris is None:
        by_hypothesis()
    else:
        by_atheris()
