"""Azurite is installed from a lock file with hashes, once, visibly, and wholly or not at all."""

import json

import pytest

from emulation.azurite import AzuriteMissing, installation


def test_the_lock_file_pins_hashes_and_names_no_registry():
    text = (installation.PACKAGE / "package-lock.json").read_text()
    packages = json.loads(text)["packages"]
    assert "resolved" not in text
    assert all("integrity" in package for name, package in packages.items() if name)


def test_the_lock_file_agrees_with_the_package():
    package = json.loads((installation.PACKAGE / "package.json").read_text())
    locked = json.loads((installation.PACKAGE / "package-lock.json").read_text())["packages"]
    assert locked[""]["dependencies"] == package["dependencies"]
    assert locked["node_modules/azurite"]["version"] == package["dependencies"]["azurite"]


def test_a_missing_node_is_an_error_that_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AzuriteMissing, match="apt-get install nodejs npm"):
        installation.node()


def test_a_missing_npm_is_an_error_that_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("FNO_LINK_CACHE", str(tmp_path / "cache"))
    with pytest.raises(AzuriteMissing, match="npm is not on PATH"):
        installation.installed_script()


def test_an_installation_that_fails_leaves_nothing_that_looks_complete(monkeypatch, tmp_path):
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\n/bin/mkdir -p node_modules/azurite\necho 'registry unreachable' >&2\nexit 7\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("FNO_LINK_CACHE", str(tmp_path / "cache"))
    with pytest.raises(AzuriteMissing, match=r"exit code 7[\s\S]*registry unreachable"):
        installation.installed_script()
    assert [path.name for path in (tmp_path / "cache").iterdir() if path.is_dir()] == []


def test_the_packages_are_installed_once_and_visibly(monkeypatch, tmp_path, capsys):
    npm = tmp_path / "npm"
    npm.write_text(
        "#!/bin/sh\n/bin/mkdir -p node_modules/azurite/dist/src\n"
        f"echo run >> {tmp_path}/runs\n: > node_modules/azurite/dist/src/azurite.js\n"
    )
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("FNO_LINK_CACHE", str(tmp_path / "cache"))
    first = installation.installed_script()
    assert first.exists()
    assert "Installing Azurite" in capsys.readouterr().err
    assert installation.installed_script() == first
    assert (tmp_path / "runs").read_text() == "run\n"
