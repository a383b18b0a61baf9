"""The C# of samples/plugin, as far as it can be judged without a compiler: its syntax, and the names that it uses."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import tree_sitter_c_sharp
from tree_sitter import Language, Parser

from tests.bicep import text_of, walk

ROOT = Path(__file__).parents[3]
PLUGIN = ROOT / "samples" / "plugin"
FILES = sorted(PLUGIN.glob("*.cs"))
PARSER = Parser(Language(tree_sitter_c_sharp.language()))
NAMES = json.loads((PLUGIN / "sdk-names.json").read_text("utf-8"))["types"]
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)


def parsed(content):
    return PARSER.parse(content).root_node


def faults(root):
    return [text_of(node)[:60] for node in walk(root) if node.type == "ERROR" or node.is_missing]


def declared(root):
    """Names that the file brings itself: types, members, parameters, variables, namespaces."""
    kinds = {
        "class_declaration",
        "method_declaration",
        "property_declaration",
        "variable_declarator",
        "parameter",
        "catch_declaration",
    }
    found = set()
    for node in walk(root):
        name = node.child_by_field_name("name")
        if node.type in kinds and name is not None:
            found.add(text_of(name))
    return found


def types_used(root):
    """Names in the place of a type: created, cast to, inherited, declared, given to typeof and as an attribute."""
    found = set()
    for node in walk(root):
        for field in ("type", "returns"):
            child = node.child_by_field_name(field)
            if child is not None:
                found |= {text_of(each) for each in walk(child) if each.type == "identifier"}
        if node.type in {"base_list", "type_argument_list", "attribute"}:
            found |= {text_of(each) for each in node.named_children if each.type == "identifier"}
            found |= {text_of(each.named_children[0]) for each in node.named_children if each.type == "generic_name"}
    return found - {"var"}


def members_used(root):
    found = set()
    for node in walk(root):
        name = node.child_by_field_name("name")
        if node.type in {"member_access_expression", "member_binding_expression"} and name is not None:
            found.add(text_of(name))
        elif node.type == "initializer_expression":
            for each in node.named_children:
                if each.type == "assignment_expression":
                    found.add(text_of(each.named_children[0]))
    return found


@each_file
def test_a_file_is_c_sharp(path):
    assert faults(parsed(path.read_bytes())) == []


@each_file
def test_every_type_and_member_is_one_of_the_reference_or_of_the_file(path):
    root = parsed(path.read_bytes())
    own = declared(root)
    types, members = types_used(root), members_used(root)
    assert "IPlugin" in types
    assert "GetService" in members
    assert types - own - set(NAMES) == set()
    known = {member for each in NAMES.values() for member in each}
    assert members - own - known == set()


def test_a_wrong_name_or_a_fault_would_be_found():
    root = parsed(b"class A : IPlugins { void B(IServiceProvider p) { p.GetServices(typeof(X)); } }")
    assert types_used(root) - declared(root) - set(NAMES) == {"IPlugins", "X"}
    assert members_used(root) == {"GetServices"}
    assert faults(parsed(b"class A { void B( { } }"))


def test_every_name_of_the_table_that_is_a_type_of_the_sdk_has_its_page_named():
    sources = json.loads((PLUGIN / "sdk-names.json").read_text("utf-8"))["sources"]
    text = " ".join(path.read_text("utf-8") for path in FILES)
    sdk = {name for name in NAMES if re.match(r"I[A-Z]|Organization|Parameter|InvalidPlugin", name)} - {
        "IServiceProvider"
    }
    assert {name for name in sdk if name not in sources["Microsoft.Xrm.Sdk"]} == set()
    assert all(f"using {space};" in text for space in ("System", "Microsoft.Xrm.Sdk"))


def test_the_message_and_the_code_are_those_that_fno_link_knows():
    from integration.dataverse.client import LINK_CALL  # noqa: PLC0415

    text = (PLUGIN / "LinkInProcess.cs").read_text("utf-8")
    assert f'LinkMessage = "{LINK_CALL}"' in text
    assert "0x80048d0b" in text


def test_the_project_is_for_the_framework_of_the_sandbox():
    project = ET.parse(PLUGIN / "FnoLink.Plugins.csproj").getroot()
    assert project.findtext("PropertyGroup/TargetFramework") == "net462"
