"""The namespace that the SDK's tests talk to: the local broker under Azure's host names, with TLS.

A pytest plugin of the process that runs the downloaded tests. The SDK stays as it is; what stands in for Azure's DNS
and public certificate authority is `socket.getaddrinfo` and `SSL_CERT_FILE`. Names that no preparer made do not
resolve, so nothing leaves this machine.
"""

import json
import os
import socket
from pathlib import Path

import certifi

from emulation.service_bus import Control, Key

TLS_PORTS = {5671, 443}
LOCAL = {"localhost", "127.0.0.1", "::1"}
_hosts = set()
_resolve = socket.getaddrinfo


def control():
    return Control(int(os.environ["SDK_TESTS_CONTROL_PORT"]))


def create_key(name, key, rights, entity):
    control().create_key(Key(name=name, key=key, rights=tuple(rights)), entity)


def add_host(host):
    _hosts.add(host.lower())


def getaddrinfo(host, port, *arguments, **settings):
    name = host.decode() if isinstance(host, bytes) else str(host)
    if name.lower() in _hosts and int(port) in TLS_PORTS:
        return _resolve("127.0.0.1", int(os.environ["SDK_TESTS_TLS_PORT"]), *arguments, **settings)
    if name.lower() in LOCAL:
        return _resolve(host, port, *arguments, **settings)
    raise socket.gaierror(socket.EAI_NONAME, f"{name} is not a host of these tests")


def pytest_configure(config):
    config.addinivalue_line("markers", "liveTest: needs a namespace")
    config.addinivalue_line("markers", "live_test_only: needs a namespace")
    config.addinivalue_line("markers", "playback_test_only: needs recordings")
    socket.getaddrinfo = getaddrinfo
    authority = os.environ["SSL_CERT_FILE"]
    certifi.where = lambda: authority


def pytest_runtest_logreport(report):
    """Write each test's outcome as a line, in the workers only: the controller sees every report again."""
    if "PYTEST_XDIST_WORKER" not in os.environ or (report.when != "call" and report.passed):
        return
    line = json.dumps({"test": report.nodeid, "outcome": report.outcome, "seconds": round(report.duration, 2)})
    with Path(os.environ["SDK_TESTS_RESULTS"]).open("a", encoding="utf-8") as results:
        results.write(line + "\n")
