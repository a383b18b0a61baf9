"""What `[sources.NAME.finance_operations]` is refused for, before anybody is asked anything."""

import pytest

from tests.unit.config.written import bus_source, configuration, http, only_problem, queue

EVENTS = 'events = ["SalesOrderConfirmedBusinessEvent"]\n'


def declared(lines, source=None, name="erp"):
    return f"{source or http(name)}[sources.{name}.finance_operations]\n{lines}\n"


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        (declared('legal_entities = ["usmf"]'), "events", "names no business event"),
        (declared('events = ["A", "B", "a"]'), "events", "`a` is named 2 times"),
        (declared(EVENTS + 'legal_entities = ["usmf", "USMF"]'), "legal_entities", "`usmf` is named 2 times"),
        (declared(EVENTS + 'legal_entities = [""]'), "legal_entities[0]", "is not allowed"),
        (declared(EVENTS + 'key_vault = "https://contoso.vault.azure.net/"'), "key_vault", "is not allowed"),
        (declared(EVENTS + 'application = "fno-link"'), "application", "is not allowed"),
        (declared(EVENTS + 'application_secret = "in the clear"'), "application_secret", "stands in the file"),
        (declared(EVENTS + 'url = "https://topic.example.com"'), "url", "is of Event Grid"),
        (declared(EVENTS, queue('queue = "qqq"'), "q"), "finance_operations", "cannot send to a Storage queue"),
        (declared(EVENTS + 'endpoint = "fno-link: erp"'), "endpoint", "as service endpoints do"),
        (declared(EVENTS + 'endpoint = "a\' or 1"'), "endpoint", "is not allowed"),
        (
            declared(EVENTS + 'endpoint = "Orders"')
            + declared(EVENTS + 'endpoint = "orders"', bus_source('queue = "q"'), "b"),
            "b.finance_operations.endpoint",
            "sends to sources.erp already",
        ),
    ],
)
def test_what_cannot_be_is_one_problem_at_its_key(text, key, words):
    problem = only_problem(text)
    assert problem.key.endswith(key)
    assert words in problem.message
    assert "in the clear" not in str(problem)


def test_an_empty_table_declares_nothing_and_a_setting_that_is_not_set_takes_no_intake_down():
    assert not configuration(declared("")).sources["erp"].finance_operations.is_declared
    said = configuration(declared(EVENTS + 'application_secret = "%SECRET%"')).sources["erp"].finance_operations
    assert (said.is_declared, said.application_secret) == (True, "%SECRET%")
