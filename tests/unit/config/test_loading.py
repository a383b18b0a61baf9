"""Loading a configuration: every fault is one problem at its place, all at once, and no secret is shown."""

import pytest

from integration.config import check, check_text, load, locate
from integration.config.keys.model import StorageQueueSource, WebhookTarget
from integration.errors import ConfigurationError
from tests.unit.config.written import (
    ORGANIZATION,
    STORAGE,
    bus_source,
    bus_target,
    configuration,
    grid_target,
    http,
    only_problem,
    queue,
    webhook,
)


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        ("[cache]\nrefresh_after = 15", "cache.refresh_after", "not the number 15"),
        ("[cache]\nrefresh_after = '25h'", "cache.refresh_after", "longer than expire_after"),
        ("[journal]\nlease = '500ms'", "journal.lease", "shorter than a run takes"),
        ("[cache]\nshare_check = '0s'", "cache.share_check", "longer than nothing"),
        ("[delivery]\nretry_after = ['5s', '0s']", "delivery.retry_after[1]", "longer than nothing"),
        ("[delivery]\nretry_after = ['5s', 'soon']", "delivery.retry_after[1]", "not a duration"),
        ("[health]\nschedule = '*/5 * * * *'", "health.schedule", "has 5 fields"),
        ("[health]\nschedule = '0 60 * * * *'", "health.schedule", "no minute (0-59)"),
        ("[health]\nschedule = '0 0 0 * 13 *'", "health.schedule", "no month"),
        ("[health]\nschedule = '00:05:00'", "health.schedule", "has 1 fields"),
        ("[health]\nfailure_threshold = 0", "health.failure_threshold", "out of range"),
        ("[health]\nfailure_threshold = true", "health.failure_threshold", "whole number, not true"),
        ("[routing]\nunmatched = 'deadletter'", "routing.unmatched", "not allowed"),
        (queue("queue = 'Orders'"), "sources.q.queue", "`Orders` is not allowed"),
        (http("unknown-source"), "sources.unknown-source", "intake_unknown_source, like one of fno-link itself"),
        (http("degraded"), "sources.degraded", "intake_degraded, like one of fno-link itself"),
        (queue("queue = 'ab'"), "sources.q.queue", "not allowed"),
        (queue("queue = 'a--b'"), "sources.q.queue", "not allowed"),
        (queue("queue = 'fno-link-events'"), "sources.q.queue", "not allowed"),
        (queue(f"queue = '{'a' * 57}'"), "sources.q.queue", "not allowed"),
        (queue("queue = 'orders'\nconnection = 'Elsewhere'"), "sources.q.connection", "no app setting"),
        (queue("queue = 'orders'") + queue("queue = 'orders'", "r"), "sources.r.queue", "read by sources.q too"),
        (queue("queue = 'orders'", '"Q"'), "sources.Q", "`Q` is not allowed"),
        (queue("queue = 'orders'", "a" * 41), f"sources.{'a' * 41}", "not allowed"),
        (queue("queue = 'orders'\nname = 'other'"), "sources.q.name", "unknown key"),
        ("[sources.q]\norganization = 'contoso'", "sources.q", "`kind` is missing"),
        ("[sources.q]\nkind = 'htp'", "sources.q.kind", "not allowed"),
        ("[sources.q]\nkind = 'http'", "sources.q.organization", "is missing"),
        ("sources = 3", "organizations[0].sources", "unknown key"),
        (bus_source(""), "sources.b", "names no entity"),
        (bus_source("topic = 't'"), "sources.b", "names topic"),
        (bus_source("queue = 'q'\ntopic = 't'\nsubscription = 's'"), "sources.b", "queue and topic and subscription"),
        (bus_source("queue = '/q'"), "sources.b.queue", "not allowed"),
        (bus_source("queue = 'q'\nconnection = 'Elsewhere'"), "sources.b.connection", "no app setting"),
        (bus_source("queue = 'q'") + bus_source("queue = 'Q'", "c"), "sources.c.queue", "read by sources.b too"),
        (bus_source("topic = 't'\nsubscription = 's/t'"), "sources.b.subscription", "not allowed"),
        (bus_target("queue = 'q'\ntopic = 't'"), "targets.b", "names queue and topic"),
        (bus_target("connection = 'ServiceBus'"), "targets.b", "names no entity"),
        (grid_target("endpoint = 'http://example.com/'"), "targets.g.endpoint", "not encrypted"),
        (grid_target("endpoint = 'https://example.com/{data.id}'"), "targets.g.endpoint", "holds a template"),
        (
            grid_target("endpoint = 'https://a.b/'\nkey = 'k'\nclient_id = 'b2106f5c-e218-4aac-841a-a59da4738eb4'"),
            "targets.g.client_id",
            "not used with a key",
        ),
        (webhook("url = 'http://example.com/'"), "targets.w.url", "not encrypted"),
        (webhook("url = 'https://{host}/'"), "targets.w.url", "template in its host"),
        (webhook("url = 'https://a:b@example.com/'"), "targets.w.url", "user name or password"),
        (webhook("url = 'ftp://example.com/'"), "targets.w.url", "no https URL"),
        (webhook("url = 'https://exa mple.com/'"), "targets.w.url", "no https URL"),
        (webhook("url = 'https://example.com:99999/'"), "targets.w.url", "no https URL"),
        (webhook("url = 'https://example.com/#a'"), "targets.w.url", "fragment"),
        (webhook("url = 'https://example.com/'\ntimeout = '5m'"), "targets.w.timeout", "longer than one run"),
        (webhook("url = 'https://example.com/'\nheaders = { X = \"a\\r\\nb\" }"), "targets.w.headers.X", "printable"),
        (webhook("url = 'https://example.com/'\nheaders = { 'a b' = 'c' }"), "targets.w.headers.?", "header name"),
        (webhook("url = 'https://a.b/'\nbreaker = { failures = 0 }"), "targets.w.breaker.failures", "out of range"),
        (webhook("url = 'https://a.b/'\nbreaker = { failure = 1 }"), "targets.w.breaker.failure", "unknown key"),
        (
            webhook("url = 'https://a.b/'\nbreaker = { window = '0s' }"),
            "targets.w.breaker.window",
            "longer than nothing",
        ),
        (
            webhook("url = 'https://a.b/'\nbreaker = { open_for = '2m', open_at_most = '1m' }"),
            "targets.w.breaker.open_for",
            "longer than open_at_most",
        ),
        (webhook("url = 'https://example.com/50%'"), "targets.w.url", "lone %"),
        ("[[routes]]\nname = 'r'\ntarget = 'w'", "routes[0].target", "none of the targets"),
        (
            webhook("url = 'https://example.com/'") + "[[routes]]\nname = 'r'\ntarget = 'w'\nfilter = '[1]'",
            "routes[0].filter",
            "must be a table",
        ),
        (
            webhook("url = 'https://example.com/'") + "[[routes]]\nname = 'r'\ntarget = 'w'\n" * 2,
            "routes[1].name",
            "that of routes[0] too",
        ),
        (ORGANIZATION.replace("contoso.crm", "other.crm"), "organizations[1].name", "that of organizations[0] too"),
        (ORGANIZATION.replace('"contoso"', '"other"'), "organizations[1].url", "that of organizations[0] too"),
    ],
)
def test_each_fault_is_one_problem_at_its_place(text, key, says):
    problem = only_problem(text)
    assert problem.key == key
    assert says in problem.message
    assert problem.file == "fno-link.toml"


