"""Functions are put into scale groups as on Flex Consumption: HTTP in one, every other function alone."""

import pytest

from emulation.functions_host.function import Binding, Function
from emulation.functions_host.groups import group_of, others, runs


@pytest.mark.parametrize(
    ("trigger", "group"),
    [
        ("httpTrigger", "http"),
        ("HttpTrigger", "http"),
        ("eventGridTrigger", "http"),
        ("queueTrigger", "function:f"),
        ("serviceBusTrigger", "function:f"),
        ("eventHubTrigger", "function:f"),
        ("timerTrigger", "function:f"),
    ],
)
def test_http_and_webhooks_are_one_group_and_every_other_function_its_own(trigger, group):
    assert group_of("f", trigger) == group


@pytest.mark.parametrize(
    ("target", "expected"), [("", True), ("function:F", True), ("FUNCTION:f", True), ("http", False), ("f", False)]
)
def test_an_instance_runs_its_group_without_regard_to_case_and_everything_without_one(target, expected):
    function = Function("id", "f", Binding("t", "timerTrigger", "in", {}), (), None)
    assert runs(target, function) is expected


def test_each_group_has_one_process_however_many_functions_it_has():
    described = [
        {"name": "a", "trigger": "httpTrigger"},
        {"name": "b", "trigger": "timerTrigger"},
        {"name": "c", "trigger": "eventGridTrigger"},
        {"name": "d", "trigger": "queueTrigger"},
    ]
    assert others(described) == ("function:b", "function:d")
