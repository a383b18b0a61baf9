"""CORS of the local host, as ASP.NET Core's middleware in the real one."""

import json

import pytest
from starlette.requests import Request

from emulation.functions_host.cors import Cors, read
from emulation.functions_host.errors import HostError
from emulation.functions_host.settings import Settings

ONE, TWO = "https://one.example", "https://two.example"


def request(method="GET", **headers):
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": method, "path": "/", "query_string": b"", "headers": named})


def test_an_answer_names_the_origin_that_may_read_it():
    cors = Cors((ONE, TWO))
    assert cors.headers(request()) == {}
    assert cors.headers(request(origin=ONE)) == {"Access-Control-Allow-Origin": ONE, "Vary": "Origin"}
    assert cors.headers(request(origin="https://other.example")) == {"Vary": "Origin"}
    assert Cors((ONE,), credentials=True).headers(request(origin="HTTPS://ONE.EXAMPLE")) == {
        "Access-Control-Allow-Origin": "HTTPS://ONE.EXAMPLE",
        "Access-Control-Allow-Credentials": "true",
    }
    assert Cors(("*",)).headers(request(origin=ONE)) == {"Access-Control-Allow-Origin": "*"}


def test_only_a_preflight_is_answered_in_the_place_of_the_app():
    asks = {"origin": ONE, "access_control_request_method": "POST"}
    assert Cors((ONE,)).preflight(request(**asks)) is None  # no OPTIONS
    assert Cors((ONE,)).preflight(request("OPTIONS", origin=ONE, webhook_request_origin="eventgrid.azure.net")) is None
    assert Cors((ONE,)).preflight(request("OPTIONS", access_control_request_method="POST")) is None
    told = Cors((ONE,)).preflight(request("OPTIONS", **asks))
    assert (told.status_code, told.headers["access-control-allow-methods"]) == (204, "POST")
    # Off, or of a foreign origin: 204 all the same, and the browser refuses for itself.
    told = Cors().preflight(request("OPTIONS", **asks))
    assert told.status_code == 204
    assert not [name for name in told.headers if name.startswith("access-control")]


def test_who_is_allowed_stands_in_the_settings_or_where_core_tools_look(tmp_path):
    file = tmp_path / "local.settings.json"
    assert read(Settings({}), file) == Cors()
    file.write_text(json.dumps({"Host": {"CORS": f"{ONE}/,{TWO}", "CORSCredentials": True}}))
    assert read(Settings({}), file) == Cors((ONE, TWO), credentials=True)
    assert read(Settings({"CORS_ALLOWED_ORIGINS": json.dumps([ONE])}), file) == Cors((ONE,))


@pytest.mark.parametrize(
    "settings",
    [
        {"CORS_ALLOWED_ORIGINS": '["*"]', "CORS_SUPPORT_CREDENTIALS": "True"},
        {"CORS_ALLOWED_ORIGINS": "https://one.example"},
    ],
)
def test_what_the_real_host_does_not_start_with_is_refused(tmp_path, settings):
    with pytest.raises(HostError):
        read(Settings(settings), tmp_path / "none.json")
