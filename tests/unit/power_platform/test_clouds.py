"""Each cloud has a Power Platform API of its own; the emulated world names the same hosts by itself."""

import pytest

from emulation.dynamics.clouds import POWER_PLATFORM
from integration.clouds import CLOUDS
from integration.config.keys.model import Organization
from integration.power_platform.client import api_url


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_cloud_is_asked_at_its_own_host(cloud):
    organization = Organization(name="a", url="https://a.crm.dynamics.com", tenant="a.example.com", cloud=cloud)
    host = api_url(organization).removeprefix("https://")
    assert POWER_PLATFORM[host] == cloud