@pytest.mark.parametrize(
    ("line", "says", "hint"),
    [
        ('url = "http://contoso.crm.dynamics.com"', "no https URL", "https://"),
        ('url = "contoso.crm.dynamics.com"', "no https URL", "https://"),
        ('url = "https://contoso.crm.dynamics.com/api"', "more than a scheme and a host", "https://"),
        ('url = "https://contoso.crm.dynamics.com:8443"', "more than a scheme and a host", "https://"),
        ('url = "https://contoso.example.com"', "not a Dataverse host of the cloud public", ".dynamics.com"),
        ('url = "https://contoso.crm.dynamics.cn"', "not a Dataverse host", 'cloud = "china"?'),
        ('url = "https://dynamics.com"', "not a Dataverse host", ".dynamics.com"),
        ('url = "https://contoso.operations.dynamics.com"', "Finance & Operations environment", "Dataverse"),
    ],
)
def test_a_bad_organization_url_is_explained(line, says, hint):
    text = ORGANIZATION.replace('url = "https://contoso.crm.dynamics.com"', line)
    [problem] = check_text(text, STORAGE).problems
    assert problem.key == "organizations[0].url"
    assert says in problem.message
    assert hint in problem.hint


def test_a_syntax_error_says_its_line():
    [problem] = check_text("a = 1\nb = \n", {}).problems
    assert "line 2" in problem.key


