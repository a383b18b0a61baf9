"""What the doctor makes of a package: each thing that can be wrong, and small ones indexed by the real library."""

import importlib.util
import json
import shutil
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from emulation.functions_host.routes import parse
from integration.cli.doctor.package.files import DEVELOPMENT, HISTORY, SECRETS, judge_compiled, judge_files, names_in
from integration.cli.doctor.package.functions import judge_functions
from integration.cli.doctor.package.ignored import patterns_of
from integration.cli.doctor.package.indexing import Function, fits, index, judge_index
from integration.cli.doctor.package.look import look
from integration.cli.doctor.package.opened import opened
from integration.cli.doctor.package.requirements import judge_requirements
from integration.cli.doctor.package.routes import judge_routes, takes

ROOT = Path(__file__).parents[3]
GOOD = """
import azure.functions as func
app = func.FunctionApp()
@app.function_name("orders")
@app.route("orders/{id}", methods=["GET"])
async def orders(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("")
"""


@pytest.fixture
def folder(tmp_path):
    found = tmp_path / "package"
    found.mkdir()
    (found / "function_app.py").write_text(GOOD)
    shutil.copy(ROOT / "host.json", found)
    return found


def zipped(folder, below=""):
    path = folder.parent / "package.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for each in folder.rglob("*"):
            packed.write(each, f"{below}{each.relative_to(folder)}")
    return path


def found_in(path):
    with opened(path) as package:
        return package.finding, package.folder and sorted(each.name for each in package.folder.iterdir())


def test_a_zip_is_read_as_the_folder_that_it_was_made_of(folder):
    assert found_in(folder)[0].verdict == "pass"
    found, names = found_in(zipped(folder))
    assert (found.verdict, names) == ("pass", ["function_app.py", "host.json"])


def test_a_package_below_a_folder_is_told_where_it_is(folder):
    found, _ = found_in(zipped(folder, "package/"))
    assert (found.verdict, "they are in package" in found.message) == ("fail", True)
    assert "what is in package" in found.todo
    (folder / "host.json").unlink()
    assert found_in(folder)[0].message == "not at its top: host.json"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"text" * 100])
def test_what_is_no_zip_is_told(tmp_path, content):
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    found, names = found_in(path)
    assert (found.verdict, names) == ("fail", None)
    assert found.message.startswith("it is neither a folder nor a zip")


@pytest.mark.parametrize(
    ("name", "mode", "told"),
    [("../x", 0, "leads out"), ("/x", 0, "leads out"), ("..\\x", 0, "leads out"), ("x", 0o120777, "symbolic link")],
)
def test_a_zip_that_writes_elsewhere_is_not_unpacked(tmp_path, name, mode, told):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as packed:
        member = zipfile.ZipInfo(name)
        member.external_attr = mode << 16
        packed.writestr(member, "/etc/passwd")
    found, _ = found_in(path)
    assert (found.verdict, told in found.message) == ("fail", True)


def test_a_zip_that_grows_without_end_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("integration.cli.doctor.package.opened.LARGEST", 1_000_000)
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("zeros", bytes(1_000_001))
    assert path.stat().st_size < 10_000
    assert "it cannot be the package: 1 files of 1000001 bytes" in found_in(path)[0].message


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        *((name, "fail") for name in ("local.settings.json", "local.settings.dev.json", ".env", "deep/.env.local")),
        *((name, "fail") for name in ("server.pem", "integration/client.pfx", "a.p12", ".git/config", ".azure/x/.env")),
        *((name, "warn") for name in ("tests/a.py", "emulation/a.py", ".venv/lib/a.py", "integration/cli/a.py")),
        *((name, "warn") for name in ("node_modules/a.js", "docs/a.md", "notes.txt", "uv.lock")),
        *((name, "pass") for name in ("integration/tests.py", "fno-link.toml", ".funcignore", "documents/a.md")),
        (".python_packages/lib/site-packages/certifi/cacert.pem", "pass"),
        (".python_packages/lib/site-packages/x/tests/a.py", "pass"),
    ],
)
def test_what_must_not_be_deployed_is_named(folder, name, verdict):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).touch()
    found = judge_files(tuple(names_in(folder, "notes.txt\n")), "notes.txt\n")
    assert found.verdict == verdict
    assert (PurePosixPath(name).parts[0] in found.message) is (verdict != "pass")


