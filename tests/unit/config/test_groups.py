"""Groups of sources among which an event is the same."""

import pytest

from integration.config import check_text
from integration.config.keys.groups import groups_of
from integration.config.keys.sources import group_of
from tests.unit.config.written import (
    ORGANIZATION,
    STORAGE,
)

ORGANIZATIONS = f"""{ORGANIZATION}
[[organizations]]
name = "fabrikam"
url = "https://fabrikam.crm.dynamics.com"
tenant = "contoso.onmicrosoft.com"
"""


def grouped(**sources):
    """Write HTTP sources, each with its organization and its group."""
    return "\n".join(
        f'[sources.{name}]\nkind = "http"\norganization = "{organization}"\n'
        + (f'duplicates = "{group}"\n' if group else "")
        for name, (organization, group) in sources.items()
    )


@pytest.mark.parametrize(
    ("sources", "key", "says"),
    [
        ({"a": ("contoso", "erp"), "b": ("fabrikam", "erp")}, "sources.b.duplicates", "this one is of `fabrikam`"),
        ({"erp": ("contoso", ""), "b": ("contoso", "erp")}, "sources.b.duplicates", "does not say that it is in"),
        ({"erp": ("fabrikam", ""), "b": ("contoso", "erp")}, "sources.b.duplicates", "does not say that it is in"),
        (
            {"erp": ("contoso", "x"), "a": ("contoso", "x"), "b": ("contoso", "erp")},
            "sources.b.duplicates",
            "group `x`",
        ),
        ({"a": ("contoso", "No!")}, "sources.a.duplicates", "No!"),
    ],
)
def test_a_group_that_makes_no_sense_is_refused(sources, key, says):
    checked = check_text(ORGANIZATIONS + grouped(**sources), STORAGE)
    assert checked.configuration is None
    [problem] = checked.problems
    assert problem.key == key
    assert says in problem.message


def test_sources_of_a_group_share_its_name_and_the_others_have_their_own():
    text = grouped(erp=("contoso", "erp"), bus=("contoso", "erp"), shop=("contoso", ""), alone=("fabrikam", "z"))
    checked = check_text(ORGANIZATIONS + text, STORAGE)
    assert checked.problems == ()
    assert checked.configuration is not None
    groups = {name: group_of(source) for name, source in checked.configuration.sources.items()}
    assert groups == {"erp": "erp", "bus": "erp", "shop": "shop", "alone": "z"}
    assert groups_of(checked.configuration) == {"contoso": ("erp", "shop"), "fabrikam": ("z",)}
    assert [warning.key for warning in checked.warnings] == ["sources.alone.duplicates"]


def test_a_group_may_be_an_app_setting():
    text = ORGANIZATION + grouped(a=("contoso", "%GROUP%"), b=("contoso", "%GROUP%"))
    found = check_text(text, {**STORAGE, "GROUP": "erp"}).configuration
    assert found is not None
    assert {group_of(each) for each in found.sources.values()} == {"erp"}
    assert check_text(text, {}, offline=True).problems == ()
