"""What `[sources.NAME.dataverse]` is refused for, before Dataverse is asked anything."""

import pytest

from tests.unit.config.written import bus_source, configuration, http, only_problem, queue

KEY = {"KEY": "a-key", "SAS": "k" * 43 + "="}
STEP = 'key = "%KEY%"\nmessages = ["Update"]\ntables = ["account"]\n'
BUS = STEP.replace("%KEY%", "%SAS%") + 'key_name = "send"\n'


def sender(lines, source=None, name="crm"):
    return f"{source or http(name)}[sources.{name}.dataverse]\n{lines}\n"


def on_bus(lines):
    return sender(lines, bus_source('queue = "q"'), "b")


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        (sender(STEP.replace("%KEY%", "in the clear")), "key", "is a secret and stands in the file"),
        (sender(STEP.replace('key = "%KEY%"', "")), "key", "is missing"),
        (sender('key = "%KEY%"'), "messages", "names no message"),
        (sender(STEP + 'url = "http://example.com/x"'), "url", "is not encrypted"),
        (sender(STEP + 'url = "https://example.com/x?code=1"'), "url", "a query or a fragment"),
        (sender(STEP.replace('tables = ["account"]', "")), "tables", "every row of every table"),
        (sender(STEP + 'stage = "pre_operation"'), "stage", "runs after the operation"),
        (sender(STEP.replace("Update", "Create") + 'attributes = ["name"]'), "attributes", "filter Update only"),
        (
            sender(STEP + 'images = [{ type = "pre", alias = "a" }, { type = "pre", alias = "A" }]'),
            "images",
            "two images",
        ),
        (sender(STEP.replace("Update", "Delete") + 'images = [{ type = "post", alias = "a" }]'), "type", "no row"),
        (sender(STEP.replace("account", "mserp_x") + 'mode = "sync"'), "mode", "Finance & Operations"),
        (
            sender(STEP + '[[sources.crm.dataverse.steps]]\nmessages = ["update"]\ntables = ["account"]'),
            "messages",
            "twice",
        ),
        (sender(STEP.replace("account", "Account")), "tables[0]", "is not allowed"),
        (on_bus(BUS + 'mode = "sync"'), "mode", "only a webhook takes synchronous steps"),
        (on_bus(BUS.replace("%SAS%", "%KEY%")), "key", "5 characters long"),
        (on_bus(BUS.replace('key_name = "send"', "")), "key_name", "is missing"),
        (sender(STEP, queue('queue = "qqq"'), "q"), "dataverse", "cannot send to a Storage queue"),
    ],
)
def test_what_cannot_be_registered_is_one_problem_at_its_key(text, key, words):
    problem = only_problem(text, KEY)
    assert problem.key.endswith(key)
    assert words in problem.message
    assert "a-key" not in str(problem)


def test_a_key_whose_setting_is_not_set_takes_no_intake_down():
    assert configuration(sender(STEP)).sources["crm"].dataverse.key == "%KEY%"
    assert configuration(sender(STEP), KEY).sources["crm"].dataverse.key == "a-key"


def test_an_empty_table_declares_nothing():
    assert not configuration(sender("")).sources["crm"].dataverse.is_declared
