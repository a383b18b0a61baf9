"""Bicep files as their syntax trees say, by the grammar of tree-sitter-bicep: what a test needs to judge infra/."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

PARSER = Parser(Language(tree_sitter_bicep.language()))


def text_of(node: Node) -> str:
    return (node.text or b"").decode()


def unquoted(node: Node) -> str:
    return text_of(node).removeprefix("'").removesuffix("'")


def walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from walk(child)


def declarations(root: Node, kind: str) -> dict[str, Node]:
    return {text_of(node.named_children[0]): node for node in root.named_children if node.type == kind}


def properties(node: Node) -> dict[str, Node]:
    """Return the values of an object, or of the object of a resource or module, by key."""
    while node.type != "object":
        node = node.named_children[-1]
    pairs = [each for each in node.named_children if each.type == "object_property"]
    return {unquoted(each.named_children[0]): each.named_children[-1] for each in pairs}


def at(node: Node, *path: str) -> Node:
    for key in path:
        node = properties(node)[key]
    return node


@dataclass(frozen=True)
class Template:
    path: Path

    @cached_property
    def root(self) -> Node:
        return PARSER.parse(self.path.read_bytes()).root_node

    @cached_property
    def faults(self) -> list[str]:
        found = [node for node in walk(self.root) if node.type == "ERROR" or node.is_missing]
        return [f"{self.path.name}:{node.start_point.row + 1}: {text_of(node)[:60]}" for node in found]

    @cached_property
    def parameters(self) -> dict[str, Node]:
        return declarations(self.root, "parameter_declaration")

    @cached_property
    def required(self) -> set[str]:
        """Parameters without a default."""
        return {name for name, node in self.parameters.items() if not any(text_of(c) == "=" for c in node.children)}

    @cached_property
    def variables(self) -> dict[str, Node]:
        return declarations(self.root, "variable_declaration")

    @cached_property
    def resources(self) -> dict[str, Node]:
        return declarations(self.root, "resource_declaration")

    @cached_property
    def modules(self) -> dict[str, Node]:
        return declarations(self.root, "module_declaration")

    @cached_property
    def outputs(self) -> dict[str, Node]:
        return declarations(self.root, "output_declaration")

    def kind(self, name: str) -> tuple[str, str]:
        """Return type and API version of a resource, or path and nothing of a module."""
        node = {**self.resources, **self.modules}[name].named_children[1]
        kind, _, version = unquoted(node).partition("@")
        return kind, version

    def default(self, parameter: str) -> str:
        return unquoted(self.parameters[parameter].named_children[-1])

    def names_used(self) -> Iterator[str]:
        """Yield each name that an expression mentions: no keys, no properties, no functions, no declarations."""
        declared = {node.named_children[0].id for node in self.root.named_children if node.named_children}
        for node in walk(self.root):
            if node.type != "identifier" or node.parent is None or node.id in declared:
                continue
            parent = node.parent
            key = parent.type == "object_property" and parent.named_children[0].id == node.id
            function = parent.type == "call_expression" and parent.child_by_field_name("function") == node
            if not key and not function:
                yield text_of(node)

    def functions_used(self) -> set[str]:
        calls = (node for node in walk(self.root) if node.type == "call_expression")
        called = (
            call.child_by_field_name("function") for call in calls if call.parent and call.parent.type != "decorator"
        )
        return {text_of(function) for function in called if function is not None}

    def local_names(self) -> set[str]:
        """Return the names that loops and lambdas bring."""
        found: set[str] = set()
        for node in walk(self.root):
            if node.type == "lambda_expression":
                found.add(text_of(node.named_children[0]))
            elif node.type == "for_statement":
                initializer = node.child_by_field_name("initializer")
                found |= {text_of(initializer)} if initializer else set()
            elif node.type in {"loop_variable", "loop_enumerator"}:
                found.add(text_of(node))
        return found