def test_what_our_own_funcignore_keeps_out_is_known_to_the_doctor_by_itself():
    known = {pattern.removeprefix("/") for pattern in (*SECRETS, *HISTORY, *DEVELOPMENT)}
    secrets, environments = (
        part.splitlines()[1:]
        for part in (ROOT / ".funcignore").read_text("utf-8").split("\n\n")
        if part.startswith(("# secrets", "# environments"))
    )
    ours = {each.removeprefix("/") for each in patterns_of("\n".join(secrets)) if not each.startswith("!")}
    assert ours <= known
    assert any(".venv" in each for each in environments)


def test_a_module_that_a_cold_start_compiles_is_named(folder):
    compiled = Path(importlib.util.cache_from_source(str(folder / "function_app.py"), optimization=""))
    compiled.parent.mkdir()

    def judged():
        return judge_compiled(folder, tuple(names_in(folder, "")))

    assert (judged().verdict, "function_app.py" in judged().message) == ("warn", True)
    compiled.write_bytes(importlib.util.MAGIC_NUMBER + bytes(12))
    assert "checked by a time" in judged().message
    compiled.write_bytes(importlib.util.MAGIC_NUMBER + b"\1" + bytes(11))
    assert judged().verdict == "pass"


LINE = "msgspec==1.0 \\\n    --hash=sha256:00\n"
PROJECT = '[project]\ndependencies = ["msgspec"]\n[tool.uv]\nconstraint-dependencies = ["msgspec==1.0"]\n'


@pytest.mark.parametrize(
    ("lines", "installed", "project", "verdict", "told"),
    [
        (
            LINE,
            {"msgspec": "1.0"},
            PROJECT,
            "pass",
            "1 packages of requirements.txt, all there, as pyproject.toml pins",
        ),
        (LINE, {"msgspec": "1.0"}, "", "pass", "no pyproject.toml with pins is here"),
        (LINE, {}, PROJECT, "fail", "not there: msgspec"),
        (LINE, {"msgspec": "0.9"}, PROJECT, "fail", "in another version: msgspec 0.9, not 1.0"),
        (LINE, {"msgspec": "1.0", "Extra_One": "2"}, PROJECT, "fail", "not in requirements.txt: extra-one"),
        (LINE.replace("1.0", "0.9"), {"msgspec": "0.9"}, PROJECT, "fail", "pins another version: msgspec 0.9, not 1.0"),
        (LINE, {"msgspec": "1.0"}, PROJECT.replace('"msgspec"', '"httpx>1"'), "fail", "has not: httpx"),
        (LINE, None, PROJECT, "warn", "the build on the platform has to install them"),
        ("msgspec>=1\n", {"msgspec": "1.0"}, "", "warn", "without a version in requirements.txt: msgspec"),
        ("msgspec==1.0\n", {"msgspec": "1.0"}, "", "warn", "without a hash in requirements.txt: msgspec"),
        (LINE + "cffi==2 ; os_name != 'x' \\\n --hash=sha256:1\n", {"msgspec": "1.0"}, PROJECT, "pass", "2 packages"),
        (None, {"msgspec": "1.0"}, "", "warn", "nobody can tell"),
        (None, None, "", "fail", "neither requirements.txt nor a package"),
        (LINE, {"msgspec": "1.0"}, "x = [", "fail", "pyproject.toml cannot be read"),
    ],
)
def test_requirements_that_are_out_of_step_are_named(tmp_path, *, lines, installed, project, verdict, told):
    if lines is not None:
        (tmp_path / "requirements.txt").write_text(lines)
    for name, version in (installed or {}).items():
        info = tmp_path / f".python_packages/lib/site-packages/{name}-{version}.dist-info/METADATA"
        info.parent.mkdir(parents=True)
        info.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    if installed == {}:
        (tmp_path / ".python_packages/lib/site-packages").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text(project)
    found = judge_requirements(tmp_path, tmp_path / "pyproject.toml" if project else None)
    assert (found.verdict, told in found.message) == (verdict, True), found.message


