"""What holds for the house as a whole: sizes, settings, documentation."""

import ast
import json
import re
import runpy
import statistics
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import click
import pytest

from integration.config.settings import settings
from integration.dead_letters.reasons import PARKING, REASONS
from integration.events import alerts
from integration.functions.http import OPERATIONS

ROOT = Path(__file__).parents[2]
FUNCTIONS = ROOT / "integration" / "functions"
ROOMS = ("integration", "emulation")
SOURCES = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
    for room in ROOMS
    for path in sorted((ROOT / room).rglob("*.py"))
    if "node_modules" not in path.parts
}
DECLARED = {setting.name for setting in settings.SETTINGS}
OURS = re.compile(r"(FNO_LINK_|AzureWebJobs|FUNCTIONS_|WEBSITE_|IDENTITY_|MSI_)\w+")
STORED = re.compile(r"fno-link-[a-z-]+|fnolink[a-z]+|leases/.*")
READERS = ("environ", "environment", "env", "app_settings", "settings")
HOME = "integration/config/settings/settings.py"


def test_no_file_is_above_400_lines_and_the_median_is_at_most_120():
    lines = {name: len(text.splitlines()) for name, text in SOURCES.items()}
    others = [path for room in ("tests", "benchmarks", "scripts") for path in (ROOT / room).rglob("*.py")]
    longest = lines | {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in others}
    assert {name: count for name, count in longest.items() if count > 400} == {}
    assert statistics.median(count for count in lines.values() if count) <= 120


def read_names(tree):
    """Yield what is read from something that is called environ, as an expression."""
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=ast.Attribute(attr=owner) | ast.Name(id=owner), slice=key) if owner in READERS:
                yield key
            case ast.Call(
                func=ast.Attribute(attr="get", value=ast.Attribute(attr=owner) | ast.Name(id=owner)), args=[key, *_]
            ) if owner in READERS:
                yield key
            case ast.Call(func=ast.Attribute(attr="getenv") | ast.Name(id="getenv"), args=[key, *_]):
                yield key
            case ast.Compare(
                left=key,
                ops=[ast.In() | ast.NotIn()],
                comparators=[ast.Attribute(attr=owner) | ast.Name(id=owner)],
            ) if owner in READERS:
                yield key


def undeclared(source):
    """Return the names of settings that a source reads or names without their being declared."""
    tree = ast.parse(source)
    literals = {key.value for key in read_names(tree) if isinstance(key, ast.Constant) and isinstance(key.value, str)}
    named = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and OURS.fullmatch(node.value)
    }
    return sorted((literals | named) - DECLARED)


def test_code_reads_no_setting_that_is_not_declared():
    found = {
        name: undeclared(text) for name, text in SOURCES.items() if name.startswith("integration/") and name != HOME
    }
    assert {name: names for name, names in found.items() if names} == {}, f"declare them in {HOME}"


@pytest.mark.parametrize(
    "line",
    [
        'os.environ["NEW_SETTING"]',
        'environ.get("NEW_SETTING", "")',
        'self.environ.get("NEW_SETTING")',
        'os.getenv("NEW_SETTING")',
        '"NEW_SETTING" in environ',
        'x = "FNO_LINK_NEW"',
    ],
)
def test_a_setting_that_is_not_declared_would_be_found(line):
    assert undeclared(line)


def test_every_declared_setting_is_used_by_its_name():
    constants = {name: value for name, value in vars(settings).items() if isinstance(value, str) and name.isupper()}
    assert set(constants.values()) == DECLARED


def test_the_sample_settings_are_those_that_are_read_and_no_others():
    sample = json.loads((ROOT / "local.settings.sample.json").read_text("utf-8"))
    wanted = {
        settings.of_organization(setting.name, "contoso")
        for setting in settings.SETTINGS
        if setting.owner != "platform" and not {"<CONNECTION>", "<SOURCE>"} & set(re.findall("<.*?>", setting.name))
    }
    wanted |= set(re.findall(r"%(\w+)%", re.sub(r"(?m)^\s*#.*$", "", (ROOT / "fno-link.toml").read_text("utf-8"))))
    assert set(sample["Values"]) == wanted
    assert sample["Values"]["FUNCTIONS_WORKER_RUNTIME"] == "python"
    assert all(isinstance(value, str) for value in sample["Values"].values())


