"""Steps of our own side: the app settings, host.json, the storage account, Service Bus, the keys and the package."""

from integration.cli.doctor.step import Step

DEPLOY = "docs/deploy.md"

APP_SETTINGS = Step(
    "app_settings",
    "The app settings are those that the configuration and the templates want",
    "Set what is missing, resolve what is a Key Vault reference, and correct names; local.settings.sample.json and "
    "docs/reference/settings.md list all.",
    f"{DEPLOY}, App settings",
    asks="Reads the app settings, fno-link.toml; asks nobody.",
)
HOST_JSON = Step(
    "host_json",
    "host.json has what the app relies on",
    "Take the values of the host.json that fno-link comes with; keys of your own may stay.",
    f"{DEPLOY}, Scaling; and What to watch",
    asks="Reads host.json in the app's folder; asks nobody.",
)

STEPS = (APP_SETTINGS, HOST_JSON)
