"""Pieces of fno-link.toml, and what is found in them."""

from integration.config import check_text

STORAGE = {
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
    "ServiceBus": "Endpoint=sb://localhost;SharedAccessKeyName=n;SharedAccessKey=k",
}
ORGANIZATION = """
[[organizations]]
name = "contoso"
url = "https://contoso.crm.dynamics.com"
tenant = "contoso.onmicrosoft.com"
"""


def only_problem(text, environ=None, **options):
    checked = check_text(ORGANIZATION + text, {**STORAGE, **(environ or {})}, **options)
    assert checked.configuration is None
    [problem] = checked.problems
    return problem


def configuration(text, environ=None, **options):
    checked = check_text(ORGANIZATION + text, {**STORAGE, **(environ or {})}, **options)
    assert checked.problems == ()
    return checked.configuration


def bus_source(lines, name="b"):
    return f'[sources.{name}]\nkind = "service_bus"\norganization = "contoso"\n{lines}\n'


def bus_target(lines):
    return f'[targets.b]\nkind = "service_bus"\n{lines}\n'


def grid_target(lines):
    return f'[targets.g]\nkind = "event_grid"\n{lines}\n'


def webhook(lines):
    return f'[targets.w]\nkind = "webhook"\n{lines}\n'


def queue(lines, name="q"):
    return f'[sources.{name}]\nkind = "storage_queue"\norganization = "contoso"\n{lines}\n'


def http(name):
    return f'[sources.{name}]\nkind = "http"\norganization = "contoso"\n'