@pytest.mark.parametrize(
    "name", ["configuration.md", "settings.md", "errors.md", "doctor.md", "fno-link.schema.json", "openapi.json"]
)
def test_the_reference_pages_say_what_the_code_says(name):
    page = runpy.run_path(str(ROOT / "scripts" / "reference.py"))["PAGES"][name]
    kept = (ROOT / "docs" / "reference" / name).read_text("utf-8")
    assert kept == page(), "run: uv run python scripts/reference.py"


def commands_of(command, path):
    yield path, command
    for name, each in getattr(command, "commands", {}).items():
        yield from commands_of(each, f"{path} {name}")


@pytest.mark.parametrize("point", entry_points(group="fno_link.commands"), ids=lambda point: point.name)
def test_every_command_and_option_is_documented(point):
    page = (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8")
    for path, command in commands_of(point.load(), f"fno-link {point.name}"):
        assert f"`{path}" in page, path
        for parameter in command.params:
            if isinstance(parameter, click.Option) and parameter.name != "help":
                assert any(f"`{option}" in page for option in parameter.opts), f"{path} {parameter.opts}"


def test_every_link_between_pages_leads_somewhere():
    pages = [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")]
    for page in pages:
        for target in re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)}: {target}"


def listed_in(entries):
    for entry in entries:
        for value in entry.values():
            yield from [value] if isinstance(value, str) else listed_in(value)


def test_every_page_is_in_the_navigation_of_the_site_once():
    site = tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]
    listed = list(listed_in(site["nav"]))
    assert sorted(listed) == sorted(set(listed))
    written = runpy.run_path(str(ROOT / "scripts" / "site.py"))["written"]()
    assert set(listed) == set(written.values()), "enter it in `nav` of zensical.toml"


ARCHITECTURE = ROOT / "docs" / "architecture.md"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LAYERS = {
    contract["name"]: [re.sub(r"[()]", "", layer).split(" : ") for layer in contract["layers"]]
    for contract in PYPROJECT["tool"]["importlinter"]["contracts"]
    if contract["type"] == "layers"
}


def rows_of(page, heading):
    """Give the rows of the drawing below a heading: the names in the first cell of each."""
    drawing = page.split(f"### {heading}\n", maxsplit=1)[1].split("```")[1]
    return [
        " ".join(re.findall(r"^│ ([^│]*)", row, re.MULTILINE)).replace("·", " ").split()
        for row in re.split(r"^[┌├└].*$", drawing, flags=re.MULTILINE)[1:-1]
    ]


@pytest.mark.parametrize("contract", LAYERS)
def test_the_drawings_are_the_contracts(contract):
    assert rows_of(ARCHITECTURE.read_text("utf-8"), contract) == LAYERS[contract]


def test_every_package_is_in_the_tables_of_rooms():
    page = ARCHITECTURE.read_text("utf-8")
    packages = {name for name in SOURCES if name.endswith("/__init__.py")}
    listed = set(re.findall(r"^\| \[[^]]+\]\(\.\./([^)]+)\)", page, re.MULTILINE))
    assert len(packages) > 40
    assert listed == packages


def defines(source, name):
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return any(isinstance(node, kinds) and node.name == name for node in ast.walk(ast.parse(source)))


def test_every_step_names_a_function_of_its_file():
    steps = re.findall(r"\]\(\.\./(integration/[^)]+\.py)\)((?: `\w+`(?:, then)?)+)", ARCHITECTURE.read_text("utf-8"))
    named = [(file, name) for file, names in steps for name in re.findall(r"`(\w+)`", names)]
    assert len(named) > 60
    assert [f"{file}: {name}" for file, name in named if not defines(SOURCES[file], name)] == []


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_every_path_that_is_named_exists(page):
    rooms = "integration|emulation|tests|benchmarks|docs|infra|scripts"
    paths = re.findall(rf"`((?:{rooms})/[\w./-]+)`", (ROOT / page).read_text("utf-8"))
    assert [path for path in paths if "NAME" not in path and not (ROOT / path).exists()] == []


def test_every_reason_and_every_alert_is_documented():
    delivery = (ROOT / "docs" / "delivery.md").read_text("utf-8")
    assert [reason for reason in {**REASONS, **PARKING} if f"`{reason}`" not in delivery] == []
    events = (ROOT / "docs" / "reference" / "events.md").read_text("utf-8")
    assert [alert for alert in alerts.ALL if f"`{alert}`" not in events] == []


