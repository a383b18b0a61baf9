import pytest

from integration import errors


def every_class(base: type[errors.FnoLinkError]) -> list[type[errors.FnoLinkError]]:
    return [base, *(found for child in base.__subclasses__() for found in every_class(child))]


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
