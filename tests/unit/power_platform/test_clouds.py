"""Each cloud has APIs of the Power Platform of its own; the emulated world names the same hosts by itself."""

import pytest

from emulation.dynamics.clouds import ADMINISTRATION, GRAPHS, POWER_APPS, POWER_PLATFORM
from integration.clouds import CLOUDS
from integration.config.keys.model import Organization
from integration.microsoft_graph import graph_url
from integration.power_platform.client import api_url


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_cloud_is_asked_at_its_own_hosts(cloud):
    organization = Organization(name="a", url="https://a.crm.dynamics.com", tenant="a.example.com", cloud=cloud)
    assert POWER_PLATFORM[api_url(organization).removeprefix("https://")] == cloud
    assert cloud in GRAPHS[graph_url(organization).removeprefix("https://")]
    assert ADMINISTRATION[CLOUDS[cloud].administration] == cloud
    assert POWER_APPS[CLOUDS[cloud].power_apps] == cloud
