"""A deployed app is asked with a token of Entra: of the Azure CLI, or of who signs in; what is refused says why."""

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
import pytest

from emulation.dynamics import Api, App, Granted, User
from emulation.dynamics.people import AZURE_CLI
from integration.cli.app_token import role_of
from integration.cli.frame import run
from integration.functions.http import OPERATIONS
from tests.fixtures.azure_cli import NOT_SIGNED_IN, FakeAzureCli

OWN = "0a1b2c3d-0000-4000-8000-0000000000f4"
URI = "api://fno-link"
ADA = "ada@contoso.onmicrosoft.com"


class Deployed(ThreadingHTTPServer):
    """An app that answers what the test says, and remembers paths and tokens."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str, str]] = []
        self.answer: tuple[int, bytes] = (200, b'{"events": [], "next": null}')

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Deployed

    def do_GET(self) -> None:
        header = self.headers.get
        self.server.asked.append((self.path, header("authorization", ""), header("x-functions-key", "")))
        status, body = self.server.answer
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if status == 200 else "application/problem+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def deployed():
    with Deployed() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def az(dynamics, tmp_path, monkeypatch):
    for name in ("FNO_LINK_KEY", "FNO_LINK_APP_CLOUD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FNO_LINK_APP_TENANT", dynamics.tenant.id)
    monkeypatch.setenv("FNO_LINK_APP_AUDIENCE", URI)
    exposed = Api(uris=(URI,), roles=("events.read", "events.replay"), pre_authorized=(AZURE_CLI,))
    dynamics.control.add_app(App(OWN, api=exposed))
    dynamics.control.add_user(User(ADA, granted=(Granted(OWN, ("events.read",)),)))
    program = FakeAzureCli(tmp_path, f"http://127.0.0.1:{dynamics.ports['control']}")
    program.signs_in(ADA)
    monkeypatch.setenv("PATH", program.path)
    return program


def asks(deployed, *more: str) -> int:
    return run(["events", "list", "--json", "--app", deployed.url, *more])


def test_the_token_of_the_azure_cli_is_shown_below_entra(az, deployed, dynamics):
    assert asks(deployed) == 0
    [(path, shown, key)] = deployed.asked
    assert (path.partition("?")[0], key) == ("/api/entra/events", "")
    claims = jwt.decode(shown.removeprefix("Bearer "), options={"verify_signature": False})
    assert (claims["aud"], claims["roles"], claims["scp"]) == (URI, ["events.read"], "user_impersonation")
    asked = az.asked[0]
    assert asked[:2] == ["account", "get-access-token"]
    assert asked[asked.index("--tenant") + 1] == dynamics.tenant.id


def test_a_key_goes_first_and_no_token_is_asked_for(az, deployed, monkeypatch):
    monkeypatch.setenv("FNO_LINK_KEY", "secret")
    assert asks(deployed) == 0
    assert [(path.partition("?")[0], *shown) for path, *shown in deployed.asked] == [("/api/events", "", "secret")]
    assert not az.asked


def test_whoever_signs_in_now_is_asked_where_to_type_what(az, deployed, dynamics, capsys):
    az.says(NOT_SIGNED_IN)
    done = threading.Event()

    def answer() -> None:
        while not done.wait(0.1):
            for code in dynamics.control.pending_devices():
                dynamics.control.answer_device(code, ADA)

    person = threading.Thread(target=answer)
    person.start()
    try:
        assert asks(deployed, "--device-code") == 0
    finally:
        done.set()
        person.join()
    assert "enter the code" in capsys.readouterr().err
    assert deployed.asked[0][1].startswith("Bearer ")
    assert not az.asked


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((401, b'{"code": "CallerUnknown", "detail": "d"}'), r"takes no token of tenant .* for api://fno-link"),
        ((401, b""), r"FNO_LINK_APP_AUDIENCE must be what"),
        (
            (403, b'{"code": "CallerRefused", "detail": "d"}'),
            r"although the token has the role events.read.*people = true",
        ),
        ((404, b""), r"needs \[entra\] and \[\[clients\]\]"),
        ((404, b'{"code": "UnknownOrganization", "detail": "none of that name"}'), r"none of that name"),
        ((503, b'{"code": "Unreachable", "detail": "Entra"}'), r"answered 503: Unreachable"),
    ],
)
def test_what_the_app_refuses_is_explained_by_the_token(az, deployed, capsys, answer, said):
    deployed.answer = answer
    assert asks(deployed) in {1, 3}
    err = capsys.readouterr().err
    assert re.search(said, err)
    assert deployed.asked[0][1].split(".")[1] not in err


def test_the_role_that_is_missing_is_named(az, deployed, capsys):
    deployed.answer = (403, b'{"code": "CallerRefused", "detail": "d"}')
    assert run(["dead-letters", "replay", "--all", "--no-wait", "--app", deployed.url]) == 1
    assert "the token has not the role events.replay (it has events.read)" in capsys.readouterr().err


def test_what_entra_refuses_is_explained_for_an_app(az, deployed, dynamics, capsys, monkeypatch):
    def said() -> str:
        assert asks(deployed) == 3
        return capsys.readouterr().err

    az.says(NOT_SIGNED_IN)
    assert f"az login --tenant {dynamics.tenant.id} --scope {URI}/.default" in said()
    az.signs_in(ADA)
    dynamics.control.add_app(App(OWN, api=Api(uris=(URI,))))
    assert re.search("AADSTS65001.*docs/deploy.md", said(), re.DOTALL)
    monkeypatch.setenv("FNO_LINK_APP_AUDIENCE", "api://nobody")
    assert re.search("AADSTS500011.*FNO_LINK_APP_AUDIENCE must be", said(), re.DOTALL)
    monkeypatch.setenv("FNO_LINK_APP_TENANT", "nowhere.onmicrosoft.com")
    assert "AADSTS90002" in said()
    assert not deployed.asked


@pytest.mark.parametrize(
    "told",
    [
        ({"FNO_LINK_APP_TENANT": ""}, (), "FNO_LINK_APP_TENANT is not set"),
        ({"FNO_LINK_APP_AUDIENCE": " "}, (), "FNO_LINK_APP_AUDIENCE is not set"),
        ({"FNO_LINK_APP_TENANT": "a b"}, (), "a tenant is an id or a domain"),
        ({"FNO_LINK_APP_CLOUD": "moon"}, (), "one of public"),
        ({"FNO_LINK_KEY": "k"}, ("--device-code",), "exclude each other"),
        ({"FNO_LINK_APP_TENANT": "", "FNO_LINK_APP_AUDIENCE": ""}, ("--device-code",), "--device-code needs"),
    ],
)
@pytest.mark.usefixtures("az")
def test_what_does_not_fit_together_is_wrong_usage(deployed, capsys, monkeypatch, told):
    environ, more, said = told
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert asks(deployed, *more) == 2
    assert said in capsys.readouterr().err
    assert not deployed.asked


def test_nobody_signs_in_where_no_app_is_asked(az, capsys):
    assert run(["events", "list", "--device-code"]) == 2
    assert "goes with --app" in capsys.readouterr().err


def test_the_role_of_each_operation_is_that_of_the_table():
    for each in OPERATIONS:
        if each.role is not None:
            assert role_of(each.method, each.route) == each.role, each.name
