"""The reader of the end-to-end logs finds what it is there for."""

import os
import re
import subprocess
import sys

import pytest

from emulation.functions_host.log import RECORDS
from tests.e2e.log_reader import leaks, leaks_of


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("INFO httpx: HTTP Request: GET https://a.example/x?code=abc", "a URL with a query"),
        ("the URL /api/events/erp?code=Xk3-aaBBccDD99_z was called", "a key in a query"),
        ("PUT /container/blob?sv=2025&sig=abc%3D", "a SAS signature"),
        ("SharedAccessSignature sr=sb%3a%2f%2f", "a SAS signature"),
        ("Endpoint=sb://x/;SharedAccessKeyName=a;SharedAccessKey=b", "a shared key"),
        ("'Authorization': 'Bearer eyJhbGciOiJSUzI1NiJ9.eyJhdWQi.x'", "a token"),
        ("POST body client_id=x&client_secret=y", "a client secret"),
        ("-----BEGIN RSA PRIVATE KEY-----", "a private key"),
        ("refused: hunter22", "a secret of 8 characters"),
        ("payload {'Note': 'canary-of-a-payload'}", "a canary"),
    ],
)
def test_what_must_not_be_logged_is_found_and_not_repeated(line, kind):
    found = list(leaks(f"[x] {line}\n", ["hunter22"]))
    assert any(leak.startswith(kind) for leak in found)
    assert not any("hunter22" in leak for leak in found)


def test_what_may_be_logged_is_left_alone():
    fine = (
        '{"ready": {"url": "http://127.0.0.1:1/", "keys": {"master": "hunter22"}}}\n'
        "INFO fno_link: delivered to https://a.example/events (code 202), 3 signatures, Bearer missing?\n"
        "https://learn.microsoft.com/azure/x. What now? It is designed=well\n"
    )
    assert list(leaks(fine, ["hunter22", ""])) == []


LEAKY = """
import logging, threading
from emulation.functions_host import log

log.configure()
for handler in logging.root.handlers:
    handler.addFilter(lambda record: False)
logging.getLogger("azure.core").debug("sent %s", "canary-at-debug")
logging.getLogger("fno_link").info("harmless", extra={"fno_link.payload": "canary-of-an-attribute"})
threading.Thread(target=logging.warning, args=("canary-of-a-thread",)).start()
try:
    raise ValueError("canary-of-a-traceback")
except ValueError:
    logging.exception("it failed")
"""


@pytest.mark.parametrize("level", ["", "1"])
def test_every_record_is_read_at_any_level_from_any_thread_whatever_keeps_it_from_the_host(tmp_path, level):
    env = {**os.environ, RECORDS: str(tmp_path), "PYTHON_ENABLE_DEBUG_LOGGING": level}
    done = subprocess.run([sys.executable, "-c", LEAKY], env=env, capture_output=True, text=True, check=True)
    found = leaks_of(tmp_path, ["harmless"])
    assert done.stderr == ""
    written = "".join(file.read_text() for file in tmp_path.iterdir())
    assert {"canary-at-debug", "canary-of-an-attribute", "canary-of-a-thread", "canary-of-a-traceback"} <= set(
        re.findall(r"canary-[a-z-]+", written)
    )
    assert sum("a canary" in leak for leak in found) >= 4
    assert any("a secret of 8 characters" in leak for leak in found)


def test_a_run_that_leaks_is_red(tmp_path):
    (tmp_path / "1.log").write_text("INFO fno_link MainThread: fine {}\n")
    assert leaks_of(tmp_path, ["hunter22"]) == []
    (tmp_path / "2.log").write_text("DEBUG httpx MainThread: GET https://a.example/x?sig=abc {}\n")
    assert {leak.split(":")[0] for leak in leaks_of(tmp_path, [])} == {"2.log"}
