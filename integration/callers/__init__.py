"""Who asks over HTTP without a function key: a token of Entra, checked by App Service authentication or by us."""

from integration.callers.caller import Caller
from integration.callers.gate import Gate

__all__ = ["Caller", "Gate"]
