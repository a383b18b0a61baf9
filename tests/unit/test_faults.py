"""What is said of an error that nobody has foreseen."""

import asyncio

import pytest

from integration import faults, retry_after
from integration.errors import StorageUnavailable, TargetRejected, Unforeseen
from integration.faults import masked, netted, summary, unforeseen


def raised(act):
    try:
        act()
    except BaseException as error:  # noqa: BLE001  # whichever it is
        return error
    raise AssertionError(act)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("https://a.example/x?sig=abc%3D&se=2026", "sig"),
        ("GET https://user:pa55@a.example/x failed", "pa55"),
        ("Authorization: Bearer eyJhbGciOi.J9.x", "eyJ"),
        ("AccountKey=Zm9v;EndpointSuffix=core.windows.net", "Zm9v"),
        ("{'client_secret': 'abc8Q~x'}", "abc8Q"),
        ('password="hunter2"', "hunter2"),
        ("the token 4kX9pQ2mN7vB1cZ8aS5dF3gH refused", "4kX9"),
        ("invalid literal for int() with base 10: 'Contoso Ltd., 12 Main Street, Springfield, and so on'", "Contoso"),
    ],
)
def test_what_may_be_a_secret_or_a_payload_is_masked(text, secret):
    assert secret not in masked(text)
    assert "…" in masked(text) or "[redacted]" in masked(text)


@pytest.mark.parametrize(
    "text", ["Extra data: line 1 column 2 (char 1)", "'utf-8' codec can't decode byte 0xff in position 0", "'name'"]
)
def test_what_says_what_is_wrong_stays(text):
    assert masked(text) == text


def test_a_message_is_one_short_line_without_control_characters():
    assert masked("a\nb\x1b[2J\u202ec") == r"a\nb\x1b[2J\u202ec"
    assert len(masked("word " * 10_000)) <= 200


def test_the_place_is_our_own_innermost_line_and_that_of_the_library():
    said = summary(raised(lambda: retry_after.bounded(None)))
    assert said.startswith("TypeError: ")
    assert "integration/retry_after.py:" in said


def test_what_was_raised_while_something_else_was_handled_names_both():
    def act():
        try:
            {}["first"]
        except KeyError:
            raise ValueError("second")  # noqa: B904  # that is the case

    assert summary(raised(act)).startswith("ValueError: second (after KeyError: 'first')")


def test_a_group_names_its_errors():
    group = ExceptionGroup("several", [ValueError("a"), ExceptionGroup("more", [KeyError("b")])])
    assert summary(group) == "ValueError: a; KeyError: 'b'"


def test_an_exception_that_cannot_say_what_it_is_has_its_name():
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert summary(Mute()) == "Mute"


@pytest.mark.parametrize("wrapped", [lambda error: error, lambda error: ExceptionGroup("g", [KeyError("a"), error])])
def test_storage_that_is_away_stays_what_it_is(wrapped):
    with pytest.raises(StorageUnavailable, match="away"):
        unforeseen(wrapped(StorageUnavailable("away")))


async def fallen(fault):
    return fault


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x"),
        MemoryError(),
        RecursionError(),
        TimeoutError(),
        StopIteration(),
        TargetRejected("x"),
        ExceptionGroup("g", [KeyError("a")]),
    ],
    ids=repr,
)
async def test_the_net_catches(error):
    async def act():
        raise error

    assert isinstance(await netted(act(), fallen), Unforeseen)


async def test_the_net_lets_storage_through_and_what_the_caller_knows():
    async def act(error):
        raise error

    with pytest.raises(StorageUnavailable):
        await netted(act(StorageUnavailable()), fallen)
    with pytest.raises(TargetRejected):
        await netted(act(TargetRejected()), fallen, passing=(TargetRejected,))


async def test_the_cancellation_of_a_librarys_own_task_is_a_fault_and_ours_is_not():
    async def stray():
        raise asyncio.CancelledError

    assert isinstance(await netted(stray(), fallen), Unforeseen)
    ours = asyncio.ensure_future(netted(asyncio.sleep(60), fallen))
    await asyncio.sleep(0)
    ours.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ours


def test_every_frame_is_not_told():
    def deep(depth):
        if depth:
            deep(depth - 1)
        raise ValueError("deep")

    assert summary(raised(lambda: deep(50))).count(".py:") <= faults._FRAMES + 1
