"""Json.NET's reading and writing; what is right was read in Newtonsoft.Json 13 (`DateTimeParser`, `JsonConvert`)."""

import json

import pytest

from emulation.functions_host.json_net import as_string, parse, written


@pytest.mark.parametrize(
    ("sent", "out"),
    [
        ("2021-11-18T14:44:15.1230000Z", "2021-11-18T14:44:15.123Z"),
        ("2021-11-18T14:44:15.1234567z", "2021-11-18T14:44:15.1234567Z"),
        ("2021-11-18T14:44:15.000+02:00", "2021-11-18T12:44:15+00:00"),
        ("2021-11-18T14:44:15-0130", "2021-11-18T16:14:15+00:00"),
        ("2021-11-18T14:44:15", "2021-11-18T14:44:15"),
        ("2021-11-18T24:00:00Z", "2021-11-19T00:00:00Z"),
        ("/Date(1637246655000)/", "2021-11-18T14:44:15Z"),
        ("/Date(1637246655000+0100)/", "2021-11-18T14:44:15+00:00"),
        ("0001-01-01T00:00:00+05:00", "0001-01-01T00:00:00+00:00"),
    ],
)
def test_a_text_that_is_a_date_is_spelled_another_way(sent, out):
    assert json.loads(written(parse(json.dumps({"at": sent})))) == {"at": out}


@pytest.mark.parametrize(
    "text",
    [
        "2021-11-18",
        "2021-11-18 14:44:15Z",
        "2021-11-18t14:44:15Z",
        "2021-11-18T14:44Z",
        "2021-11-18T14:44:15.12345678Z",
        "2021-11-18T14:44:15.Z",
        "2021-11-18T25:00:00Z",
        "2021-11-18T24:00:01Z",
        "2021-02-30T00:00:00Z",
        "at 2021-11-18T14:44:15Z",
        "/Date(1637246655000)/ and more",
        "/Date()/",
        '{"EventTime":"/Date(1637246655000)/"}',
    ],
)
def test_any_other_text_is_kept(text):
    assert json.loads(written(parse(json.dumps([text])))) == [text]


@pytest.mark.parametrize(
    ("sent", "out"),
    [
        ("1.10", "1.1"),
        ("5637144576.123456789", "5637144576.123457"),
        ("0.30000000000000000001", "0.3"),
        ("1e3", "1000.0"),
        ("1E+15", "1E+15"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("123456789012345678901234567890.0", "1.2345678901234568E+29"),
        ("0.0001", "0.0001"),
        ("0.00001", "1E-05"),
        ("-0.0", "-0.0"),
        ("-12.5", "-12.5"),
        ("5637144999", "5637144999"),
    ],
)
def test_a_number_with_a_point_goes_through_a_double(sent, out):
    assert written(parse(sent)) == out


def test_the_rest_is_kept_and_its_order_too():
    text = '{"b":[null,true,{"ü":"\\u2713"}],"a":"x"}'
    assert written(parse(text)) == '{"b":[null,true,{"ü":"✓"}],"a":"x"}'
    assert written(parse('"\\ud800"')) == '"�"'


def test_a_value_cast_to_a_string_is_spelled_as_net_does():
    values = ["x", None, True, 12, 1000.0, 1e16, parse('"2021-11-18T14:44:15.123Z"')]
    assert [as_string(value) for value in values] == ["x", None, "True", "12", "1000", "1E+16", "11/18/2021 14:44:15"]


@pytest.mark.parametrize("text", ["", "{", "[1", "x", "[" * 65 + "]" * 65, "[" * 100_000, "1" * 400])
def test_what_json_net_does_not_read_is_refused(text):
    with pytest.raises(ValueError, match=r"\w"):
        parse(text)


def test_sixty_four_levels_are_read():
    deep = "[" * 64 + "]" * 64
    assert written(parse(deep)) == deep
