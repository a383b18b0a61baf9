"""`fno-link local`: one's own fno-link.toml in the local world."""

import click


@click.command()
@click.option("--config", metavar="FILE", help="The configuration; by default FNO_LINK_CONFIG, else fno-link.toml.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Of the function app; by default 7071 where it is free, else a free one.",
)
@click.option("--keep", is_flag=True, help="Keep storage, broker, keys and secrets for the next run.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line when ready, and at each change.")
def command(*, config: str | None, port: int, keep: bool, as_json: bool) -> None:
    """Run one's own fno-link.toml in the local world, until Ctrl-C.

    Starts Azurite, a Service Bus broker with the configured entities, an emulated Entra, Dataverse and Finance &
    Operations for the configured organizations, receivers for every address that events go to, and the function app
    with one process for each scaling group; starts anew what a changed file asks for. Nothing leaves this machine.

    Exit codes: 0 ended by Ctrl-C, 1 the configuration is wrong or another run has it, 2 wrong usage, 3 something does
    not start.
    """
    from emulation.local.running import Run  # noqa: PLC0415 (the whole world is imported only when it is started)

    Run(config, port=port, keep=keep, as_json=as_json).run()
