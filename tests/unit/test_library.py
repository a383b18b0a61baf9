"""fno-link as a library: the names that it offers, what importing it costs, and a resolver made from a URL."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import integration
from integration import ConfigurationError, Linked, LinkResolver, errors
from integration.events.event import Event


def test_the_library_offers_its_names():
    for name in integration.__all__:
        assert getattr(integration, name).__name__ == name
    assert integration.Event is Event
    assert integration.Throttled is errors.Throttled
    with pytest.raises(AttributeError, match="Nothing"):
        _ = integration.Nothing


def test_the_names_for_type_checkers_are_those_at_run_time():
    tree = ast.parse(Path(integration.__file__).read_text(encoding="utf-8"))
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    names = {alias.asname for line in guarded.body if isinstance(line, ast.ImportFrom) for alias in line.names}
    assert names == set(integration.__all__)


def test_every_reason_for_an_unknown_link_is_offered():
    reasons = {kind.__name__ for kind in errors.LinkUnknown.__subclasses__()}
    assert reasons <= set(integration.__all__)


def test_importing_a_room_does_not_import_the_others():
    code = "import sys, integration; print(*(name for name in sys.modules if name.startswith('integration')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["integration"]


def test_importing_the_resolver_imports_no_client_library():
    code = "import sys; from integration import LinkResolver; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"httpx", "msal", "requests", "cryptography", "aiohttp", "azure.core", "azure.data.tables"}
    assert not heavy & set(done.stdout.split())


async def test_an_organization_is_named_by_its_host_unless_said_otherwise():
    async with LinkResolver.for_organization("https://Contoso.crm4.dynamics.com/", tenant="contoso.com") as links:
        assert links.known("contoso")
        assert links.cached("contoso") is None
    async with LinkResolver.for_organization("https://contoso.crm.dynamics.com", tenant="t", name="erp") as links:
        assert links.known("erp")
        assert not links.known("contoso")


@pytest.mark.parametrize("url", ["contoso.crm.dynamics.com", "http://a.b", "https://a.b/path", "https://u@a.b", ""])
def test_a_url_that_is_none_is_refused(url):
    with pytest.raises(ConfigurationError, match="https"):
        LinkResolver.for_organization(url, tenant="t")


CONFIGURATION = """
[[organizations]]
name = "contoso"
url = "https://%HOST%"
tenant = "contoso.onmicrosoft.com"
"""


async def test_a_resolver_is_made_from_the_worker_s_own_configuration(tmp_path):
    path = tmp_path / "fno-link.toml"
    path.write_text(CONFIGURATION, encoding="utf-8")
    environ = {"FNO_LINK_CONFIG": str(path), "HOST": "contoso.crm.dynamics.com"}
    async with LinkResolver.from_environment(environ) as links:
        assert links.known("contoso")
    with pytest.raises(ConfigurationError, match="app setting"):
        LinkResolver.from_environment({"FNO_LINK_CONFIG": str(path)})


def test_links_are_values_of_the_library():
    assert Linked.__module__ == "integration.links.values"