def http(name, route, *methods):
    return Function(name, ({"type": "httpTrigger", "route": route, "methods": list(methods)},))


ROUTES = [
    ("events/{source}", "events/erp", "all"),
    ("events/erp", "events/{source}", "none"),
    ("events/erp", "EVENTS/ERP", "all"),
    ("events/{id}/replay", "events/{id}", "none"),
    ("events/{*rest}", "events/erp/x", "all"),
    ("events/erp", "events/{*rest}", "none"),
    ("a/{x}/c", "a/b/{y}", "some"),
    ("jobs/{id:int}", "jobs/{name}", "some"),
    ("jobs/{id:int}", "jobs/latest", "some"),
    ("jobs/{id?}", "jobs", "some"),
    ("jobs/{id?}", "jobs/{name}", "all"),
    ("{a}-{b}", "x", "some"),
    ("orders", "parked", "none"),
]


@pytest.mark.parametrize(("route", "other", "overlap"), ROUTES)
def test_which_requests_a_route_takes_of_another(route, other, overlap):
    assert takes(route, other) == overlap
    if overlap == "all":
        # The local host's own reading of templates says so, too.
        assert parse(route).match(other.replace("{name}", "x")) is not None


def test_the_order_of_the_host_decides_which_function_is_shadowed():
    shadowed = judge_routes(
        [http("intake_warehouse", "events/warehouse", "POST"), http("intake", "events/{s}", "post")]
    )
    assert shadowed.verdict == "fail"
    assert "intake (events/{s}) stands before intake_warehouse (events/warehouse)" in shadowed.message
    # `_` stands behind the letters in upper case, before them in lower case.
    names = [http("intake_x", "events/{s}", "POST"), http("intakes", "events/erp", "POST")]
    assert judge_routes(names).verdict == "pass"
    assert judge_routes([http("a", "x/{s}", "POST"), http("b", "x/y", "GET")]).verdict == "pass"
    assert judge_routes([http("a", "x/{s}"), http("b", "x/y", "GET")]).verdict == "fail"
    assert judge_routes([http("a", "x/{s:int}", "GET"), http("b", "x/y", "GET")]).verdict == "warn"
    assert judge_routes([Function("t", ({"type": "timerTrigger"},))]).verdict == "skipped"


def test_functions_that_are_not_those_of_the_configuration_are_named():
    timer = Function("health_timer", ({"type": "timerTrigger", "schedule": "0 */5 * * * *"},))
    meant = [http("intake_erp", "events/erp", "POST"), timer]
    assert judge_functions(meant, meant, {}).verdict == "pass"
    found = judge_functions([timer], meant, {})
    assert (found.verdict, found.message) == ("fail", "missing: intake_erp")
    other = [http("intake_erp", "events/other", "POST"), timer]
    assert judge_functions(other, meant, {}).message == "with another trigger: intake_erp (route)"
    found = judge_functions([*meant, http("own", "own")], meant, {})
    assert (found.verdict, found.message) == ("warn", "not of this version of fno-link: own")
    for name in ("AzureWebJobs.health_timer.Disabled", "AzureWebJobs_health_timer_Disabled"):
        found = judge_functions(meant, meant, {name: "true"})
        assert (found.verdict, "switched off by an app setting: health_timer" in found.message) == ("warn", True)
    assert judge_functions(meant, meant, {"AzureWebJobs.health_timer.Disabled": "false"}).verdict == "pass"


