"""HTTP on the local host as Azure has it: keys, methods, limits and timeouts, and a stop that lets requests finish."""

import contextlib
import socket
import threading
from pathlib import Path

import httpx

ECHO = """
import json

@app.route("echo/{a}/{b?}", methods=["GET", "POST", "HEAD"])
async def echo(req: func.HttpRequest) -> func.HttpResponse:
    seen = {
        "method": req.method, "url": req.url, "params": dict(req.route_params), "query": dict(req.params),
        "header": req.headers.get("x-seen"), "body": req.get_body().hex(),
    }
    return func.HttpResponse(json.dumps(seen), mimetype="application/json", headers={"x-echo": "yes"})
"""


def test_a_request_reaches_the_function_whole(run, http):
    host = run(ECHO)
    body = bytes(range(256))
    answer = http.post(
        f"{host.url}/api/echo/one%2Ftwo/3?q=1&q=2&empty=",
        content=body,
        headers={"x-functions-key": host.key, "X-Seen": "value"},
    )
    assert answer.status_code == 200
    assert answer.headers["x-echo"] == "yes"
    assert answer.headers["content-type"].startswith("application/json")
    seen = answer.json()
    assert seen["method"] == "POST"
    assert seen["url"] == f"{host.url}/api/echo/one%2Ftwo/3?q=1&q=2&empty="
    assert seen["params"] == {"a": "one%2Ftwo", "b": "3"}
    assert seen["query"] == {"q": "1,2"}
    assert seen["header"] == "value"
    assert bytes.fromhex(seen["body"]) == body
    # A form is no more to the host than its bytes: with the worker's RawHttpBodyBytes nothing is read as text.
    form = b"do=acknowledge&note=M%C3%BCller+%26+S%F6hne&raw=\xff\xfc"
    sent = {"x-functions-key": host.key, "content-type": "application/x-www-form-urlencoded"}
    posted = http.post(f"{host.url}/api/echo/x?Q=1&q=2", content=form, headers=sent).json()
    assert bytes.fromhex(posted["body"]) == form
    assert posted["query"] == {"Q": "1,2"}


def test_head_has_no_body_and_other_methods_are_not_found(run, http):
    host = run(ECHO)
    head = http.head(f"{host.url}/api/echo/x", headers={"x-functions-key": host.key})
    assert (head.status_code, head.content) == (200, b"")
    assert http.put(f"{host.url}/api/echo/x", headers={"x-functions-key": host.key}).status_code == 404
    assert http.get(f"{host.url}/api/nothing", headers={"x-functions-key": host.key}).status_code == 404


LEVELS = """
@app.route("open", auth_level=func.AuthLevel.ANONYMOUS)
def open_(req: func.HttpRequest) -> str:
    return "open"

@app.route("one", auth_level=func.AuthLevel.FUNCTION)
def one(req: func.HttpRequest) -> str:
    return "one"

@app.route("two", auth_level=func.AuthLevel.FUNCTION)
def two(req: func.HttpRequest) -> str:
    return "two"

@app.route("closed", auth_level=func.AuthLevel.ADMIN)
def closed(req: func.HttpRequest) -> str:
    return "closed"
"""


def test_keys_open_what_they_should_and_nothing_else(run, http):
    host = run(LEVELS, keys={"one/sender": "sender-key", "partner": "partner-key"})

    def status(path: str, key: str | None = None) -> int:
        return http.get(f"{host.url}/api/{path}", headers={} if key is None else {"x-functions-key": key}).status_code

    own = host.function_keys["one"]["default"]
    assert [status(path) for path in ("open", "one", "closed")] == [200, 401, 401]
    assert [status("one", key) for key in (own, "sender-key", "partner-key", host.key, host.master_key)] == [200] * 5
    assert [status("two", key) for key in (own, "sender-key", "", "wrong", "schlüssel".encode())] == [401] * 5
    assert [status("closed", key) for key in (host.key, own, host.master_key)] == [401, 401, 200]
    assert http.get(f"{host.url}/api/one?code={own}").text == "one"
    assert http.get(f"{host.url}/api/one?code=wrong").status_code == 401
    assert http.get(f"{host.url}/api/one?Code={own}").text == "one"
    assert http.get(f"{host.url}/api/one?code={own}&code=wrong").text == "one"
    assert http.get(f"{host.url}/api/one?code=wrong&code={own}").status_code == 401


