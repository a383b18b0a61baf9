"""Which function answers which request, by the host's own order: that of the functions' names, the first match wins."""

import re
import string
from itertools import product

import pytest

from emulation.functions_host import http_trigger
from emulation.functions_host.function import Binding, Function
from emulation.functions_host.http_trigger import Endpoint
from integration.config.keys.function_names import KINDS, RESERVED
from integration.functions.app import build
from integration.functions.http import OPERATIONS
from tests.unit.functions.test_app import CONFIGURATION, SETTINGS, registered

CLIENTS = (
    '[entra]\ntenant = "11111111-2222-3333-4444-555555555555"\naudiences = ["api://fno-link"]\n[[clients]]\n'
    'name = "portal"\napp_id = "0a1b2c3d-0000-4000-8000-000000000002"\nall_organizations = true\n'
)
HEAD = (
    CONFIGURATION.split("[sources.erp]", maxsplit=1)[0]
    + CLIENTS
    + ('[targets.orders]\nkind = "storage_queue"\nqueue = "orders"\n[[routes]]\nname = "all"\ntarget = "orders"\n')
)
LETTERS = [*string.ascii_lowercase, *string.digits]
# What stands around our own function names in the alphabet, and what was shadowed on Azure.
NASTY = [
    "warehouse", "wms", "vendors", "usmf", "unknown", "zz-zz", "z" * 40, "9" * 40, "a--z", "source", "events", "event",
    "replay", "release", "purge", "jobs", "health", "details", "intake", "intake-unknown", "poison", "id", "unknowz",
]  # fmt: skip


def endpoints(tmp_path, names: list[str], text: str = HEAD) -> list[Endpoint]:
    """Return the app's HTTP functions as the host orders them."""
    sources = "".join(f'[sources.{name}]\nkind = "http"\norganization = "contoso"\n' for name in names)
    file = tmp_path / "fno-link.toml"
    file.write_text(text + sources)
    functions: list[Function] = []
    for each in build({**SETTINGS, "FNO_LINK_CONFIG": str(file)}).get_functions():
        bindings = each.get_bindings_dict()["bindings"]
        trigger = next(binding for binding in bindings if binding["type"].endswith("Trigger"))
        shown = {key: getattr(value, "name", value) for key, value in trigger.items()}
        shown["methods"] = [method.name for method in trigger.get("methods", [])]
        functions.append(Function("", each.get_function_name(), Binding("req", trigger["type"], "in", shown), (), None))
    return http_trigger.endpoints(functions, "api", str)


def answers(all_endpoints: list[Endpoint], method: str, path: str) -> str | None:
    """Return the function that answers."""
    found = http_trigger.find(all_endpoints, method, path)
    return found[0].function.name if found else None


@pytest.mark.parametrize("method", ["POST", "OPTIONS"])
def test_a_source_of_any_name_answers_for_itself(tmp_path, method):
    names = [*LETTERS, *NASTY]
    found = endpoints(tmp_path, names)
    assert {name: answers(found, method, f"/api/events/{name}") for name in names} == {
        name: f"intake_{name.replace('-', '_')}" for name in names
    }
    assert answers(found, method, "/api/events/nobody") == "unknown_source"


def test_no_function_stands_behind_another_that_takes_its_requests(tmp_path):
    found = endpoints(tmp_path, [*LETTERS, *NASTY])
    for endpoint in found:
        path = "/" + re.sub(r"\{[^}]*\}", "something-else", endpoint.route.template)
        for method in endpoint.methods:
            assert answers(found, method, path) == endpoint.function.name


def test_what_an_operator_calls_by_a_word_is_no_id_of_something_else(tmp_path):
    # Whatever the functions are called: where a literal stands, no parameter of another route with the same method.
    found = [each for each in endpoints(tmp_path, ["erp"]) if each.function.name != "unknown_source"]
    for one, other in product(found, found):
        if one is not other and one.methods & other.methods:
            path = "/" + re.sub(r"\{[^}]*\}", "something-else", one.route.template)
            assert other.route.match(path) is None, (one.route.template, other.route.template)


def test_the_table_of_operations_stands_in_the_order_of_the_host():
    names = [operation.name for operation in OPERATIONS]
    assert names == sorted(set(names), key=str.lower)


def test_only_what_takes_no_key_or_has_forms_takes_no_token():
    assert {each.name for each in OPERATIONS if each.role is None} == {"health", "openapi", "status_operator"}
    assert {each.method for each in OPERATIONS if each.role == "events.read"} == {"GET"}
    assert {each.method for each in OPERATIONS if each.role in {"events.replay", "operations.write"}} <= {
        "POST",
        "DELETE",
    }


def test_what_takes_a_token_is_again_below_entra_and_asks_for_no_key(tmp_path):
    found = endpoints(tmp_path, ["erp"])
    open_ones = {each.function.name: each.route.template for each in found if each.level == "anonymous"}
    wanted = {f"entra_{each.name}": f"api/entra/{each.route}" for each in OPERATIONS if each.role is not None}
    assert open_ones == {**wanted, "health": "api/health", "openapi": "api/openapi.json"}


def test_without_clients_nothing_more_is_open(tmp_path):
    found = endpoints(tmp_path, ["erp"], HEAD.replace(CLIENTS, ""))
    assert [each.function.name for each in found if each.level == "anonymous"] == ["health", "openapi"]


def test_a_stranger_sees_the_same_for_a_source_that_exists_and_one_that_does_not(tmp_path):
    found = endpoints(tmp_path, ["erp", "warehouse"])
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
        seen = set[str | None]()
        for name in ("erp", "warehouse", "nobody", "zzz", "0"):
            match = http_trigger.find(found, method, f"/api/events/{name}")
            seen.add(match[0].level if match else None)
        assert len(seen) == 1
        assert "anonymous" not in seen


def test_with_problems_every_source_is_told_to_come_again(tmp_path):
    found = endpoints(tmp_path, ["erp"], "what = 1\n" + HEAD)
    assert answers(found, "POST", "/api/events/erp") == "intake_degraded"
    assert answers(found, "GET", "/api/health") == "health"


@pytest.mark.parametrize("name", ["unknown-source", "degraded"])
def test_a_source_that_would_be_called_like_one_of_our_functions_leaves_the_intake_up(tmp_path, name):
    found = endpoints(tmp_path, ["erp", name])
    assert answers(found, "POST", "/api/events/erp") == "intake_degraded"


def test_only_reserved_names_of_our_functions_could_be_those_of_a_source(tmp_path):
    ours = [*registered(tmp_path, HEAD), *registered(tmp_path, "no TOML [")]
    prefixes = tuple(f"{kind}_" for kinds in KINDS.values() for kind in kinds)
    assert {name for name in ours if name.startswith(prefixes)} <= RESERVED
