"""Programs that ask with our clients, one a language: built, started, and asked line by line."""

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Self

import pytest

from tests.npm import installed

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
TYPESCRIPT = ROOT / "clients" / "typescript"
CSHARP = ROOT / "clients" / "csharp" / "FnoLinkClient.cs"
MONO = "FNO_LINK_TEST_MONO"
REFERENCES = ("System.Net.Http", "System.Runtime.Serialization", "System.Xml")
WITHIN = 120
ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": os.environ.get("HOME", "/")}


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=WITHIN, **options)
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def typescript(folder):
    """Compile the client of TypeScript; return a folder with its `dist` and its own tests."""
    tsc = installed(TYPESCRIPT, "tsconfig.json") / "node_modules" / ".bin" / "tsc"
    run(str(tsc), "--project", str(TYPESCRIPT), "--outDir", str(folder / "dist"))
    shutil.copytree(TYPESCRIPT / "test", folder / "test")
    shutil.copyfile(TYPESCRIPT / "package.json", folder / "package.json")
    return folder


def has_mono():
    """Tell whether C# can be compiled and run; where it must be, whatever is missing then fails its test."""
    return os.environ.get(MONO) == "required" or all(map(shutil.which, ("mcs", "mono")))


needs_mono = pytest.mark.skipif(not has_mono(), reason="mono-mcs is not installed: C# is parsed only")


def csharp(folder, *programs):
    """Compile the client of C# with programs, warnings being errors; return the executable."""
    program = folder / f"{Path(programs[-1]).stem}.exe"
    references = [f"-r:{name}.dll" for name in REFERENCES]
    options = ("-langversion:7", "-warnaserror", "-warn:4", f"-out:{program}")
    run("mcs", *options, *references, str(CSHARP), *map(str, programs))
    return program


def _python(kind):
    return lambda folder: [sys.executable, str(HERE / "asker.py"), kind]


def _typescript(folder):
    shutil.copyfile(HERE / "asker.mjs", typescript(folder) / "asker.mjs")
    return ["node", str(folder / "asker.mjs")]


def _csharp(folder):
    return ["mono", str(csharp(folder, HERE / "Asker.cs"))]


LANGUAGES = {"async": _python("async"), "sync": _python("sync"), "typescript": _typescript}
if has_mono():
    LANGUAGES["csharp"] = _csharp


class Program:
    """A program that asks, under way.

    Args:
        command: As it is started.
        app: The URL of the app.
        key: A function key.
        token: A bearer token.
        keep_for: Seconds for which it keeps its last answer.
    """

    def __init__(self, command, app, *, key="", token="", keep_for=3600.0) -> None:
        given = {"APP": app, "KEY": key, "TOKEN": token, "KEEP_FOR": str(keep_for)}
        env = {**ENVIRONMENT, **given}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=env)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stdin.close()
        watch = threading.Timer(WITHIN, self._process.kill)
        watch.start()
        said = self._process.stderr.read()
        code = self._process.wait()
        watch.cancel()
        self._process.stdout.close()
        self._process.stderr.close()
        assert (code, said) == (0, ""), said

    def ask(self, name):
        """Ask for an organization's link."""
        self._process.stdin.write(f"{name}\n")
        self._process.stdin.flush()
        watch = threading.Timer(WITHIN, self._process.kill)
        watch.start()
        line = self._process.stdout.readline()
        watch.cancel()
        assert line, self._process.stderr.read()
        return json.loads(line)
