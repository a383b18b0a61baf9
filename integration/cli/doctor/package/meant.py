"""The functions that this version of fno-link makes of a configuration."""

import json
from typing import NoReturn

from integration.cli.doctor.package.indexing import Function
from integration.config import Configuration


def meant_by(configuration: Configuration) -> tuple[Function, ...]:
    """Return them as they would be indexed.

    Args:
        configuration: The configuration.
    """
    # Imports azure.functions, which no other command needs.
    from integration.functions.app import registered  # noqa: PLC0415

    return tuple(
        Function(str(each.get_function_name()), tuple(json.loads(raw) for raw in each.get_raw_bindings()))
        for each in registered(configuration, _nobody).get_functions()
    )


def _nobody(context: object) -> NoReturn:
    msg = f"nothing is run here: {context}"
    raise RuntimeError(msg)
