"""`fno-link config`: what is missing or wrong is named with its place, and the exit code says whether all is well."""

import json
import shutil
from pathlib import Path

import pytest

from integration.cli import frame
from integration.config.schema import schema_text
from integration.events import alerts

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("AzureWebJobsStorage", "CUSTOMERS_URL", "CUSTOMERS_SECRET", "FNO_LINK_CONFIG", "SERVICE_BUS_ENABLED"):
        monkeypatch.delenv(name, raising=False)
    for name in ("fno-link.toml", "host.json"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def local_settings(folder, **values):
    (folder / "local.settings.json").write_text(json.dumps({"IsEncrypted": False, "Values": values}))


def checked(capsys, *arguments):
    code = frame.run(["config", "check", "--json", *arguments])
    return code, json.loads(capsys.readouterr().out)


def test_the_sample_settings_are_enough_for_the_sample_configuration(project, capsys):
    shutil.copy(ROOT / "local.settings.sample.json", project / "local.settings.json")
    assert checked(capsys) == (0, {"ok": True, "file": "fno-link.toml", "problems": [], "warnings": []})
    assert frame.run(["config", "check"]) == 0
    assert "is good: 1 organizations" in capsys.readouterr().out


def test_without_settings_every_missing_one_is_named_and_the_exit_code_is_1(capsys):
    code, answer = checked(capsys)
    assert code == 1
    assert answer["ok"] is False
    keys = [problem["key"] for problem in answer["problems"]]
    assert keys == [
        "sources.erp",
        "sources.erp-bus.enabled",
        "sources.crm-bus.enabled",
        "routes[2].enabled",
        "routes[3].enabled",
        "targets.customers.url",
        "targets.customers.secret",
        "targets.orders-bus.enabled",
        "targets.invoices-bus.enabled",
    ]


def test_offline_checks_the_file_alone(capsys):
    assert checked(capsys, "--offline")[0] == 0


def test_another_file_may_be_named(project, capsys):
    (project / "other.toml").write_text("[cach]\n")
    code, answer = checked(capsys, "other.toml")
    assert code == 1
    assert [problem["key"] for problem in answer["problems"]] == ["cach", "organizations"]
    assert frame.run(["config", "check", "other.toml"]) == 1
    assert "other.toml: cach: unknown key (did you mean `cache`?" in capsys.readouterr().out


def test_the_environment_wins_over_local_settings(project, capsys, monkeypatch):
    values = {"AzureWebJobsStorage": "x", "CUSTOMERS_SECRET": "whsec_AAAA", "SERVICE_BUS_ENABLED": "false"}
    local_settings(project, CUSTOMERS_URL="http://example.com", **values)
    assert checked(capsys)[0] == 1
    monkeypatch.setenv("CUSTOMERS_URL", "https://example.com")
    assert checked(capsys)[0] == 0


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"Values": []}', '{"IsEncrypted": true, "Values": {}}', '{"Values": {"a": {}}}']
)
def test_local_settings_that_cannot_be_used_are_an_error_not_a_silence(project, capsys, content):
    (project / "local.settings.json").write_text(content)
    assert frame.run(["config", "check"]) == 1
    assert "local.settings.json" in capsys.readouterr().err


def test_the_schema_is_printed_or_written(project, capsys):
    assert frame.run(["config", "schema"]) == 0
    assert capsys.readouterr().out == schema_text()
    assert frame.run(["config", "schema", "--output", "a.json"]) == 0
    assert (project / "a.json").read_text("utf-8") == schema_text()


ORGANIZATION = """
[[organizations]]
name = "contoso"
url = "https://contoso.crm.dynamics.com"
tenant = "contoso.onmicrosoft.com"
[targets.t]
kind = "webhook"
url = "https://example.com"
"""


def test_what_routing_refuses_is_listed_beside_the_other_problems(project, capsys):
    route = '[[routes]]\nname = "r"\ntarget = "t"\nfilters = [{ operator = "StringInn", key = "a", values = ["b"] }]\n'
    (project / "fno-link.toml").write_text(ORGANIZATION + route + '[cache]\nrefresh_after = "soon"\n')
    code, answer = checked(capsys)
    assert code == 1
    assert [problem["key"] for problem in answer["problems"]] == [
        "cache.refresh_after",
        "routes[0].filters[0].operator",
    ]
    assert {problem["file"] for problem in answer["problems"]} == {"fno-link.toml"}


def test_without_a_route_for_alerts_one_warning_names_them_all_and_says_what_to_add(project, capsys):
    configuration = ORGANIZATION + '[[routes]]\nname = "r"\ntarget = "t"\nevent_types = ["a"]\n'
    (project / "fno-link.toml").write_text(configuration)
    code, answer = checked(capsys)
    assert code == 0
    [warning] = answer["warnings"]
    assert warning["message"].endswith(f"no route takes {', '.join(alerts.ALL)}")
    added = warning["hint"].partition("\n")[2].replace("NAME-OF-A-TARGET", "t")
    other = '[targets.other]\nkind = "webhook"\nurl = "https://example.com"\n'
    second = '[[routes]]\nname = "second"\ntarget = "other"\nevent_types = ["fno-link.target.*"]\n'
    (project / "fno-link.toml").write_text(f"{configuration}{other}{added}\n{second}")
    assert checked(capsys)[1]["warnings"] == []


def test_a_key_whose_dots_are_no_path_is_a_warning_that_says_how_to_quote(project, capsys):
    filters = '[{ operator = "StringIn", key = "data.claims.http://schemas.contoso.com/name", values = ["b"] }]'
    routes = f'[[routes]]\nname = "r"\ntarget = "t"\nfilters = {filters}\n'
    (project / "fno-link.toml").write_text(ORGANIZATION + routes)
    code, answer = checked(capsys)
    assert code == 0
    warning = answer["warnings"][0]
    assert warning["key"] == "routes[0].filters[0].key"
    assert 'data.claims["http://schemas.contoso.com/name"]' in warning["hint"]
