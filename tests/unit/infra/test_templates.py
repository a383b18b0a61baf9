"""The Bicep templates hold together: names, parameters, outputs and roles fit, and no key or secret stands in them."""

import json
import re
from pathlib import Path
from uuid import UUID

import pytest

from tests.bicep import Template, properties, text_of, unquoted, walk

ROOT = Path(__file__).parents[3]
INFRA = ROOT / "infra"
TEMPLATES = {path.name: Template(path) for path in sorted(INFRA.glob("*.bicep"))}
MAIN = TEMPLATES["main.bicep"]
PARAMETERS = json.loads((INFRA / "main.parameters.json").read_text("utf-8"))["parameters"]
GUIDE = (ROOT / "docs" / "deploy.md").read_text("utf-8")
each_template = pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)

# Source: the pages "Bicep functions" and "Lambda functions".
FUNCTIONS = {"uniqueString", "toLower", "toUpper", "subscription", "guid", "subscriptionResourceId", "empty", "union"}
FUNCTIONS |= {
    "concat",
    "contains",
    "environment",
    "flatten",
    "json",
    "max",
    "items",
    "loadJsonContent",
    "map",
    "replace",
    "split",
    "string",
    "tenant",
    "toObject",
}
# Source: the page "Azure built-in roles".
ROLES = {
    "storageBlobDataOwner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "storageQueueDataContributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    "storageTableDataContributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    "serviceBusDataReceiver": "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0",
    "serviceBusDataSender": "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39",
    "keyVaultSecretsUser": "4633458b-17de-408a-b874-0445c86b69e6",
    "keyVaultSecretsOfficer": "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
    "acrPull": "7f951dda-4ed3-4680-a7ca-43fe172d538d",
    "monitoringMetricsPublisher": "3913510d-42f4-4e42-8a64-420c390055eb",
}
# What azd sets by itself: the page "Azure Developer CLI environment variables".
AZD = {"AZURE_ENV_NAME", "AZURE_LOCATION", "AZURE_PRINCIPAL_ID", "AZURE_PRINCIPAL_TYPE"}


@each_template
def test_a_template_parses(template):
    assert template.faults == []
    assert not template.root.has_error


def test_a_fault_in_a_template_would_be_found(tmp_path):
    broken = tmp_path / "broken.bicep"
    broken.write_text("resource x 'a/b@2024-01-01' = {\n  name 'x'\n}\n")
    assert Template(broken).faults


@each_template
def test_every_name_is_declared_and_every_declaration_is_used(template):
    declared = {*template.parameters, *template.variables}
    known = declared | {*template.resources, *template.modules} | template.local_names()
    used = set(template.names_used())
    assert used - known == set(), "used, but declared nowhere"
    assert declared - used == set(), "declared, but never used"
    assert template.functions_used() - FUNCTIONS == set(), "no function of Bicep that this test knows"


@pytest.mark.parametrize("module", MAIN.modules)
def test_a_module_gets_the_parameters_that_it_declares(module):
    path, _ = MAIN.kind(module)
    given = set(properties(properties(MAIN.modules[module])["params"]))
    assert path in TEMPLATES
    assert given - set(TEMPLATES[path].parameters) == set()
    assert TEMPLATES[path].required - given == set()


def test_every_output_that_main_reads_is_one_of_its_module():
    text = MAIN.path.read_text("utf-8")
    read = set(re.findall(r"\b(\w+)!?\.outputs\.(\w+)", text))
    assert read
    assert {(module, name) for module, name in read if name not in TEMPLATES[MAIN.kind(module)[0]].outputs} == set()
    made = {(name, output) for name in MAIN.modules for output in TEMPLATES[MAIN.kind(name)[0]].outputs}
    assert made - read == set(), "an output that nobody reads"


def test_every_template_is_main_or_a_module_of_it():
    assert {MAIN.kind(name)[0] for name in MAIN.modules} | {"main.bicep"} == set(TEMPLATES)


def test_api_versions_are_stable_and_one_to_a_provider():
    versions: dict[str, set[str]] = {}
    for template in TEMPLATES.values():
        for name in template.resources:
            kind, version = template.kind(name)
            assert re.fullmatch(r"Microsoft\.\w+(/\w+)+", kind)
            assert re.fullmatch(r"20\d\d-\d\d-\d\d", version), f"{kind}@{version} is a preview"
            # Microsoft.Insights has versions of their own for components, rules and workbooks: no one has all three.
            provider = kind if kind.startswith("Microsoft.Insights/") else kind.split("/")[0]
            versions.setdefault(provider, set()).add(version)
    assert {provider: found for provider, found in versions.items() if len(found) > 1} == {}


def test_the_roles_are_those_of_the_list_and_each_is_given_by_an_assignment():
    found = {}
    for template in TEMPLATES.values():
        ids = {
            name: unquoted(node.named_children[-1])
            for name, node in template.variables.items()
            if re.fullmatch(r"'[0-9a-f-]{36}'", text_of(node.named_children[-1]))
        }
        for role in ids.values():
            assert str(UUID(role)) == role
        found |= ids
    assert found == ROLES


def test_an_assignment_names_scope_principal_role_and_has_a_name_that_follows_from_them():
    assignments = 0
    for template in TEMPLATES.values():
        for name in template.resources:
            if template.kind(name)[0] != "Microsoft.Authorization/roleAssignments":
                continue
            assignments += 1
            body = properties(template.resources[name])
            inner = properties(body["properties"])
            role = re.search(r"roleDefinitions', (\w+)\)", text_of(inner["roleDefinitionId"]))
            assert role is not None
            scope, principal = text_of(body["scope"]), text_of(inner["principalId"])
            assert text_of(body["name"]) == f"guid({scope}.id, {principal}, {role[1]})"
            assert "resourceGroup()" not in scope
    assert assignments == 9


def test_the_parameter_file_gives_what_main_asks_for():
    assert set(PARAMETERS) - set(MAIN.parameters) == set()
    assert MAIN.required - set(PARAMETERS) == set()
    assert set(re.findall(r"\$\{(\w+)", json.dumps(PARAMETERS))) <= AZD


def test_nothing_is_taken_with_a_shared_key_unless_dynamics_must():
    storage = (INFRA / "storage.bicep").read_text("utf-8")
    assert "allowSharedKeyAccess: false" in storage
    assert "allowBlobPublicAccess: false" in storage
    assert "disableLocalAuth: !dynamicsSends" in (INFRA / "service-bus.bicep").read_text("utf-8")
    assert MAIN.default("dynamicsSendsToServiceBus") == "false"
    assert "DisableLocalAuth: true" in (INFRA / "monitoring.bicep").read_text("utf-8")
    assert "enableRbacAuthorization: true" in (INFRA / "key-vault.bicep").read_text("utf-8")


@each_template
def test_no_template_reads_a_key_or_holds_a_secret(template):
    calls = [text_of(node) for node in walk(template.root) if node.type == "call_expression"]
    assert [call for call in calls if re.search(r"\blist\w*(Keys|Secrets|Sas)\b", call)] == []
    assert re.findall(r"AccountKey|SharedAccessKey=", template.path.read_text("utf-8")) == []


@pytest.mark.parametrize("name", [*MAIN.parameters, *MAIN.outputs])
def test_every_parameter_and_output_is_explained(name):
    node = {**MAIN.parameters, **MAIN.outputs}[name]
    decorators = node.prev_named_sibling
    assert decorators is not None
    assert "@description('" in text_of(decorators)
    assert f"`{name}`" in GUIDE


def test_the_guide_says_that_nothing_was_deployed():
    assert "neither compiled nor deployed" in GUIDE
