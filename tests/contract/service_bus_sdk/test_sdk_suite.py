"""A fast, representative part of the SDK's own live tests; `run.py` runs all of them."""

from tests.contract.service_bus_sdk.run import judge, known_failures, run

QUEUES = "test_queues.py::TestServiceBusQueue::"
ASYNC_QUEUES = "async_tests/test_queues_async.py::TestServiceBusQueueAsync::"
SESSIONS = "test_sessions.py::TestServiceBusSession::"
CLIENT = "test_sb_client.py::TestServiceBusClient::"
FAST = (
    QUEUES + "test_queue_by_servicebus_client_session_fail",
    QUEUES + "test_queue_by_servicebus_client_browse_messages_client",
    QUEUES + "test_queue_by_servicebus_client_fail_send_messages",
    QUEUES + "test_queue_message_batch_large",
    QUEUES + "test_queue_message_amqp_over_websocket",
    QUEUES + "test_queue_receiver_invalid_mode",
    QUEUES + "test_state_scheduled",
    QUEUES + "test_state_deferred",
    ASYNC_QUEUES + "test_async_queue_by_servicebus_client_fail_send_messages",
    ASYNC_QUEUES + "test_queue_message_amqp_over_websocket",
    ASYNC_QUEUES + "test_state_scheduled_async",
    SESSIONS + "test_session_by_servicebus_client_browse_messages_client",
    SESSIONS + "test_session_non_session_send_to_session_queue_should_fail",
    "test_topic.py::TestServiceBusTopics::test_topic_by_servicebus_client_send_basic",
    "test_list_sessions.py::TestServiceBusListSessions::test_list_queue_sessions_with_active_messages",
    CLIENT + "test_client_azure_sas_credential",
    CLIENT + "test_azure_named_key_credential",
)
BROKEN = "test_message.py::TestServiceBusMessageBackcompat::test_message_property[pyamqp]"


def test_a_fast_part_of_the_sdks_own_tests_passes():
    verdict = run(FAST, workers=4)
    assert verdict.failures == []
    assert verdict.passed == verdict.total == len(FAST)


def outcome(test: str, result: str) -> dict[str, object]:
    return {"test": test, "outcome": result, "seconds": 1.0}


def test_an_unlisted_failure_and_an_unlisted_pass_fail_the_run():
    assert judge([outcome("a", "passed"), outcome(BROKEN, "failed"), outcome("skipped", "skipped")]).ok
    assert judge([outcome("a", "failed")]).failures == ["a"]
    assert judge([outcome(BROKEN, "passed")]).passes == [BROKEN]
    assert not judge([outcome("a", "passed"), outcome("a", "failed")]).ok
    assert not judge([]).ok


def test_every_known_failure_has_a_reason():
    assert all(len(reason) > 20 for reason in known_failures().values())
