"""The URL of a Teams workflow: only from an app setting, whole, signed; and no part of it is ever shown."""

import pytest

from integration.config import check_text

SECRET = "s1gnature-that-nobody-may-see"
URL = (
    "https://prod-1.westeurope.logic.azure.com:443/workflows/3d7b/triggers/manual/paths/invoke"
    f"?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={SECRET}"
)
POWER_PLATFORM = (
    "https://default1.2.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/3d7b"
    f"/triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={SECRET}"
)
ORGANIZATION = (
    '[[organizations]]\nname = "contoso"\nurl = "https://contoso.crm.dynamics.com"\ntenant = "c.onmicrosoft.com"\n'
)


def checked(written, value=""):
    text = f'{ORGANIZATION}[targets.ops]\nkind = "teams"\nurl = "{written}"\n'
    environ = {"AzureWebJobsStorage": "UseDevelopmentStorage=true"} | ({"OPS": value} if value else {})
    return check_text(text, environ)


@pytest.mark.parametrize("url", [URL, POWER_PLATFORM, "http://127.0.0.1:7071/x?sig=a", "https://apim.azure-api.net/x"])
def test_a_url_from_an_app_setting_is_taken_as_it_is(url):
    result = checked("%OPS%", url)
    assert result.problems == ()
    assert result.configuration.targets["ops"].url == url


@pytest.mark.parametrize(
    ("written", "value", "said"),
    [
        (URL, "", "is a secret and stands in the file"),
        ("https://x.logic.azure.com/%OPS%", "y", "is a secret and stands in the file"),
        ("%OPS%", "", "the app setting OPS is not set"),
        ("%OPS%", f"x {URL}", "is no https URL"),
        ("%OPS%", URL.replace("https", "http"), "is not encrypted"),
        ("%OPS%", URL.partition("&sp")[0] + f"&x={SECRET}", "lacks its signature"),
        ("%OPS%", f"https://contoso.webhook.office.com/webhookb2/{SECRET}", "Microsoft has retired"),
    ],
)
def test_any_other_is_a_problem_that_does_not_show_it(written, value, said):
    result = checked(written, value)
    [problem] = result.problems
    assert problem.key == "targets.ops.url"
    assert said in str(problem)
    assert problem.hint
    assert SECRET not in str(problem)
