"""Where fno-link's function app is: in the checkout around this package, or in the installed distribution."""

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from emulation.failure import Failed

CHECKOUT = Path(__file__).parents[1]
INSTALLED = "integration/wwwroot"


def app_folder(checkout: Path = CHECKOUT) -> Path:
    """Return the folder of function_app.py, host.json and the sample configuration.

    Args:
        checkout: Where it is looked for first.

    Raises:
        Failed: fno-link is not installed beside this package.
    """
    if (checkout / "function_app.py").is_file():
        return checkout
    try:
        return Path(str(distribution("fno-link").locate_file(INSTALLED)))
    except PackageNotFoundError:
        raise Failed("NotInstalled", "fno-link itself is not installed.", "pip install fno-link") from None
