"""The image and Container Apps: files, settings and properties are those that the app, Docker and Azure know."""

import re
import runpy
import shlex
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import Any, get_args, get_type_hints

import pytest
from azure.mgmt.appcontainers import models

from integration.config.settings import settings
from integration.config.settings.connections import settings_of
from tests.bicep import Template, at, properties, text_of, unquoted

ROOT = Path(__file__).parents[3]
APP, WORKER = (Template(ROOT / "infra" / f"{name}.bicep") for name in ("container-app", "worker"))
DOCKERFILE = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text("utf-8"))
GUIDE = (ROOT / "docs" / "deploy.md").read_text("utf-8")
# Read by the host, not by us. Sources: "App settings reference for Azure Functions", "ASP.NET Core web host", and the
# image's own Dockerfile.
PLATFORM = {"ASPNETCORE_URLS", "AzureFunctionsJobHost__Logging__Console__IsEnabled", "AzureFunctionsWebHost__hostid"}


def instructions():
    lines = [line for line in DOCKERFILE.splitlines() if line and not line.startswith("#")]
    return [tuple(line.split(maxsplit=1)) for line in lines]


def environment():
    given = [shlex.split(rest) for name, rest in instructions() if name == "ENV"]
    return dict(pair.split("=", 1) for pairs in given for pair in pairs)


def declared():
    names = {setting.name for setting in settings.SETTINGS}
    for prefix in ("AzureWebJobsStorage", "ServiceBus"):
        names |= {name.replace("<CONNECTION>", prefix) for name in names} | set(settings_of(prefix))
    return names


def test_the_image_is_microsofts_for_the_python_of_the_project():
    named = dict(instructions())
    assert named["FROM"] == "mcr.microsoft.com/azure-functions/python:4-python${PYTHON}"
    assert named["ARG"] == f"PYTHON={(ROOT / '.python-version').read_text('utf-8').strip()}"
    assert "--require-hashes" in DOCKERFILE


def test_the_image_runs_as_somebody_who_is_not_root_on_a_port_that_he_may_have():
    named = dict(instructions())
    assert named["USER"] == "1654:1654"
    assert [name for name, _ in instructions()].index("USER") > DOCKERFILE.count("RUN ")
    assert environment()["ASPNETCORE_URLS"] == f"http://+:{named['EXPOSE']}"
    assert int(named["EXPOSE"]) >= 1024


def test_every_setting_of_the_image_is_one_that_somebody_reads():
    assert set(environment()) - declared() - PLATFORM == set()
    assert environment()["AzureWebJobsScriptRoot"] == "/home/site/wwwroot"


def read(pattern, path):
    bare = pattern.removeprefix("!").rstrip("/")
    return any(PurePosixPath(each).full_match(bare) for each in (path, *path.parents[:-1]))


def test_the_image_gets_what_is_deployed_elsewhere_and_nothing_else():
    """Docker reads .dockerignore as "Dockerfile reference" says: the last pattern that matches a path decides."""
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    scripts = runpy.run_path(str(ROOT / "scripts" / "package.py"))
    deployed = {path for path in scripts["sources"](ROOT) if path.name != ".funcignore"}
    everything = [PurePosixPath(path.relative_to(ROOT).as_posix()) for path in (ROOT / "integration").rglob("*.py")]
    kept_here = (".env", "local.settings.json", "tests/x.py", "integration/__pycache__/x.pyc", "integration/cli/x.html")
    everything += [PurePosixPath(name) for name in (*map(str, deployed), *kept_here)]
    copied = set()
    for path in everything:
        kept_out = False
        for pattern in patterns:
            if read(pattern, path):
                kept_out = not pattern.startswith("!")
        if not kept_out:
            copied.add(path)
    assert copied == deployed


def test_container_apps_have_the_settings_of_the_plan_and_the_id_of_the_app():
    there, here = (properties(template.variables["hostSettings"]) for template in (WORKER, APP))
    assert set(here) - set(there) == {"AzureFunctionsWebHost__hostid"}
    assert set(there) - set(here) == set()
    assert {name for name in there if text_of(there[name]) != text_of(here[name])} == set()
    assert text_of(WORKER.variables["identitySettings"]) == text_of(APP.variables["identitySettings"])
    # As in the plan, what the template says wins.
    assert "union(settings, identitySettings, hostSettings)" in text_of(APP.variables["plain"])


