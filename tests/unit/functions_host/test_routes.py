import pytest

from emulation.functions_host.errors import HostError
from emulation.functions_host.routes import parse


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
        ("items/{id}", "/items/a%2Fb", {"id": "a/b"}),
        ("", "/", {}),
    ],
)
def test_a_path_matches_a_template_as_in_aspnet(template, path, values):
    assert parse(template).match(path) == values


def test_routes_are_tried_literals_first_and_catch_alls_last():
    templates = ["{*rest}", "a/{x}", "a/{x:int}", "a/b", "{x}/b", "a/{x}/c", "a"]
    routes = sorted(map(parse, templates), key=lambda route: route.precedence)
    tried = [route.template for route in routes]
    assert tried.index("a/b") < tried.index("a/{x:int}") < tried.index("a/{x}") < tried.index("{x}/b")
    assert tried[-1] == "{*rest}"


@pytest.mark.parametrize("template", ["a/{", "a}/b", "{x:nothing}", "{*rest}/more", "a?b"])
def test_a_wrong_template_is_refused_with_its_text(template):
    with pytest.raises(HostError, match="Route "):
        parse(template)