def test_every_endpoint_is_documented():
    page = (ROOT / "docs" / "reference" / "http.md").read_text("utf-8")
    routes = set(re.findall(r'\.route\(\s*f?"([^"]+)"', "".join(p.read_text("utf-8") for p in FUNCTIONS.glob("*.py"))))
    assert routes, "what is looked for is there"
    routes |= {operation.route for operation in OPERATIONS}
    written = {re.sub(r"\{[^}]*\}", "{}", route) for route in re.findall(r"/api/([^\s`]+)", page)}
    assert {re.sub(r"\{[^}]*\}", "{}", route) for route in routes} <= written


def azure_imports(text):
    """Give the modules of Azure that a source imports, but azure.functions."""
    return {
        each.module if isinstance(each, ast.ImportFrom) else alias.name
        for each in ast.walk(ast.parse(text))
        if isinstance(each, ast.Import | ast.ImportFrom)
        for alias in each.names
        if ((each.module or "") if isinstance(each, ast.ImportFrom) else alias.name).startswith("azure.")
    } - {"azure.functions", "azure.functions.warmup"}


def test_the_storage_sdks_are_imported_in_storage_alone():
    found = {name: azure_imports(text) for name, text in SOURCES.items() if name.startswith("integration/")}
    outside = {name: each for name, each in found.items() if each and not name.startswith("integration/storage/")}
    sdks = ("azure.data", "azure.storage")
    assert {name for name, each in outside.items() if any(one.startswith(sdks) for one in each)} == set()
    errors = {name for name, each in outside.items() if any(one.startswith("azure.core") for one in each)}
    # A credential is azure-core's, and so are the errors that it raises.
    rooms = ("integration/identity/", "integration/delivery/targets/service_bus/")
    files = {"integration/delivery/targets/__init__.py", "integration/delivery/targets/event_grid.py"}
    assert {name for name in errors if not name.startswith(rooms)} == files
    assert any(one.startswith(sdks) for each in found.values() for one in each), "what is looked for is there"


def test_only_one_module_makes_loggers_and_only_one_prints():
    made = {name for name, text in SOURCES.items() if re.search(r"logging\.getLogger\(\S", text)}
    assert {name for name in made if name.startswith("integration/")} == {
        "integration/loggers.py",
        "integration/cli/frame.py",
        "integration/telemetry/libraries.py",  # holds those of others back
    }
    printing = re.compile(r"click\.s?echo\(|click\.confirm\(|(?m:^)\s+print\(")
    found = {name for name, text in SOURCES.items() if printing.search(text) and name.startswith("integration/cli/")}
    assert found == {"integration/cli/output.py"}


def test_every_test_module_says_what_it_proves():
    modules = sorted((ROOT / "tests").rglob("test_*.py"))
    silent = [
        module.relative_to(ROOT).as_posix()
        for module in modules
        if not ast.get_docstring(ast.parse(module.read_text("utf-8")))
    ]
    assert modules
    assert silent == [], "say in a line or two, at the top, what they prove"


def loggers_of(text):
    """Give what a source calls its loggers."""
    return [
        each.args[0].value if isinstance(each.args[0], ast.Constant) else ast.unparse(each.args[0])
        for each in ast.walk(ast.parse(text))
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id == "logger"
    ]


def test_every_logger_is_called_after_its_room():
    named = {name: loggers_of(text) for name, text in SOURCES.items() if name.startswith("integration/")}
    rooms = {name: Path(name).parts[1].removesuffix(".py") for name in named}
    assert sum(map(len, named.values())) > 20
    assert {name: found for name, found in named.items() if set(found) - {rooms[name]}} == {}


def names_of_storage(text):
    """Give the texts in a source that name a queue, container or table of ours, or a leased blob."""
    texts = {node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)}
    return {each for each in texts if isinstance(each, str) and STORED.fullmatch(each)} - {
        "fnolinkoutoforder",  # an attribute of events
        "fno-link-entra",  # threads
    }


def test_what_is_ours_in_the_account_is_named_in_one_place():
    home = "integration/storage/names.py"
    found = {name: names_of_storage(text) for name, text in SOURCES.items() if name.startswith("integration/")}
    assert len(found.pop(home)) > 10
    assert {name: names for name, names in found.items() if names} == {}, f"name them in {home}"
    names = {each.id for node in ast.parse(SOURCES[home]).body if isinstance(node, ast.Assign) for each in node.targets}
    forwarded = {
        name
        for name, text in SOURCES.items()
        for node in ast.walk(ast.parse(text))
        if name.startswith("integration/") and isinstance(node, ast.Assign)
        if isinstance(node.value, ast.Name) and node.value.id in names
    }
    assert forwarded == set(), "import the name itself"
