"""SQL filters and actions of the broker: three-valued logic as documented, and any text is a filter or an error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulation.service_bus.amqp.content import application_properties, parse, properties
from emulation.service_bus.amqp.errors import Refused
from emulation.service_bus.codec.encode import encode, list_of
from emulation.service_bus.codec.types import Described, ULong
from emulation.service_bus.config import CorrelationFilter, RuleConfig
from emulation.service_bus.entities.rules import Facts, FilterError, apply_action, compile_rule
from emulation.service_bus.entities.sql.lexer import SqlError
from emulation.service_bus.entities.sql.parser import parse_action, parse_filter

USER = {
    "color": "blue",
    "Quantity": 10,
    "Price": 2.5,
    "urgent": True,
    "code": "ABC%",
    "http://schemas.contoso.com/organization": "contoso",
    "Property With Space": "x",
    "nothing": None,
}


def message(user=None, *, subject="order created", to="Store5", message_id="m-1", correlation_id="c-1"):
    fields = [
        None if value is None else encode(value) for value in (message_id, None, to, subject, None, correlation_id)
    ]
    section = b"\x00\x53\x73" + list_of(b"\x40" if field is None else field for field in fields)
    applied = encode(Described(ULong(0x74), USER if user is None else user))
    return parse(section + applied + b"\x00\x53\x75\xa0\x04body")


TRUE = [
    "1=1",
    "color = 'blue'",
    "COLOR = 'blue'",
    "user.color = 'blue'",
    "color <> 'red' AND color != 'green'",
    "Quantity > 9 AND Quantity >= 10 AND Quantity < 11 AND Quantity <= 10",
    "Quantity = 10.0",
    "Price * 4 = Quantity",
    "Quantity / 4 = 2",
    "Quantity % 4 = 2",
    "-Quantity + 20 = 10",
    "+Quantity = 10",
    "2 + 3 * 4 = 14",
    "(2 + 3) * 4 = 20",
    "0.5E-2 = 0.005 AND 101.5E5 = 10150000",
    "urgent = TRUE",
    "urgent",
    "NOT urgent = FALSE",
    "color LIKE 'b%'",
    "color LIKE '_lue'",
    "color NOT LIKE 'r%'",
    r"code LIKE 'ABC\%' ESCAPE '\'",
    "sys.Label LIKE '%created%'",
    "sys.Subject = 'order created'",
    "sys.To IN ('Store4', 'Store5')",
    "sys.To NOT IN ('Store1')",
    "sys.MessageId = 'm-1' AND sys.CorrelationId = 'c-1'",
    "Quantity IN (1, 5 + 5)",
    "EXISTS(color) AND EXISTS(nothing)",
    "NOT EXISTS(missing)",
    "missing IS NULL",
    "nothing IS NULL",
    "color IS NOT NULL",
    "sys.ReplyTo IS NULL",
    "\"http://schemas.contoso.com/organization\" = 'contoso'",
    "[http://schemas.contoso.com/organization] = 'contoso'",
    "[Property With Space] = 'x'",
    "property('color') = 'blue' AND p('co' + 'lor') = 'blue'",
    "newid() <> newid()",
    "color = 'red' OR Quantity = 10 AND urgent = TRUE",
    "missing = 1 OR color = 'blue'",
    "'it''s' = 'it''s'",
]
NOT_TRUE = [  # false, or unknown
    "1=0",
    "color = 'Blue'",
    "color = 10",
    "missing = 'x'",
    "missing <> 'x'",
    "NOT missing = 'x'",
    "missing IN ('x')",
    "missing NOT IN ('x')",
    "missing LIKE '%'",
    "missing NOT LIKE '%'",
    "missing + 1 = 1",
    "missing = 1 AND color = 'blue'",
    "nothing = NULL",
    "EXISTS(missing)",
    "color IS NULL",
    "(color = 'red' OR Quantity = 10) AND urgent = FALSE",
    "Quantity / 0 = 0",
    "urgent > FALSE",
    "code LIKE 'ABC'",
    "color LIKE 'blue' ESCAPE 'too long'",
    "'text'",
    "NULL",
]
WRONG = [
    "",
    "color =",
    "color = 'blue",
    "= 1",
    "color IN ()",
    "color LIKE",
    "color IS 1",
    "EXISTS(1)",
    "(color = 'blue'",
    "color = 'blue')",
    "color NOT 'x'",
    "unknown(1) = 1",
    "color = 'blue' AND",
    "color ~ 'blue'",
    "a" * 1025,
    "(" * 200 + "1=1" + ")" * 200,
    "NOT " * 200 + "1=1",
]


@pytest.mark.parametrize("text", TRUE)
def test_a_filter_that_holds_lets_the_message_through(text):
    assert compile_rule(RuleConfig(name="r", sql=text)).matches(Facts(message()))


@pytest.mark.parametrize("text", NOT_TRUE)
def test_a_filter_that_is_false_or_unknown_does_not(text):
    assert not compile_rule(RuleConfig(name="r", sql=text)).matches(Facts(message()))


@pytest.mark.parametrize("text", WRONG)
def test_what_is_not_a_filter_is_refused(text):
    with pytest.raises(Refused):
        compile_rule(RuleConfig(name="r", sql=text))
    with pytest.raises(SqlError):
        parse_filter(text)


@given(st.text(max_size=60))
def test_any_text_is_a_filter_or_a_sql_error(text):
    try:
        predicate = parse_filter(text)
    except SqlError:
        return
    try:
        assert predicate(Facts(message())) in {True, False, None}
    except FilterError:
        assert "sys" in text.lower()


def test_a_system_property_that_there_is_not_is_an_error():
    rule = compile_rule(RuleConfig(name="r", sql="sys.Nonsense = 1"))
    with pytest.raises(FilterError, match="Nonsense"):
        rule.matches(Facts(message()))


THREE_VALUES = {"T": "1=1", "F": "1=0", "U": "missing=1"}


@pytest.mark.parametrize(
    ("operator", "table"),
    [
        ("AND", {"TT": True, "TF": False, "TU": None, "FF": False, "FU": False, "UU": None}),
        ("OR", {"TT": True, "TF": True, "TU": True, "FF": False, "FU": None, "UU": None}),
    ],
)
def test_and_and_or_follow_the_documented_tables(operator, table):
    for (left, right), expected in table.items():
        for first, second in ((left, right), (right, left)):
            predicate = parse_filter(f"{THREE_VALUES[first]} {operator} {THREE_VALUES[second]}")
            assert predicate(Facts(message())) is expected


def test_a_correlation_filter_needs_every_condition():
    def matches(**conditions):
        config = RuleConfig(name="r", correlation=CorrelationFilter(**conditions))
        return compile_rule(config).matches(Facts(message()))

    assert matches(correlation_id="c-1", label="order created", properties={"COLOR": "blue", "quantity": 10})
    assert not matches(correlation_id="c-1", label="another")
    assert not matches(properties={"color": "Blue"})
    assert not matches(properties={"missing": "x"})
    assert matches(to="Store5", message_id="m-1")


def test_an_action_sets_and_removes_user_and_system_properties():
    text = "SET color = 'red'; SET total = Quantity * Price, REMOVE urgent SET sys.Label = color; REMOVE missing"
    rule = compile_rule(RuleConfig(name="r", sql="1=1", action=text))
    content = message()
    changed = apply_action(rule, content, Facts(content))
    user = application_properties(changed.bare)
    assert user["color"] == "red"
    assert user["total"] == 25.0
    assert "urgent" not in user
    assert user["Quantity"] == 10
    assert properties(changed.bare)[3] == "red"
    assert changed.bare.endswith(b"\x00\x53\x75\xa0\x04body")


def test_what_is_not_an_action_is_refused():
    for text in ("", "SET color", "REMOVE", "SET 1 = 2", "color = 'red'"):
        with pytest.raises(SqlError):
            parse_action(text)
    rule = compile_rule(RuleConfig(name="r", sql="1=1", action="SET sys.Nonsense = 'x'"))
    content = message()
    with pytest.raises(FilterError):
        apply_action(rule, content, Facts(content))