def test_the_probes_and_the_port_are_those_of_the_image():
    port = dict(instructions())["EXPOSE"]
    text = APP.path.read_text("utf-8")
    assert set(re.findall(r"(?:targetPort|port): (\d+)", text)) == {port}
    assert set(re.findall(r"path: '([^']+)'", text)) == {"/api/health?live=true"}
    assert unquoted(properties(APP.resources["app"])["kind"]) == models.Kind.FUNCTIONAPP.value


def objects(node):
    """Give the objects below a value of Bicep: itself, those of a list, those of a lambda."""
    if node.type == "object":
        return [node]
    return [found for child in node.named_children for found in objects(child)] if node.type in LISTS else []


LISTS = ("array", "call_expression", "arguments", "lambda_expression", "parenthesized_expression")


def kinds(hint: Any):
    """Give the models in a type hint."""
    if isinstance(hint, type) and hasattr(models, hint.__name__) and not issubclass(hint, str):
        return [hint]
    return [found for each in get_args(hint) for found in kinds(each)]


def hints_of(model):
    """Give the types of a model's properties by their names in Azure."""
    every = SimpleNamespace(**vars(models._models) | vars(models))
    hints = get_type_hints(model, localns={"_models": every})
    return {field._rest_name: hints[name] for name, field in model({})._attr_to_rest_field.items()}


def unknown(node, model, path=""):
    """Name the properties of an object that Microsoft's model does not have."""
    fields = hints_of(model)
    for key, value in properties(node).items():
        if key not in fields:
            yield f"{path}.{key}"
            continue
        for inner in kinds(fields[key])[:1]:
            for each in objects(value):
                yield from unknown(each, inner, f"{path}.{key}")


@pytest.mark.parametrize(("name", "model"), [("app", models.ContainerApp), ("environment", models.ManagedEnvironment)])
def test_every_property_is_one_of_microsofts_model(name, model):
    # What a template says besides: the resource's name.
    assert list(unknown(at(APP.resources[name], "properties"), kinds(hints_of(model)["properties"])[0])) == []
    assert APP.kind(name)[1] == "2026-07-01"


def test_a_property_that_is_misspelt_would_be_found(tmp_path):
    text = APP.path.read_text("utf-8")
    for right, wrong in (("targetPort", "port"), ("minReplicas", "replicas"), ("keyVaultUrl", "vaultUrl")):
        path = tmp_path / f"{wrong}.bicep"
        path.write_text(text.replace(right, wrong))
        body = at(Template(path).resources["app"], "properties")
        assert [each.rsplit(".", 1)[1] for each in unknown(body, models.ContainerAppProperties)] == [wrong]


def test_every_setting_that_the_code_knows_is_set_somewhere_or_by_the_platform():
    named = (
        ROOT / "infra" / "worker.bicep",
        ROOT / "infra" / "container-app.bicep",
        ROOT / "local.settings.sample.json",
        ROOT / "Dockerfile",
    )
    text = "".join(path.read_text("utf-8") for path in named)
    # Ways to say where a connection leads beside those of the templates, which docs/reference/settings.md has.
    other_ways = {settings.ACCOUNT_NAME, settings.CUSTOM_ENDPOINT, settings.CONNECTION_VERIFY}
    missing = set()
    for setting in settings.SETTINGS:
        if setting.owner in {"fno-link", "functions"} and setting.name not in other_ways:
            name = settings.of_organization(setting.name, "contoso").replace("<CONNECTION>", "AzureWebJobsStorage")
            if name not in text and name.replace("AzureWebJobsStorage", "ServiceBus") not in text:
                missing.add(setting.name)
    assert missing == set()


@pytest.mark.parametrize("name", sorted(PLATFORM))
def test_a_setting_of_the_host_is_explained(name):
    assert f"`{name}`" in GUIDE