def test_all_problems_come_at_once():
    text = """
[[organizations]]
nam = "contoso"
url = "x"
tenant = "x"
[health]
schedule = "never"
[sourcs]
"""
    keys = {problem.key for problem in check_text(text, {}).problems}
    assert keys == {
        "organizations[0].nam",
        "organizations[0].url",
        "organizations[0].tenant",
        "health.schedule",
        "sourcs",
    }


def test_without_an_organization_there_is_nothing_to_do():
    assert [problem.key for problem in check_text("", {}).problems] == ["organizations"]
    assert [problem.key for problem in check_text("organizations = []", {}).problems] == ["organizations"]


def test_settings_are_put_into_any_text():
    text = webhook('url = "https://%HOST%/%%7B/%PATH%"\nsecret = "%S%"\nheaders = { X = "%S%" }')
    environ = {"HOST": "example.com", "PATH": "a%b", "S": "whsec_AAAA"}
    target = configuration(text, environ).targets["w"]
    assert target == WebhookTarget(
        name="w", url="https://example.com/%7B/a%b", secret="whsec_AAAA", headers={"X": "whsec_AAAA"}
    )


@pytest.mark.parametrize(("value", "enabled"), [("true", True), ("False", False), ("1", True), ("0", False)])
def test_a_source_is_switched_by_a_setting(value, enabled):
    text = queue('queue = "orders"\nconnection = "Elsewhere"\nenabled = "%ON%"')
    environ = {"ON": value, "Elsewhere": "x"}
    assert configuration(text, environ).sources["q"].enabled is enabled


@pytest.mark.parametrize("kind", ["service_bus", "storage_queue"])
def test_a_target_that_is_switched_off_needs_no_connection_and_no_route(kind):
    text = f'[targets.b]\nkind = "{kind}"\nqueue = "orders"\nconnection = "Elsewhere"\nenabled = "%ON%"\n'
    checked = check_text(ORGANIZATION + text, STORAGE | {"ON": "false"})
    assert (checked.problems, checked.warnings) == ((), ())
    assert only_problem(text, {"ON": "true"}).key == "targets.b.connection"


def test_an_enabled_route_to_a_target_that_is_switched_off_is_a_problem():
    text = '[targets.b]\nkind = "service_bus"\nqueue = "orders"\nenabled = false\n'
    route = '[[routes]]\nname = "r"\ntarget = "b"\nevent_types = ["a"]\n'
    problem = only_problem(text + route)
    assert (problem.key, problem.message) == ("routes[0].target", "targets.b is switched off")
    assert configuration(text + route + "enabled = false\n").routes


def test_a_target_differs_from_the_common_breaker_in_what_it_names():
    text = '[delivery.breaker]\nfailures = 9\nopen_for = "10s"\n'
    text += webhook('url = "https://example.com/"\n[targets.w.breaker]\nfailures = "%N%"\nenabled = false\n')
    read = configuration(text, {"N": "2"})
    own = read.targets["w"].breaker.overlaid_on(read.delivery.breaker)
    assert (own.failures, own.enabled, own.open_for) == (2, False, read.delivery.breaker.open_for)
    plain = configuration(webhook('url = "https://example.com/"'))
    assert plain.targets["w"].breaker.overlaid_on(plain.delivery.breaker) == plain.delivery.breaker


