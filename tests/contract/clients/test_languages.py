"""The clients of TypeScript and C#: the first compiled by TypeScript and tried by its own tests, the second by Mono."""

import json
import re

from tests.clients.programs import CSHARP, TYPESCRIPT, csharp, needs_mono, run, typescript
from tests.unit.samples.test_plugin import faults, parsed

ALIVE = (
    "public static class Alive { public static void Main() { "
    'new FnoLink.LinkClient("https://a.b", "k").Dispose(); System.Console.Write("alive"); } }'
)


def test_the_client_of_typescript_compiles_strictly_and_passes_its_own_tests(tmp_path):
    said = run("node", "--test", cwd=typescript(tmp_path))
    assert re.search(r"^# pass (\d+)", said, re.MULTILINE)[1] == re.search(r"^# tests (\d+)", said, re.MULTILINE)[1]
    assert "# fail 0" in said


def test_it_needs_no_package_and_stays_short():
    package = json.loads((TYPESCRIPT / "package.json").read_text("utf-8"))
    assert set(package) & {"dependencies", "peerDependencies", "optionalDependencies"} == set()
    assert all(re.fullmatch(r"[\d.]+", version) for version in package["devDependencies"].values())
    assert "resolved" not in (TYPESCRIPT / "package-lock.json").read_text("utf-8")
    sources = list((TYPESCRIPT / "src").rglob("*.ts"))
    assert sum(len(path.read_text("utf-8").splitlines()) for path in sources) <= 200
    assert not re.search(r"^import ", "".join(path.read_text("utf-8") for path in sources), re.MULTILINE)


def test_the_client_of_c_sharp_is_one_file_that_is_c_sharp():
    assert [path.name for path in CSHARP.parent.glob("*.cs")] == [CSHARP.name]
    assert faults(parsed(CSHARP.read_bytes())) == []


@needs_mono
def test_the_client_of_c_sharp_compiles_without_a_warning_and_loads(tmp_path):
    (tmp_path / "Alive.cs").write_text(ALIVE)
    assert run("mono", str(csharp(tmp_path, tmp_path / "Alive.cs"))) == "alive"
