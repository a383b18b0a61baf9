"""Requests find their function as in ASP.NET: templates, their order, and methods that do not fit."""

import pytest

from emulation.functions_host.errors import HostError
from emulation.functions_host.function import Binding, Function
from emulation.functions_host.http_trigger import endpoints, find
from emulation.functions_host.routes import decoded, parse


@pytest.mark.parametrize(
    ("template", "path", "values"),
    [
        ("items", "/items", {}),
        ("Items/List", "/items/list/", {}),
        ("items/{id}", "/items/7", {"id": "7"}),
        ("items/{id}", "/items", None),
        ("items/{id}", "/items/7/8", None),
        ("items/{id?}", "/items", {}),
        ("items/{id:int}", "/items/-7", {"id": "-7"}),
        ("items/{id:int}", "/items/2147483648", None),
        ("items/{id:long}", "/items/2147483648", {"id": "2147483648"}),
        ("items/{id:int:range(1,5)}", "/items/6", None),
        ("items/{id:int?}", "/items", {}),
        ("items/{id:int?}", "/items/x", None),
        ("items/{id=first}", "/items", {"id": "first"}),
        (
            "items/{id:guid}",
            "/items/6d81d1c4-0000-4000-8000-00000000000a",
            {"id": "6d81d1c4-0000-4000-8000-00000000000a"},
        ),
        ("items/{name:alpha}", "/items/a1", None),
        ("items/{name:length(2,3)}", "/items/abc", {"name": "abc"}),
        ("items/{name:regex(^a[0-9]$)}", "/items/b", None),
        ("items/{on:bool}", "/items/TRUE", {"on": "TRUE"}),
        ("items/{at:datetime}", "/items/2026-01-01", {"at": "2026-01-01"}),
        ("items/{x:double}", "/items/1e3", {"x": "1e3"}),
        ("files/{*path}", "/files/a/b/c", {"path": "a/b/c"}),
        ("files/{*path}", "/files", {"path": ""}),
        ("files/{name}.{ext}", "/files/a.b.txt", {"name": "a", "ext": "b.txt"}),
        ("v{version:int}/x", "/v2/x", {"version": "2"}),
        ("v{version:int}/x", "/vtwo/x", None),
        ("items/{id}", "/items/a%2Fb", {"id": "a%2Fb"}),
        ("items/{id}", "/items/a%20b%c3%a9", {"id": "a bé"}),
        ("items/{id}", "/items/%ff%2f%20", {"id": "%ff%2f "}),
        ("items/{id}", "/other/%2e%2e/items/7", {"id": "7"}),
        ("items/{id}", "/items/x/../7", {"id": "7"}),
        ("items/{id}", "/items/7/.", {"id": "7"}),
        ("items", "/../items", {}),
        ("", "/", {}),
    ],
)
def test_a_path_matches_a_template_as_in_aspnet(template, path, values):
    assert parse(template).match(decoded(path)) == values


def endpoint(name: str, route: str, *methods: str) -> Function:
    given = {"route": route, "authLevel": "ANONYMOUS", "methods": list(methods)}
    return Function("", name, Binding("req", "httpTrigger", "in", given), (), None)


def tried(*functions: Function) -> list[str]:
    return [each.function.name for each in endpoints(functions, "api", str)]


def test_routes_are_tried_in_the_order_of_the_functions_names_whatever_they_hold():
    functions = endpoint("b", "events/{x}"), endpoint("C", "events/y"), endpoint("a_", "x"), endpoint("Az", "{*rest}")
    assert tried(*functions) == ["Az", "a_", "b", "C"]
    found = endpoints(functions[:2], "api", str)
    match = find(found, "POST", "/api/events/y")
    assert match is not None
    assert (match[0].function.name, match[1]) == ("b", {"x": "y"})


def test_a_route_whose_methods_do_not_fit_leaves_the_request_to_the_next():
    found = endpoints((endpoint("a", "events/{x}", "GET"), endpoint("b", "events/y", "POST")), "api", str)
    match = find(found, "POST", "/api/events/y")
    assert match is not None
    assert match[0].function.name == "b"
    assert find(found, "PUT", "/api/events/y") is None


@pytest.mark.parametrize("template", ["a/{", "a}/b", "{x:nothing}", "{*rest}/more", "a?b"])
def test_a_wrong_template_is_refused_with_its_text(template):
    with pytest.raises(HostError, match="Route "):
        parse(template)
