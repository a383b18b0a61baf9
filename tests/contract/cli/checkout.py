"""A folder with a configuration for one emulated organization, and the settings of its app registration."""

import os
import subprocess
import sys


class Checkout:
    """A folder with a configuration for one organization, and the settings of its app registration."""

    def __init__(self, dynamics, folder) -> None:
        self.folder = folder
        self.organization = dynamics.organization()
        self.name = self.organization.name
        self.settings = {"CLIENT_ID": dynamics.client_id, "CLIENT_SECRET": dynamics.client_secret}
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith(("FNO_", "AzureWeb"))}
        self.environ |= dynamics.environ
        self.configure()

    def configure(self, url="", tenant="contoso.onmicrosoft.com", more=""):
        lines = f'name = "{self.name}"\nurl = "{url or self.organization.base_url()}"\ntenant = "{tenant}"\n{more}\n'
        (self.folder / "fno-link.toml").write_text(f"[[organizations]]\n{lines}")

    def run(self, *arguments):
        """Run a command to its end."""
        command = [sys.executable, "-c", "from integration.cli import main; main()", *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=self._environ(), capture_output=True, text=True, check=False, timeout=60
        )

    def start(self, *arguments, **streams):
        """Start a command, and leave it running."""
        command = [sys.executable, "-c", "from integration.cli import main; main()", *arguments]
        return subprocess.Popen(command, cwd=self.folder, env=self._environ(), **streams)

    def _environ(self):
        prefix = f"FNO_LINK_{self.name.upper()}_"
        return self.environ | {prefix + name: value for name, value in self.settings.items()}