def test_a_number_is_converted_after_substitution():
    assert configuration('[health]\nfailure_threshold = "%N%"', {"N": "5"}).health.failure_threshold == 5
    problem = only_problem('[health]\nfailure_threshold = "%N%"', {"N": "many"})
    assert "whole number" in problem.message


def test_a_switch_that_is_neither_on_nor_off_is_a_problem():
    problem = only_problem(queue('queue = "orders"\nenabled = "%ON%"'), {"ON": "perhaps"})
    assert problem.key == "sources.q.enabled"


def test_an_unset_setting_is_named():
    problem = only_problem(webhook('url = "https://%HOST%/"'))
    assert problem.key == "targets.w.url"
    assert "HOST is not set" in problem.message


def test_an_unresolved_key_vault_reference_is_named_and_not_used():
    problem = only_problem(
        webhook('url = "https://example.com"\nsecret = "%S%"'), {"S": "@Microsoft.KeyVault(SecretUri=https://v)"}
    )
    assert "Key Vault reference in the app setting S" in problem.message


def test_a_secret_is_never_shown_and_never_silently_empty():
    bad = only_problem(webhook('url = "https://example.com"\nsecret = "%S%"'), {"S": "hunter2"})
    assert "hunter2" not in str(bad)
    empty = only_problem(webhook('url = "https://example.com"\nsecret = "%S%"'), {"S": ""})
    assert "is empty" in empty.message
    pasted = only_problem(queue('queue = "orders"\nconnection = "AccountName=a;AccountKey=hunter2"'))
    assert "hunter2" not in str(pasted)
    url = only_problem(webhook('url = "https://u:%S%@example.com"'), {"S": "hunter2"})
    assert "hunter2" not in str(url)


def test_a_secret_written_into_the_file_is_a_warning():
    text = webhook('url = "https://example.com"\nsecret = "whsec_AAAA"')
    warned = check_text(ORGANIZATION + text, STORAGE).warnings
    assert [warning.key for warning in warned] == ["targets.w.secret", "targets.w"]


@pytest.mark.parametrize(
    "setting",
    [
        "Elsewhere",
        "AzureWebJobsElsewhere",
        "Elsewhere__queueServiceUri",
        "Elsewhere__accountName",
        "Elsewhere__blobServiceUri",
        "Elsewhere__tableServiceUri",
        "Elsewhere__fullyQualifiedNamespace",
        "AzureWebJobsElsewhere__accountName",
    ],
)
def test_a_connection_is_found_under_each_of_its_names(setting):
    text = queue('queue = "orders"\nconnection = "Elsewhere"')
    assert isinstance(configuration(text, {setting: "x"}).sources["q"], StorageQueueSource)
    for useless in ("", "  ", "@Microsoft.KeyVault(SecretUri=https://v)"):
        assert only_problem(text, {setting: useless}).key == "sources.q.connection"


def test_a_disabled_source_needs_no_connection():
    assert configuration(queue('queue = "orders"\nconnection = "Elsewhere"\nenabled = false')).sources


def test_http_intake_needs_the_storage_account():
    text = ORGANIZATION + '[sources.erp]\nkind = "http"\norganization = "contoso"\n'
    [problem] = check_text(text, {}).problems
    assert problem.key == "sources.erp"
    assert "AzureWebJobsStorage" in problem.message


def test_one_missing_connection_is_one_problem_however_many_use_it():
    sources = "".join(f'[sources.{name}]\nkind = "http"\norganization = "contoso"\n' for name in "abc")
    [problem] = check_text(ORGANIZATION + sources, {}).problems
    assert problem.key == "sources.a"
    assert "also needed by sources.b, sources.c" in problem.message


def test_offline_leaves_what_depends_on_settings_open():
    text = queue('queue = "orders"\nconnection = "Elsewhere"\nenabled = "%ON%"') + webhook('url = "%URL%"')
    checked = check_text(ORGANIZATION + text + '[cache]\nrefresh_after = "%R%"\n', {}, offline=True)
    assert checked.problems == ()
    assert checked.configuration.targets["w"].url == "%URL%"
    assert checked.configuration.sources["q"].enabled is True
    assert only_problem(text + 'nonsense = "%X%"', offline=True).key == "targets.w.nonsense"


