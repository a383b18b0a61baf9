import pytest

from tests.unit.client.app import App, Asker, ok


@pytest.fixture
def app():
    return App(ok())


@pytest.fixture(params=["async", "sync"])
async def make(request, app):
    made = []

    def ask(**options):
        made.append(Asker(request.param, app, **options))
        return made[-1]

    yield ask
    for each in made:
        await each.close()