BROKEN = [
    ("import no_such_thing\n", "ModuleNotFoundError: No module named 'no_such_thing' (function_app.py:1)"),
    ("def f(:\n", "SyntaxError: "),
    ("import sys\nsys.exit(7)\n", "SystemExit: 7"),
    ("import os\nos._exit(7)\n", "Python ended with 7"),
    (GOOD + "other = func.FunctionApp()\n", "More than one"),
    ("x = 1\n", "Could not find top level function app"),
    ("import azure.functions as func\napp = func.FunctionApp()\n", "finds no function"),
    (GOOD.replace("async def orders(req: func.HttpRequest)", "async def orders(req: list[int])"), "refuses orders: "),
]


@pytest.mark.parametrize(("script", "told"), BROKEN)
async def test_an_app_that_cannot_be_indexed_is_told_by_its_last_line(folder, script, told):
    (folder / "function_app.py").write_text(script)
    found = judge_index(await index(folder, {}, own=False), "none lies there")
    assert (found.verdict, told in found.message) == ("fail", True), found.message
    assert found.message.count("\n") == 0


async def test_an_import_that_never_ends_is_ended(folder):
    (folder / "function_app.py").write_text("while True:\n    pass\n")
    assert "not imported after 0.5 s" in (await index(folder, {}, own=False, within=0.5)).error


async def test_the_packages_own_packages_are_the_only_ones_unless_they_are_for_another_machine(folder):
    site = folder / ".python_packages/lib/site-packages"
    site.mkdir(parents=True)
    assert fits(folder) == ""
    indexed = await index(folder, {}, own=True)
    assert indexed.error == "ModuleNotFoundError: No module named 'azure'"
    (site / "_core.cpython-313-darwin.so").touch()
    unfit = fits(folder)
    assert "_core.cpython-313-darwin.so is not for Python" in unfit
    found = judge_index(await index(folder, {}, own=False), unfit)
    assert (found.verdict, "with the packages of this installation" in found.message) == ("pass", True)


async def test_what_is_told_without_the_workers_library_is_marked(folder, monkeypatch):
    monkeypatch.setattr("integration.cli.doctor.package.indexing.INDEXER", other := folder.parent / "indexer.py")
    text = (ROOT / "integration/cli/doctor/package/indexer.py").read_text("utf-8")
    other.write_text(text.replace('LIBRARY = "azure_functions_runtime"', 'LIBRARY = "not_installed"'))
    found = judge_index(await index(folder, {}, own=False), "none lies there")
    assert (found.verdict, "1 functions, by azure-functions" in found.message) == ("warn", True)
    assert "azure-functions-runtime" in found.todo


SETTINGS = {"AzureWebJobsStorage": "UseDevelopmentStorage=true"}
TOML = (
    '[[organizations]]\nname = "contoso"\nurl = "https://contoso.crm.dynamics.com"\n'
    'tenant = "contoso.onmicrosoft.com"\n'
    '[sources.erp]\nkind = "http"\norganization = "contoso"\n'
)


async def looked(folder, settings=SETTINGS):
    return {each.step: each for each in await look(folder, settings)}


async def test_all_of_it_from_a_folder_with_a_configuration_of_its_own(folder):
    (folder / "integration").symlink_to(ROOT / "integration")
    shutil.copy(ROOT / "function_app.py", folder)
    (folder / "fno-link.toml").write_text(TOML)
    found = await looked(folder)
    verdicts = {name: each.verdict for name, each in found.items()}
    assert verdicts == {
        "package": "pass",
        "package_files": "pass",
        "package_compiled": "warn",
        "package_requirements": "fail",
        "package_configuration": "pass",
        "package_index": "pass",
        "package_functions": "pass",
        "package_routes": "pass",
        "host_json": "pass",
    }, found
    (folder / "host.json").write_text(json.dumps(json.loads((ROOT / "host.json").read_text()) | {"functions": ["x"]}))
    found = await looked(folder)
    assert "without control_numbers" in found["host_json"].message
    # Without its connection the configuration has a problem, and the app registers next to nothing.
    found = await looked(folder, {})
    assert "AzureWebJobsStorage" in found["package_configuration"].message
    assert found["package_functions"].because == "package_configuration"
    assert "4 functions are all" in found["package_functions"].message
