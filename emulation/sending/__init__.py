"""`fno-link send`: a message as its real sender would send it, and what becomes of it."""

import click

SENDERS = ("dataverse", "finance-operations", "cloud-event", "event-grid", "unknown")


@click.command()
@click.argument("file", required=False, default="")
@click.option("--sample", metavar="NAME", default="", help="One of our samples instead of FILE; `list` names them.")
@click.option("--source", metavar="NAME", default="", help="The source it goes to.")
@click.option("--config", metavar="FILE", help="The configuration that `fno-link local` runs with.")
@click.option("--url", default="", help="Elsewhere: the URL of an HTTP source; --key or FNO_LINK_KEY opens it.")
@click.option("--key", default="", help="A function key; FNO_LINK_KEY keeps it out of the list of processes.")
@click.option(
    "--connection", metavar="STRING", default="", help="Elsewhere: a connection string, with --queue or --topic."
)
@click.option("--queue", default="", help="The queue, with --connection.")
@click.option("--topic", default="", help="The topic, with --connection.")
@click.option("--app", metavar="URL", default="", help="Elsewhere: the app that is asked what became of it.")
@click.option("--as", "as_sender", type=click.Choice(SENDERS), help="Send by the rules of this sender.")
@click.option("--session", metavar="ID", default="", help="SessionId of a Service Bus message.")
@click.option("--fresh", is_flag=True, help="Give FILE new ids and times; samples always have them.")
@click.option("--count", type=click.IntRange(1, 1000), default=1, help="Send so many, each with ids of its own.")
@click.option(
    "--wait", type=click.FloatRange(0, 3600), default=60.0, help="Seconds to wait for what becomes of it; 0: do not."
)
@click.option("--follow", is_flag=True, help="Tell each step: routes and why, link, attempts, deliveries.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
def command(*, sample: str, as_json: bool, **options: str | float | bool | None) -> None:
    """Send FILE (`-`: standard input) to a source as its real sender would, and wait for what becomes of it.

    Headers, encoding and retries are those of Finance & Operations, Dataverse, Event Grid or another system, told by
    what FILE holds. Without --url and --connection it goes to the running `fno-link local`.

    Exit codes: 0 delivered, 1 refused, parked or a dead letter, 2 wrong usage, 3 not known, or not in time.
    """
    from emulation.sending.samples import names  # noqa: PLC0415 (the rest of the world is imported only when it is used)

    if sample == "list":
        for each in names():
            click.echo(each)
        return
    if sample and sample not in names():
        msg = f"there is no such sample; `fno-link send --sample list` names the {len(names())} that there are"
        raise click.BadParameter(msg, param_hint="--sample")
    if (wait := options["wait"]) != wait:  # NaN is within every range
        raise click.BadParameter("NaN is no time", param_hint="--wait")
    import msgspec  # noqa: PLC0415 (as above)

    from emulation.sending.order import Order, run  # noqa: PLC0415 (as above)

    order = msgspec.convert({**options, "sample": sample, "as_json": as_json}, Order)
    click.get_current_context().exit(run(order))
