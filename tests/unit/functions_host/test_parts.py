"""Small parts of the local host read what Azure reads: time spans, schedules, retries, settings, host.json and keys."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulation.functions_host import host_json, schedule, timespan
from emulation.functions_host.errors import HostError
from emulation.functions_host.function import RetryPolicy
from emulation.functions_host.keys import Keys, Level
from emulation.functions_host.protos import TypedData
from emulation.functions_host.settings import Settings, local_settings
from emulation.functions_host.values import encode

MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("00:00:05", 5), ("1.00:00:00", 86400), ("00:05", 300), ("00:00:00.80", 0.8), ("-00:00:01", -1)],
)
def test_a_time_span_is_read_as_in_net(text, seconds):
    assert timespan.seconds(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "5", "5s", "00:00:00:00:00", "a:b:c"])
def test_what_is_no_time_span_is_refused(text):
    assert not timespan.is_timespan(text)
    with pytest.raises(ValueError, match="is not a time span"):
        timespan.seconds(text)


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("0 */5 * * * *", datetime(2026, 1, 1, 0, 5, tzinfo=UTC)),
        ("30 0 9 * * 1-5", datetime(2026, 1, 1, 9, 0, 30, tzinfo=UTC)),
        ("*/5 * * * *", datetime(2026, 1, 1, 0, 5, tzinfo=UTC)),
        ("01:00:00", datetime(2026, 1, 1, 1, tzinfo=UTC)),
        ("0 0 0 13 * 5", datetime(2026, 2, 13, tzinfo=UTC)),  # day and weekday, where cron takes either
    ],
)
def test_a_schedule_names_its_next_run(text, due):
    assert schedule.parse(text, "f", MIDNIGHT).next(MIDNIGHT) == due


@pytest.mark.parametrize("text", ["", "* * *", "0 0 25 * * *", "tomorrow"])
def test_a_wrong_schedule_is_refused_with_the_function(text):
    with pytest.raises(HostError, match="Function 'f': the schedule"):
        schedule.parse(text, "f", MIDNIGHT)


def test_retries_wait_fixed_or_doubling_up_to_the_maximum():
    assert [RetryPolicy(5, 2, 2).delay(n) for n in range(3)] == [2, 2, 2]
    assert [RetryPolicy(5, 1, 5).delay(n) for n in range(4)] == [1, 2, 4, 5]
    assert RetryPolicy(-1, 1, 5).delay(10_000) == 5


@given(st.none() | st.text() | st.binary() | st.integers() | st.lists(st.integers()))
def test_a_value_has_exactly_one_encoding_or_none(value):
    assert encode(value).WhichOneof("data") in {None, "string", "bytes", "json"}
    assert (encode(value).WhichOneof("data") is None) == (value is None)


def test_typed_data_holds_one_case_of_the_protocol():
    with pytest.raises(TypeError):
        TypedData(string="a", bytes=b"a")
    with pytest.raises(TypeError):
        TypedData(unknown="a")
    with pytest.raises(AttributeError):
        _ = TypedData(string="a").TypedData


def test_settings_resolve_names_without_regard_to_case():
    settings = Settings({"Queue": "orders", "AzureWebJobsBus": "first", "Bus": "second"})
    assert settings.resolve("%queue%-x") == "orders-x"
    assert settings.connection_string("bus", "f") == "first"
    with pytest.raises(HostError, match="'%none%' does not resolve"):
        settings.resolve("%none%")
    with pytest.raises(HostError, match="connection 'other' does not exist"):
        settings.connection_string("other", "f")


def test_an_identity_based_connection_is_refused_with_what_to_do():
    settings = Settings({"Bus__queueServiceUri": "https://x.queue.core.windows.net"})
    with pytest.raises(HostError, match="set Bus to a connection string"):
        settings.connection_string("Bus", "f")


def test_the_development_shortcut_is_azurite_on_its_usual_ports():
    settings = Settings({"AzureWebJobsStorage": "UseDevelopmentStorage=true"})
    assert "QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1" in settings.connection_string("", "f")


@pytest.mark.parametrize("content", ["{", '{"IsEncrypted": true}', '{"Values": {"A": {"B": 1}}}'])
def test_wrong_local_settings_are_refused_with_the_file(tmp_path, content):
    path = tmp_path / "local.settings.json"
    path.write_text(content)
    with pytest.raises(HostError, match=r"local\.settings\.json"):
        local_settings(path)


def test_host_json_is_overridden_by_settings_as_in_azure(tmp_path):
    (tmp_path / "host.json").write_text('{"version": "2.0", "extensions": {"queues": {"batchSize": 8}}}')
    settings = {"AzureFunctionsJobHost__extensions__queues__batchSize": "3"}
    assert host_json.read(tmp_path, {}).extensions.queues.threshold == 4
    assert host_json.read(tmp_path, settings).extensions.queues.batch_size == 3


def test_a_key_of_an_unknown_function_or_without_value_is_refused():
    with pytest.raises(HostError, match="no function 'other'"):
        Keys(["one"], {"other/x": "v"})
    with pytest.raises(HostError, match="is empty"):
        Keys(["one"], {"one/x": ""})


def test_generated_keys_differ_and_a_missing_key_opens_nothing():
    keys = Keys(["one", "two"], {})
    assert len({keys.master, keys.host["default"], *(each["default"] for each in keys.function.values())}) == 4
    assert not keys.admit(None, Level.FUNCTION, "one")
    assert not keys.admit("", Level.ADMIN)