def test_without_keys_every_level_is_open(run, http):
    host = run(LEVELS, enforce_keys=False)
    assert [http.get(f"{host.url}/api/{path}").status_code for path in ("open", "one", "closed")] == [200] * 3


ANSWERS = """
from http.cookies import SimpleCookie

@app.route("raises")
def raises(req: func.HttpRequest) -> str:
    raise ValueError("went wrong")

@app.route("status/{code:int}")
def status(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(status_code=int(req.route_params["code"]))

@app.route("status/{word}/text")
def shadows(req: func.HttpRequest) -> str:
    return "first by name"

@app.route("status/plain/text")
def text(req: func.HttpRequest) -> str:
    return "behind a parameter"
"""


def test_a_function_that_raises_is_500_with_its_traceback_in_the_log(run, http):
    host = run(ANSWERS, enforce_keys=False)
    failed = http.get(f"{host.url}/api/raises")
    assert (failed.status_code, failed.content) == (500, b"")
    host.wait_for_log("ValueError: went wrong")
    assert "Traceback" in host.log
    assert http.get(f"{host.url}/api/status/503").status_code == 503
    assert http.get(f"{host.url}/api/status/plain/text").text == "first by name"
    assert http.get(f"{host.url}/api/status/other").status_code == 404


def test_the_route_prefix_is_that_of_host_json(run, http):
    host = run(ANSWERS, {"extensions": {"http": {"routePrefix": ""}}}, enforce_keys=False)
    assert http.get(f"{host.url}/status/201").status_code == 201
    assert http.get(f"{host.url}/api/status/201").status_code == 404


SLOW = """
import asyncio

@app.route("slow")
async def slow(req: func.HttpRequest) -> str:
    print("began", flush=True)
    await asyncio.sleep(float(req.params.get("s", "30")))
    print("ended", flush=True)
    return "done"
"""


def test_more_outstanding_requests_than_allowed_are_429(run, http):
    limits = {"extensions": {"http": {"maxOutstandingRequests": 1, "maxConcurrentRequests": 1}}}
    host = run(SLOW, limits, enforce_keys=False, drain=1)
    answers: list[int] = []
    first = threading.Thread(
        target=lambda: answers.append(httpx.get(f"{host.url}/api/slow?s=1", trust_env=False).status_code)
    )
    first.start()
    host.wait_for_log("began")
    assert http.get(f"{host.url}/api/slow?s=0").status_code == 429
    first.join()
    assert answers == [200]
    assert http.get(f"{host.url}/api/slow?s=0").status_code == 200


def test_a_caller_is_given_up_and_the_function_goes_on(run, http):
    host = run(SLOW, enforce_keys=False, response_limit=0.2)
    assert http.get(f"{host.url}/api/slow?s=1").status_code == 504
    host.wait_for_log("ended")


def test_a_function_that_takes_too_long_fails(run, http):
    host = run(SLOW, {"functionTimeout": "00:00:01"}, enforce_keys=False)
    assert http.get(f"{host.url}/api/slow").status_code == 500
    host.wait_for_log("Timeout value of 1 s exceeded by function 'Functions.slow'.")


