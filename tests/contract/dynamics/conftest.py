"""One organization's Web API, as a client that registers steps uses it."""

from collections.abc import Iterator

import pytest

from tests.fixtures.dynamics import Playground
from tests.fixtures.web_api import Web


@pytest.fixture
def web(dynamics: Playground) -> Iterator[Web]:
    organization = dynamics.organization()
    with dynamics.client(organization.base_url()) as client:
        yield Web(dynamics, organization.name, client)
