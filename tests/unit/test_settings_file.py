"""local.settings.json as `func start` reads it: the command line and the local host read the same."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulation.functions_host.errors import HostError
from emulation.functions_host.settings import local_settings
from emulation.functions_host.settings_file import strict
from integration.cli.app_settings import FILE, app_settings
from integration.cli.lenient_json import read_lenient
from integration.errors import ConfigurationError

WITH_COMMENTS = """{"IsEncrypted": false, "Values": {
  // storage emulator
  "AzureWebJobsStorage": "UseDevelopmentStorage=true",
}}"""
LENIENT = """\ufeff// first
{ /* "Values": {"A": "no"} */
  'isEncrypted': false, // not
  values: {
    "URL": "https://host/*no comment*/?a=1,}", // a "quoted" one
    "Single": 'it "is" so',
    'Escaped': 'it\\'s',
    "Slash": "C:\\\\\\\\",
    Unquoted : "x, ]", /* between */ "Number": 7,
    "Flag": true, /* , */
  }, "Host": {"CORS": "*", "List": [1, 2, /* 3 */ ],},
}
"""
VALUES = {
    "URL": "https://host/*no comment*/?a=1,}",
    "Single": 'it "is" so',
    "Escaped": "it's",
    "Slash": "C:\\\\",
    "Unquoted": "x, ]",
    "Number": "7",
    "Flag": "true",
}


@pytest.mark.parametrize(
    ("text", "values"), [(WITH_COMMENTS, {"AzureWebJobsStorage": "UseDevelopmentStorage=true"}), (LENIENT, VALUES)]
)
def test_what_core_tools_read_is_read(tmp_path, monkeypatch, text, values):
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    for name in values:
        monkeypatch.delenv(name, raising=False)
    settings = app_settings(tmp_path)
    assert {name: settings[name] for name in values} == values
    assert local_settings(tmp_path / FILE) == values


@pytest.mark.parametrize(
    "text", ["", "{", '{"Values": {"A": "b"}', "{/* no end", '{"a": "b', "[" * 100_000, "{'a': 'b}", "1 2"]
)
def test_what_they_cannot_read_is_refused(tmp_path, text):
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError):
        app_settings(tmp_path)
    with pytest.raises(HostError):
        local_settings(tmp_path / FILE)


_TEXTS = st.text(max_size=12) | st.sampled_from(["//", "/*", ",}", "\\'", '\\"'])
_DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


@given(_DOCUMENTS, st.sampled_from([None, 2]))
def test_strict_json_is_read_as_it_is(document, indent):
    text = json.dumps(document, indent=indent)
    assert read_lenient(text) == document
    assert json.loads(strict(text)) == document
