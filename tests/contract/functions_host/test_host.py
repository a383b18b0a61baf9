"""The local host as a process: what ends it says why, settings and traces reach the app, nothing is left behind."""

import json
import signal
import subprocess
import sys

import pytest

from emulation.child import Child, ChildFailed
from emulation.functions_host import FunctionsHost
from tests.processes import alive, wait_until_ended

HELLO = """
import logging, os

@app.route("hello")
def hello(req: func.HttpRequest, context: func.Context) -> str:
    logging.warning("hello from a thread")
    return os.environ.get("GREETING", "none") + " " + context.trace_context.Traceparent

@app.route("hello/async")
async def hello_async(req: func.HttpRequest, context: func.Context) -> str:
    logging.warning("hello from the loop")
    return context.invocation_id
"""


def test_the_worker_own_refusal_ends_the_host_and_is_shown(run):
    broken = """
    @app.route("a")
    def a(context, req: func.HttpRequest) -> str:
        return ""

    @app.route("b")
    @app.function_name("a")
    def b(req: func.HttpRequest) -> str:
        return ""
    """
    with pytest.raises(ChildFailed, match=r"exit code 1[\s\S]*does not have a unique function name"):
        run(broken)


def test_an_app_that_cannot_be_imported_ends_the_host_and_is_shown(run):
    with pytest.raises(ChildFailed, match=r"exit code 1[\s\S]*no_such_module"):
        run("import no_such_module")


def test_a_trigger_that_is_not_offered_ends_the_host_and_is_named(run, azurite):
    blob = """
    @app.blob_trigger(arg_name="blob", path="c/{name}", connection="AzureWebJobsStorage")
    def on_blob(blob: func.InputStream) -> None:
        pass
    """
    with pytest.raises(ChildFailed, match="no trigger of type 'blobTrigger'"):
        run(blob, env={"AzureWebJobsStorage": azurite.connection_string})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"version": "1.0"}', "is wrong: Invalid enum value"),
        ('{"version": "2.0", "functionTimeout": "soon"}', "is not a time span"),
        ("{", "is wrong"),
    ],
)
def test_a_wrong_host_json_ends_the_host_and_is_explained(write, content, message):
    folder = write(HELLO)
    (folder / "host.json").write_text(content)
    with pytest.raises(ChildFailed, match=message), FunctionsHost(folder):
        pass


def test_local_settings_hold_under_the_environment(write, http):
    folder = write(HELLO)
    (folder / "local.settings.json").write_text(json.dumps({"IsEncrypted": False, "Values": {"GREETING": "file"}}))
    with FunctionsHost(folder, enforce_keys=False) as host:
        assert http.get(f"{host.url}/api/hello").text.startswith("file ")
    with FunctionsHost(folder, enforce_keys=False, env={"GREETING": "environment"}) as host:
        assert http.get(f"{host.url}/api/hello").text.startswith("environment ")


def test_a_function_is_switched_off_by_its_setting(run, http):
    host = run(HELLO, env={"AzureWebJobs.hello.Disabled": "true"})
    assert [function["name"] for function in host.functions] == ["hello_async"]
    key = host.function_keys["hello"]["default"]
    assert http.get(f"{host.url}/api/hello", headers={"x-functions-key": key}).status_code == 404
    # Who may do everything may call it all the same, as on Azure.
    assert http.get(f"{host.url}/api/hello", headers={"x-functions-key": host.master_key}).status_code == 200


def test_log_records_name_their_invocation(run, http):
    host = run(HELLO, enforce_keys=False)
    invocation = http.get(f"{host.url}/api/hello/async").text
    assert f"[{invocation}] WARNING root: hello from the loop" in host.log
    http.get(f"{host.url}/api/hello")
    [line] = [line for line in host.log.splitlines() if "hello from a thread" in line]
    assert len(line.split("] [")[1].split("]")[0]) == 36


@pytest.mark.parametrize("telemetry", ["false", "true"])
def test_the_caller_trace_reaches_the_function(run, http, telemetry):
    host = run(HELLO, enforce_keys=False, env={"PYTHON_ENABLE_OPENTELEMETRY": telemetry})
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answered = http.get(f"{host.url}/api/hello", headers={"traceparent": parent}).text
    version, trace, span, flags = answered.removeprefix("none ").split("-")
    assert [version, trace, flags] == ["00", parent[3:35], "01"]
    assert span != parent[36:52], "the host has a span of its own between the two"
    assert len(http.get(f"{host.url}/api/hello").text.removeprefix("none ")) == len(parent), "and where nobody calls"


def test_a_killed_host_comes_back_on_its_port_with_its_keys(run, http):
    host = run(HELLO)
    url, key = host.url, host.key
    assert host.kill() == -signal.SIGKILL
    host.restart()
    assert (host.url, host.key) == (url, key)
    assert http.get(f"{url}/api/hello", headers={"x-functions-key": key}).status_code == 200


def test_the_host_ends_when_its_parent_is_killed(write, tmp_path):
    code = (
        "import sys, pathlib\n"
        "from emulation.functions_host import FunctionsHost\n"
        "host = FunctionsHost(pathlib.Path(sys.argv[1])); host.start(); print(host.pid, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(write(HELLO))]
    with Child("its parent", command, log=tmp_path / "log") as parent:
        pid = parent.wait_until(lambda output: int(output) if output.endswith("\n") else None, seconds=120)
        assert alive(pid)
        parent.kill()
        wait_until_ended(pid)


def test_a_port_in_use_is_wrong_and_named(run, write):
    first = run(HELLO)
    port = int(first.url.rsplit(":", 1)[1])
    with pytest.raises(ChildFailed, match=f"Port {port} cannot be used"), FunctionsHost(write(HELLO), port=port):
        pass


@pytest.mark.parametrize("arguments", [[], ["--app", ".", "--key", "no-value"], ["--app", ".", "--settings", "/none"]])
def test_wrong_usage_ends_with_2(arguments):
    command = [sys.executable, "-m", "emulation.functions_host", *arguments]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 2


def test_the_app_folder_stays_as_it_was(run, write, http):
    folder = write(HELLO)
    before = {path.name for path in folder.iterdir()}
    host = run(HELLO, enforce_keys=False, env={"PYTHONDONTWRITEBYTECODE": "1"})
    http.get(f"{host.url}/api/hello")
    assert {path.name for path in folder.iterdir()} == before
