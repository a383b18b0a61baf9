"""Function names: what the portal, the metrics and the keys are called."""

import re


def function_name(kind: str, source: str) -> str:
    """Name the function of a source: letters, digits, `_`, begins with a letter.

    Source: "Azure Functions developer guide", naming rules.
    """
    return f"{kind}_{re.sub(r'[^A-Za-z0-9]', '_', source)}"
