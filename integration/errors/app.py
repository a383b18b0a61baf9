"""What a function app that the command line asks does not do."""

from integration.errors.base import FnoLinkError


class AppRefused(FnoLinkError):
    """The function app refused the request."""

    hint = (
        "Check the URL of --app, and that FNO_LINK_KEY is a key of this function; or unset it, and set "
        "FNO_LINK_APP_TENANT and FNO_LINK_APP_AUDIENCE to show a token of Entra."
    )


class AppUnavailable(FnoLinkError):
    """The function app did not answer, or could not."""

    hint = "Check the URL of --app and the network; if it answered 5xx, look into the app's logs, then ask again."
    transient = True
