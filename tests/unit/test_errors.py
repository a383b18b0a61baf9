"""Every error says what to do, and the tree in the module's docstring is the tree of classes."""

import re

import pytest

from integration import errors


def every_class(base: type[errors.FnoLinkError]) -> list[type[errors.FnoLinkError]]:
    return [base, *(found for child in base.__subclasses__() for found in every_class(child))]


def drawn() -> list[tuple[int, str]]:
    """Read the tree in the docstring: how deep each class stands in it, and its name."""
    lines = re.findall(r"^([│ ]*)(?:[├└]── )(\w+)", errors.__doc__ or "", re.MULTILINE)
    return [(len(indent) // 4 + 1, name) for indent, name in lines]


def defined(base: type[errors.FnoLinkError] = errors.FnoLinkError, depth: int = 0) -> list[tuple[int, str]]:
    below = [each for child in base.__subclasses__() for each in defined(child, depth + 1)]
    return [(depth, base.__name__), *below] if depth else below


def test_the_tree_of_the_docstring_has_every_error_where_it_stands():
    assert drawn() == defined()


@pytest.mark.parametrize("error", every_class(errors.FnoLinkError), ids=lambda error: error.__name__)
def test_every_error_says_what_happened_and_what_to_do(error):
    assert error.__doc__
    assert error.hint
    if error is not errors.ConfigurationError:
        assert str(error()) == error.__doc__.splitlines()[0]
        assert error().code == error.__name__


def test_a_configuration_error_carries_all_its_problems():
    problems = [errors.Problem("a.b", "is wrong", "write c", "fno-link.toml"), errors.Problem("X", "is missing")]
    raised = errors.ConfigurationError(problems)
    assert raised.problems == tuple(problems)
    assert str(raised) == "fno-link.toml: a.b: is wrong (write c); X: is missing"
