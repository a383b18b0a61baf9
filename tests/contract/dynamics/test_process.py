"""The emulated world as a process."""

import os
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import msgspec
import pytest

from emulation.child import Child, ChildFailed
from emulation.dynamics import App, Control, ControlRefused, Dynamics, Organization, Secret, Tenant, World
from tests.processes import children, wait_until_ended

CONFIG = """
[[apps]]
client_id = "app"
secrets = [{ value = "s" }]

[[organizations]]
name = "contoso"
"""


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "emulation.dynamics", *arguments]


def test_it_prints_one_json_line_when_ready_and_ends_cleanly_on_sigterm(tmp_path: Path):
    config = tmp_path / "world.toml"
    config.write_text(CONFIG)
    with Child("dynamics", command("--config", str(config), "--json"), log=tmp_path / "log") as process:
        line = process.wait_until(lambda output: output if output.endswith("\n") else None, seconds=120)
        ready = msgspec.json.decode(line)
        authority = Path(ready["environ"]["SSL_CERT_FILE"])
        assert authority.is_file()
        with Control(ready["control"]) as control:
            assert control.calls("contoso") == {}
        trusted = ssl.create_default_context(cafile=authority)
        with httpx.Client(proxy=ready["environ"]["HTTPS_PROXY"], verify=trusted) as client:
            assert client.get("https://contoso.crm.dynamics.com/api/data/v9.2/WhoAmI").status_code == 401
        assert process.stop(seconds=120) == 0
        assert process.log == line
    assert not authority.exists()
    assert set(ready["environ"]) >= {"HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}
    assert not set(ready["environ"]) & {"IDENTITY_ENDPOINT", "IDENTITY_HEADER"}


def test_without_json_it_prints_lines_for_a_shell(tmp_path: Path):
    with Child("dynamics", command(), log=tmp_path / "log") as process:
        lines = process.wait_until(lambda output: output if output.count("\n") >= 12 else None, seconds=120)
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(seconds=120) == 0
    done = subprocess.run(["/bin/sh", "-c", lines + "\nenv"], env={}, capture_output=True, text=True, check=True)
    assert "HTTPS_PROXY=http://127.0.0.1:" in done.stdout
    assert "NODE_EXTRA_CA_CERTS=/" in done.stdout


def test_a_configuration_that_cannot_be_read_is_wrong_usage(tmp_path: Path):
    config = tmp_path / "world.toml"
    config.write_text("nonsense = 1")
    done = subprocess.run(command("--config", str(config)), capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 2
    assert "nonsense" in done.stderr


def test_an_organization_of_an_unknown_tenant_is_wrong_usage():
    world = World(tenants=(Tenant(),), organizations=(Organization("contoso", tenant="nowhere"),))
    with pytest.raises(ChildFailed, match=r"exit code 2(?s:.*)nowhere"):
        Dynamics(world).start()


def test_it_ends_with_its_parent(tmp_path: Path):
    code = (
        "import sys; from emulation.dynamics import Dynamics\n"
        "dynamics = Dynamics(); dynamics.start(); print('started', flush=True); sys.stdin.read()"
    )
    with Child("its parent", [sys.executable, "-c", code], log=tmp_path / "log") as parent:
        parent.wait_until(lambda output: "started" in output or None, seconds=120)
        started = children(parent.pid)
        assert started
        parent.kill()
        wait_until_ended(*started)


def test_another_world_begins_under_the_same_authority_and_a_reset_returns_to_it(monkeypatch: pytest.MonkeyPatch):
    apps = (App("app", secrets=(Secret("s"),)),)
    with Dynamics(World(apps=apps, organizations=(Organization("contoso"),))) as dynamics:
        for name in set(dynamics.environ) & set(os.environ):
            monkeypatch.delenv(name)
        before, authority = dynamics.environ, ssl.create_default_context(cafile=dynamics.environ["SSL_CERT_FILE"])
        with httpx.Client(proxy=before["HTTPS_PROXY"], verify=authority) as client:

            def there(name: str) -> bool:
                try:
                    return client.get(f"https://{name}.crm.dynamics.com/api/data/v9.2/WhoAmI").status_code == 401
                except httpx.ProxyError:
                    return False

            assert (there("contoso"), there("fabrikam")) == (True, False)
            dynamics.control.play(World(apps=apps, organizations=(Organization("fabrikam"),)))
            dynamics.control.reset()
            assert (there("contoso"), there("fabrikam")) == (False, True)
            with pytest.raises(ControlRefused, match="nowhere"):
                dynamics.control.play(World(organizations=(Organization("northwind", tenant="nowhere"),)))
            assert there("fabrikam")
            assert dynamics.environ == before


def test_two_worlds_do_not_disturb_each_other_and_end_with_zero(monkeypatch: pytest.MonkeyPatch):
    world = World(apps=(App("app", secrets=(Secret("s"),)),), organizations=(Organization("contoso"),))
    first, second = Dynamics(world), Dynamics(world)
    with first, second:
        for name in set(first.environ) & set(os.environ):
            monkeypatch.delenv(name)
        first.control.unlink("contoso")
        first.control.break_("contoso", "hang", kind="any")
        with httpx.Client(proxy=second.environ["HTTPS_PROXY"], verify=False) as client:  # noqa: S501 (the other world's CA)
            assert client.get("https://contoso.crm.dynamics.com/api/data/v9.2/WhoAmI").status_code == 401
        assert (first.control.calls("contoso"), second.control.calls("contoso")["whoami"]) == ({}, 1)
        exit_codes = [first.stop(), second.stop()]
    assert exit_codes == [0, 0]
