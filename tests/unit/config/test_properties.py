"""What holds for every configuration, drawn by hypothesis: round trips, and one problem for one fault."""

import copy
import json
from datetime import date, timedelta
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.config import check_text
from integration.config.keys.model import (
    Cache,
    Configuration,
    Delivery,
    Escalation,
    EventGridSource,
    EventGridTarget,
    EventHubSource,
    FinanceOperationsTarget,
    Health,
    HttpSource,
    Maintenance,
    Organization,
    Route,
    Routing,
    ServiceBusSource,
    ServiceBusTarget,
    StatusPage,
    StorageQueueSource,
    StorageQueueTarget,
    WebhookTarget,
)
from integration.config.reading.duration import format_duration, parse_duration
from integration.config.reading.reading import joined
from integration.config.schema import schema
from integration.config.settings.settings import CLIENT_ID, of_organization

ENVIRON = {
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
    "OTHER__queueServiceUri": "https://x.queue.core.windows.net",
    "OTHER__fullyQualifiedNamespace": "x.servicebus.windows.net",
}

names = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,12}[a-z0-9])?", fullmatch=True)
queues = st.from_regex(r"[a-z][a-z0-9]{2,12}", fullmatch=True)
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=20)
durations = st.integers(1, 10**10).map(lambda count: timedelta(milliseconds=count))
connections = st.sampled_from(["AzureWebJobsStorage", "OTHER"])
json_values = st.recursive(
    st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
json_objects = st.dictionaries(texts, json_values, max_size=3)


@st.composite
def windows(draw: st.DrawFn, organizations: list[str]) -> Maintenance:
    days: dict[str, Any] = draw(
        st.fixed_dictionaries({"date": st.dates()})
        | st.fixed_dictionaries({"weekday": st.sampled_from(["sun", "mon", ("sat", "sun")])})
    )
    return Maintenance(
        **days,
        start=draw(st.times().map(lambda time: f"{time:%H:%M}")),
        duration=timedelta(minutes=draw(st.integers(1, 24 * 60))),
        timezone=draw(st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe"])),
        organizations=tuple(draw(st.lists(st.sampled_from(organizations), max_size=2))),
    )


@st.composite
def healths(draw: st.DrawFn, organizations: list[str], targets: list[str]) -> Health:
    every, cap = sorted([draw(durations), draw(durations)])
    return Health(
        failure_threshold=draw(st.integers(1, 9)),
        failures_of=draw(st.sampled_from([(), (5, 10), (64, 64)])),
        reminder_every=every,
        reminder_cap=cap,
        reminder_factor=draw(st.sampled_from([1.0, 1.5, 10.0])),
        platform=draw(st.booleans()),
        dead_man_url=draw(st.sampled_from(["", "https://ping.example/100%25"])),
        wordings=draw(st.sampled_from([(), ("nicht.*integriert",)])),
        maintenance=tuple(draw(st.lists(windows(organizations), max_size=2))),
        escalation=tuple(
            draw(
                st.lists(
                    st.builds(
                        Escalation,
                        after=durations,
                        targets=st.lists(st.sampled_from(targets), min_size=1, max_size=2).map(tuple),
                    ),
                    max_size=2,
                )
            )
        ),
    )


@st.composite
def configurations(draw: st.DrawFn) -> Configuration:
    organizations = draw(st.lists(names, min_size=1, max_size=3, unique=True))
    sources = draw(st.lists(names, max_size=3, unique=True))
    targets = draw(st.lists(names, min_size=1, max_size=3, unique=True))
    routes = draw(st.lists(names, max_size=3, unique=True))
    read = draw(st.lists(queues, min_size=len(sources), max_size=len(sources), unique=True))
    refresh, expire = sorted([draw(durations), draw(durations)])
    return Configuration(
        organizations={
            name: Organization(
                name=name,
                url=f"https://{name}.crm{draw(st.sampled_from(['', '4']))}.dynamics.com",
                tenant=draw(st.sampled_from(["contoso.onmicrosoft.com", "72ad15f0-3088-4e15-be25-8751c9bd0764"])),
                organization_id=draw(st.sampled_from(["", "b2106f5c-e218-4aac-841a-a59da4738eb4"])),
                trusted_hosts=draw(st.sampled_from([(), (".erp.contoso.com",)])),
            )
            for name in organizations
        },
        sources={
            name: draw(
                st.builds(
                    HttpSource,
                    name=st.just(name),
                    organization=st.sampled_from(organizations),
                    enabled=st.booleans(),
                    max_body=st.integers(1, 10**7),
                    legal_entities=st.lists(texts, max_size=2).map(tuple),
                )
                | st.builds(
                    StorageQueueSource,
                    name=st.just(name),
                    organization=st.sampled_from(organizations),
                    queue=st.just(queue),
                    connection=connections,
                    enabled=st.booleans(),
                )
                | st.builds(
                    ServiceBusSource,
                    name=st.just(name),
                    organization=st.sampled_from(organizations),
                    sessions=st.booleans(),
                    connection=connections,
                    **draw(
                        st.sampled_from(
                            [{"queue": st.just(queue)}, {"topic": st.just(queue), "subscription": st.just("s")}]
                        )
                    ),
                )
                | st.builds(
                    EventHubSource,
                    name=st.just(name),
                    organization=st.sampled_from(organizations),
                    event_hub=st.just(queue),
                    consumer_group=st.sampled_from(["$Default", "fno-link"]),
                    connection=connections,
                )
                | st.builds(EventGridSource, name=st.just(name), organization=st.sampled_from(organizations))
            )
            for name, queue in zip(sources, read, strict=True)
        },
        routes=tuple(
            Route(
                name=name,
                target=draw(st.sampled_from(targets)),
                enabled=draw(st.booleans()),
                organizations=tuple(draw(st.lists(st.sampled_from(organizations), max_size=2))),
                sources=tuple(draw(st.lists(st.sampled_from(sources), max_size=2))) if sources else (),
                event_types=tuple(draw(st.lists(texts, max_size=2))),
                subject_begins_with=draw(texts | st.just("")),
                filters=tuple(draw(st.lists(json_objects, max_size=2))),
                filter=draw(json_objects),
                requires_link=draw(st.none() | st.booleans()),
                on_relink=draw(st.sampled_from(["hold", "deliver"])),
            )
            for name in routes
        ),
        targets={
            name: draw(
                st.builds(
                    StorageQueueTarget,
                    name=st.just(name),
                    queue=queues,
                    connection=connections,
                    body=st.sampled_from(["cloudevent", "data", "raw"]),
                )
                | st.builds(
                    ServiceBusTarget,
                    name=st.just(name),
                    connection=connections,
                    session=st.sampled_from(["", "{data.SalesOrderId}"]),
                    body=st.sampled_from(["cloudevent", "data", "raw"]),
                    **draw(st.sampled_from([{"queue": queues}, {"topic": queues}])),
                )
                | st.builds(
                    EventGridTarget,
                    name=st.just(name),
                    endpoint=st.just("https://t.westeurope-1.eventgrid.azure.net/api/events"),
                    client_id=st.sampled_from(["", "b2106f5c-e218-4aac-841a-a59da4738eb4"]),
                )
                | st.builds(
                    FinanceOperationsTarget,
                    name=st.just(name),
                    path=st.sampled_from(["/api/services/A/{data.B}/c", "/data/O(K='{data.K}')/N.act?x=1"]),
                    wrapper=st.sampled_from(["", "_request"]),
                    idempotency_field=st.sampled_from(["", "_request.Id"]),
                )
                | st.builds(
                    WebhookTarget,
                    name=st.just(name),
                    url=st.sampled_from(["https://example.com/a/{data.id}?b=%20c", "http://localhost:1/"]),
                    headers=st.dictionaries(st.sampled_from(["X-A", "X-B"]), st.sampled_from(["1", "100%"])),
                    timeout=st.integers(1, 100).map(lambda count: timedelta(seconds=count)),
                )
            )
            for name in targets
        },
        cache=Cache(
            refresh_after=refresh, expire_after=expire, not_linked_for=draw(durations), share_check=draw(durations)
        ),
        routing=Routing(unmatched=draw(st.sampled_from(["dead_letter", "journal"]))),
        delivery=Delivery(retry_after=tuple(draw(st.lists(durations, max_size=3))), park_for=draw(durations)),
        health=draw(healths(organizations, targets)),
        status=StatusPage(actions=draw(st.booleans())),
        file="fno-link.toml",
    )


def as_written(value: Any) -> Any:
    """Return what a file would hold for a value of the model."""
    if isinstance(value, timedelta | date):
        return format_duration(value) if isinstance(value, timedelta) else value.isoformat()
    if isinstance(value, str):
        return value.replace("%", "%%")
    if isinstance(value, dict):
        return {key: as_written(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_written(item) for item in value]
    if hasattr(value, "__struct_fields__"):
        tag = getattr(value, "__struct_config__").tag  # noqa: B009 - pyright knows no such attribute
        fields = {name: as_written(getattr(value, name)) for name in value.__struct_fields__}
        return ({"kind": tag} if tag else {}) | {key: item for key, item in fields.items() if item is not None}
    return value


def document_of(configuration: Configuration) -> dict[str, Any]:
    document = as_written(configuration)
    del document["file"]
    document["organizations"] = list(document["organizations"].values())
    for table in ("sources", "targets"):
        for entry in document[table].values():
            del entry["name"]
    return document


def toml_of(value: Any) -> str:
    """Render a document as TOML: a value a line, tables inline."""
    return "".join(f"{key} = {inline(item)}\n" for key, item in value.items())


def inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{inline(key)} = {inline(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(inline(item) for item in value) + "]"
    if isinstance(value, str):
        return json.dumps(value).replace("\x7f", "\\u007f") if value.isascii() else escaped(value)
    return repr(value).lower() if isinstance(value, bool) else repr(value)


def escaped(text: str) -> str:
    return '"' + "".join(f"\\U{ord(letter):08x}" for letter in text) + '"'


relaxed = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@relaxed
@given(configurations())
def test_a_configuration_rendered_to_toml_loads_back_equal(configuration):
    checked = check_text(toml_of(document_of(configuration)), ENVIRON)
    assert checked.problems == ()
    assert checked.configuration == configuration


@relaxed
@given(configurations())
def test_what_the_loader_takes_the_schema_takes_too(configuration):
    validator = jsonschema.Draft7Validator(schema())
    assert [error.message for error in validator.iter_errors(document_of(configuration))] == []


def entries_of(document):
    """Every table that the model describes, with its place."""
    yield "", document
    for index, entry in enumerate(document["organizations"]):
        yield f"organizations[{index}]", entry
    for index, entry in enumerate(document["routes"]):
        yield f"routes[{index}]", entry
    for table in ("sources", "targets"):
        for name, entry in document[table].items():
            yield joined(table, name), entry
    for table in ("cache", "routing", "delivery", "health", "status"):
        yield table, document[table]


def mutated(data, configuration):
    document = copy.deepcopy(document_of(configuration))
    place, entry = data.draw(st.sampled_from(list(entries_of(document))), label="entry")
    key = data.draw(st.sampled_from(list(entry)), label="key")
    return document, place, entry, key


def problems_of(document):
    checked = check_text(toml_of(document), ENVIRON)
    assert checked.configuration is None
    return checked.problems


@relaxed
@given(configurations(), st.data())
def test_one_misspelt_key_is_one_problem_that_says_what_was_meant(configuration, data):
    document, place, entry, key = mutated(data, configuration)
    misspelt = key[:-1] + "x" + key[-1]
    entry[misspelt] = entry.pop(key)
    [problem] = problems_of(document)
    assert problem.key == joined(place, misspelt)
    assert problem.message == "unknown key"
    assert f"did you mean `{key}`?" in problem.hint


@relaxed
@given(configurations(), st.data())
def test_one_wrong_type_is_one_problem_at_its_place(configuration, data):
    document, place, entry, key = mutated(data, configuration)
    wrong: list[Any] = [7.5, [], {}, True] if isinstance(entry[key], str) else [7.5, [7.5], "no %% such"]
    entry[key] = data.draw(st.sampled_from(wrong[1:] if isinstance(entry[key], float) else wrong))
    [problem] = problems_of(document)
    assert problem.key.startswith(joined(place, key))


@relaxed
@given(configurations(), st.data())
def test_one_dangling_name_is_one_problem_with_the_names_there_are(configuration, data):
    document = copy.deepcopy(document_of(configuration))
    spots = [(f"sources.{name}.organization", entry, "organization") for name, entry in document["sources"].items()]
    spots += [(f"routes[{index}].target", entry, "target") for index, entry in enumerate(document["routes"])]
    if not spots:
        return
    place, entry, key = data.draw(st.sampled_from(spots))
    entry[key] = "a-name-that-nobody-has-ever-given"
    [problem] = problems_of(document)
    assert problem.key == place
    assert problem.hint


@given(st.integers(0, 10**12).map(lambda count: timedelta(milliseconds=count)))
def test_a_duration_is_written_and_read_back(duration):
    assert parse_duration(format_duration(duration)) == duration


@pytest.mark.parametrize(
    "text", ["", "5", "m", "-5m", "1.5h", "5 m", "5m1h", "5m5m", "PT5M", "5M", "٣m", "9" * 30 + "d"]
)
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match=r"not a duration|too long"):
        parse_duration(text)


@given(st.sets(names, min_size=2, max_size=2))
def test_two_organizations_never_share_a_setting(names):
    assert len({of_organization(CLIENT_ID, name) for name in names}) == 2


@relaxed
@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_any_text_is_either_a_configuration_or_has_problems(text):
    checked = check_text(text, {})
    assert (checked.configuration is None) == bool(checked.problems)