def raw(url: str, head: str, body: bytes = b"") -> bytes:
    """Send a request byte for byte and return the answer until the host closes."""
    with socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1])), timeout=30) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + b"Connection: close\r\n\r\n" + body)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_body_without_a_length_never_reaches_python(run, http):
    host = run(ECHO, enforce_keys=False)
    url = f"{host.url}/api/echo/x"
    assert http.post(url, content=b"all of it").json()["body"] == b"all of it".hex()
    assert http.post(url, content=iter([b"in ", b"chunks"])).json()["body"] == ""
    head = "POST /api/echo/x HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n"
    chunks = b"3\r\nabc\r\n0\r\n\r\n"
    assert b'"body": ""' in raw(host.url, head, chunks)
    # What a proxy makes that says both: the coding counts.
    assert b'"body": ""' in raw(host.url, head + "Content-Length: 3\n", chunks)


def test_a_body_above_the_limit_is_500_as_in_azure(run, http):
    host = run(ECHO, enforce_keys=False, env={"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "1000"})
    url = f"{host.url}/api/echo/x"
    assert http.post(url, content=b"x" * 1000).status_code == 200
    assert http.post(url, content=b"x" * 1001).status_code == 500
    host.wait_for_log("Request body too large. The max request body size is 1000 bytes.")


def test_who_has_no_key_costs_no_memory(run):
    host = run(LEVELS)
    before = resident(host.pid)
    head = f"POST /api/one HTTP/1.1\nHost: x\nContent-Length: {64 * MEBIBYTE}\n"
    for _ in range(4):
        with contextlib.suppress(ConnectionError):  # the host may close before all of it was sent
            assert raw(host.url, head, b"x" * (64 * MEBIBYTE)).startswith(b"HTTP/1.1 401")
    assert resident(host.pid) - before < 16 * MEBIBYTE


MEBIBYTE = 1024 * 1024


def resident(pid: int) -> int:
    """Return the most memory that a process has had."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def test_a_function_that_is_switched_off_keeps_its_place(run, http):
    source = """
@app.route("things/{name}")
def b_all(req: func.HttpRequest) -> str:
    return "all"

@app.route("things/one")
def a_one(req: func.HttpRequest) -> str:
    return "one"
"""
    host = run(source, env={"AzureWebJobs.a_one.Disabled": "true"})

    def status(path: str, key: str) -> int:
        return http.get(f"{host.url}/api/things/{path}", headers={"x-functions-key": key}).status_code

    assert [status("two", host.key), status("one", host.key), status("one", "wrong")] == [200, 404, 401]
    assert status("one", host.master_key) == 200


def test_the_admin_surface_asks_for_the_master_key(run, http):
    host = run(LEVELS)
    status = f"{host.url}/admin/host/status"
    assert http.get(status).status_code == 401
    assert http.get(status, headers={"x-functions-key": host.key}).status_code == 401
    master = {"x-functions-key": host.master_key}
    assert http.get(status, headers=master).json()["state"] == "Running"
    listed = http.get(f"{host.url}/admin/functions", headers=master).json()
    assert {function["name"] for function in listed} == {"open_", "one", "two", "closed"}
    assert http.get(f"{host.url}/admin/functions/ONE", headers=master).json()["name"] == "one"
    assert http.get(f"{host.url}/admin/functions/none", headers=master).status_code == 404


def test_a_stop_lets_a_request_finish(run):
    host = run(SLOW, enforce_keys=False)
    answers: list[str] = []
    request = threading.Thread(
        target=lambda: answers.append(httpx.get(f"{host.url}/api/slow?s=1", trust_env=False).text)
    )
    request.start()
    host.wait_for_log("began")
    assert host.stop() == 0
    request.join()
    assert answers == ["done"]


def test_a_stop_gives_up_what_outlasts_the_drain(run):
    host = run(SLOW, enforce_keys=False, drain=0.5)
    with socket.create_connection(("127.0.0.1", int(host.url.rsplit(":", 1)[1]))) as connection:
        connection.sendall(b"GET /api/slow HTTP/1.1\r\nHost: x\r\n\r\n")
        host.wait_for_log("began")
        assert host.stop() == 0
    assert "ended" not in host.log
