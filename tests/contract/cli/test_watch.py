"""`fno-link watch` as a process, against the emulated Dynamics: it follows a setup to its end, or says why not."""

import contextlib
import json
import os
import pty
import re
import signal
import subprocess

import pytest

from emulation.dynamics import Environment
from tests.contract.cli.checkout import Checkout

WITHIN = 120.0


@pytest.fixture
def checkout(dynamics, tmp_path):
    return Checkout(dynamics, tmp_path)


@pytest.fixture
def watching(checkout):
    """Start a watch whose lines can be waited for; it is ended with the test."""
    started = []

    def start(*arguments):
        process = checkout.start(
            "watch",
            checkout.name,
            "--every",
            "1s",
            *arguments,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def heard(process, words):
    """Read lines until one holds these words."""
    for line in process.stderr:
        if words in line:
            return line
    raise AssertionError(words)


def test_a_setup_is_followed_until_finance_and_operations_answers(checkout, dynamics, watching):
    dynamics.control.unlink(checkout.name)
    dynamics.control.break_(checkout.name, "unreachable", kind="fno")
    process = watching()
    assert "0x80048d0b" in heard(process, "waiting for the setup in the admin center")
    dynamics.control.link(checkout.name, f"https://{checkout.name}.operations.dynamics.com")
    heard(process, "waiting for Finance & Operations to answer")
    dynamics.control.heal(checkout.name)
    said, _ = process.communicate(timeout=WITHIN)
    assert (process.returncode, said) == (0, f"{checkout.name} is linked, and Finance & Operations answers\n")


def test_it_is_found_by_its_url_and_printed_as_json(checkout):
    done = checkout.run("watch", checkout.organization.base_url(), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    end = json.loads(done.stdout)
    assert (end["organization"], end["state"], end["waitingFor"]) == (checkout.name, "ready", "")
    assert end["done"] == ["token", "dataverse", "link", "trust", "finance_operations"]
    assert end["link"]["url"] == f"https://{checkout.name}.operations.dynamics.com"


@pytest.mark.parametrize(
    "refusal",
    [
        (lambda d, name: d.control.break_(name, "forbidden"), "dataverse", "Forbidden", "application user"),
        (
            lambda d, name: d.control.set_access(d.client_id, finance_operations=False),
            "finance_operations",
            "Unauthenticated",
            "Microsoft Entra applications",
        ),
        (
            lambda d, name: d.control.link(name, "https://erp.example.com"),
            "trust",
            "UntrustedLink",
            "trusted_hosts",
        ),
        (lambda d, name: d.control.expire_secrets(d.client_id), "token", "Unauthenticated", "expired"),
    ],
    ids=["no application user", "not among F&O's applications", "untrusted", "secret expired"],
)
def test_a_refusal_ends_it_with_what_to_do(checkout, dynamics, refusal):
    breaks, stage, code, todo = refusal
    breaks(dynamics, checkout.name)
    done = checkout.run("watch", checkout.name, "--every", "1s", "--json")
    assert done.returncode == 1, done.stderr
    end = json.loads(done.stdout)
    assert (end["state"], end["code"]) == ("refused", code)
    assert stage not in end["done"]
    assert todo in end["message"] + end["hint"]
    assert end["hint"]
    assert checkout.settings["CLIENT_SECRET"] not in done.stdout


def test_what_the_platform_says_is_shown_where_it_may_be_asked(checkout, dynamics):
    dynamics.control.unlink(checkout.name)
    dynamics.control.set_environment(checkout.name, Environment(state="Provisioning"))
    for allowed, said in ((True, "the environment's state is Provisioning"), (False, None)):
        dynamics.control.set_platform_access(dynamics.client_id, allowed=allowed)
        done = checkout.run("watch", checkout.name, "--every", "1s", "--timeout", "0s", "--json")
        assert done.returncode == 3, done.stderr
        assert json.loads(done.stdout).get("platform") == said


def test_its_time_ends_it(checkout, dynamics):
    dynamics.control.unlink(checkout.name)
    done = checkout.run("watch", checkout.name, "--every", "1s", "--timeout", "1s")
    assert done.returncode == 3, done.stderr
    assert "after 0:00:01: still waiting for the setup" in done.stdout
    assert "Traceback" not in done.stderr


def test_ctrl_c_ends_it_at_once_and_cleanly(checkout, dynamics, watching):
    dynamics.control.unlink(checkout.name)
    process = watching()
    heard(process, "waiting for the setup")
    process.send_signal(signal.SIGINT)
    said, complained = process.communicate(timeout=WITHIN)
    assert (process.returncode, said) == (130, "")
    assert complained == "Interrupted: stopped before the end\n"


def test_on_a_terminal_it_is_a_bar_that_leaves_the_terminal_as_it_was(checkout, dynamics):
    dynamics.control.unlink(checkout.name)
    ours, theirs = pty.openpty()
    process = checkout.start(
        "watch", checkout.name, "--every", "1s", "--timeout", "3s", stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # the other end is closed
        while more := os.read(ours, 4096):
            shown += more
    os.close(ours)
    assert process.wait(WITHIN) == 3
    text = shown.decode()
    assert "━" in text
    assert "2 of 5" in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")
    assert "still waiting for the setup" in re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("wrong", [["--timeout", "soon"], ["--every", "0s"], ["--timeout", "8d"], ["--every", "2h"]])
def test_times_that_cannot_be_meant_are_wrong_usage(checkout, wrong):
    done = checkout.run("watch", checkout.name, *wrong)
    assert (done.returncode, done.stdout) == (2, "")