def test_an_event_grid_filter_may_be_pasted_as_json():
    text = webhook("url = 'https://example.com/'") + (
        "[[routes]]\nname = 'r'\ntarget = 'w'\nfilter = '{\"includedEventTypes\": [\"a\"], \"advancedFilters\": []}'"
    )
    assert configuration(text).routes[0].filter == {"includedEventTypes": ["a"], "advancedFilters": []}


def test_a_date_in_a_filter_is_refused():
    text = webhook("url = 'https://example.com/'") + (
        "[[routes]]\nname = 'r'\ntarget = 'w'\nfilters = [{ key = 'a', value = 2020-01-01 }]"
    )
    assert only_problem(text).key == "routes[0].filters[0].value"


def test_the_url_of_an_organization_is_normalised():
    checked = check_text(ORGANIZATION.replace("contoso.crm.dynamics.com", "Contoso.crm.dynamics.com/"), STORAGE)
    assert checked.configuration.organizations["contoso"].url == "https://contoso.crm.dynamics.com"


def test_a_target_that_feeds_a_source_is_a_warning():
    text = queue('queue = "orders"') + '[targets.t]\nkind = "storage_queue"\nqueue = "orders"\n'
    warned = check_text(ORGANIZATION + text, STORAGE).warnings
    assert {warning.key for warning in warned} == {"targets.t", "targets.t.queue"}


def test_the_file_is_found_beside_host_json(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "host.json").touch()
    assert locate({}) == tmp_path / "fno-link.toml"
    assert locate({"FNO_LINK_CONFIG": "other.toml"}) == tmp_path / "other.toml"
    assert locate({"FNO_LINK_CONFIG": "/etc/fno.toml"}).as_posix() == "/etc/fno.toml"
    assert locate({"AzureWebJobsScriptRoot": "/home/site/wwwroot"}).as_posix() == "/home/site/wwwroot/fno-link.toml"


def test_loading_reads_the_file_and_raises_with_every_problem(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "host.json").touch()
    with pytest.raises(ConfigurationError, match="there is no file"):
        load(STORAGE)
    (tmp_path / "fno-link.toml").write_text("\ufeff" + ORGANIZATION, "utf-8")
    assert list(load(STORAGE).organizations) == ["contoso"]
    assert load(STORAGE).file == "fno-link.toml"
    (tmp_path / "fno-link.toml").write_text(ORGANIZATION + "[cache]\na = 1\n[health]\nb = 1\n")
    with pytest.raises(ConfigurationError) as raised:
        load(STORAGE)
    assert [problem.key for problem in raised.value.problems] == ["cache.a", "health.b"]
    (tmp_path / "fno-link.toml").write_bytes(b"a = '\xff'")
    assert "UTF-8" in check(STORAGE).problems[0].message
    (tmp_path / "fno-link.toml").unlink()
    (tmp_path / "fno-link.toml").mkdir()
    assert "cannot be read" in check(STORAGE).problems[0].message


def test_a_service_bus_connection_needs_a_namespace_and_not_a_storage_account():
    problem = only_problem(bus_source("queue = 'q'\nconnection = 'Bus'"), {"Bus__accountName": "storage"})
    assert problem.key == "sources.b.connection"
    assert "Bus__fullyQualifiedNamespace" in problem.hint
    configuration(bus_source("queue = 'q'\nconnection = 'Bus'"), {"Bus__fullyQualifiedNamespace": "x.example.com"})


def test_a_source_that_is_switched_off_needs_no_connection():
    source = configuration(bus_source("queue = 'q'\nconnection = 'Elsewhere'\nenabled = false")).sources["b"]
    assert not source.enabled


def test_a_topic_that_a_source_reads_and_a_target_fills_is_a_warned_loop():
    text = ORGANIZATION + bus_source("topic = 'T'\nsubscription = 's'") + bus_target("topic = 't'")
    text += "[[routes]]\nname = 'r'\ntarget = 'b'\n"
    [warning] = check_text(text, STORAGE).warnings
    assert (warning.key, "come back" in warning.message) == ("targets.b.topic", True)
