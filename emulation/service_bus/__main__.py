"""`python -m emulation.service_bus`: a Service Bus namespace on loopback."""

import argparse
import asyncio
import ssl
import sys
from pathlib import Path

import msgspec

from emulation.server_process import told_to_end
from emulation.service_bus.amqp.errors import Refused
from emulation.service_bus.broker.broker import Broker
from emulation.service_bus.broker.journal import CorruptJournal
from emulation.service_bus.config import BrokerConfig, load
from emulation.service_bus.process import Ready
from emulation.service_bus.server.control import serve_control
from emulation.service_bus.server.server import Server


def connection_string(port: int, name: str, key: str) -> str:
    """Return a connection string for a plain port; `UseDevelopmentEmulator=true` makes SDKs go without TLS."""
    return (
        f"Endpoint=sb://localhost:{port};SharedAccessKeyName={name};SharedAccessKey={key};UseDevelopmentEmulator=true;"
    )


async def run(options: argparse.Namespace, config: BrokerConfig) -> None:
    """Print one JSON line when ready, and serve until SIGINT, SIGTERM or, where asked, the end of standard input."""
    with told_to_end(watch_stdin=options.until_stdin_closes) as end:
        await serve(options, config, end)


async def serve(options: argparse.Namespace, config: BrokerConfig, end: asyncio.Event) -> None:
    """Serve until told to end."""
    broker = Broker(config, options.journal)
    server = Server(broker)
    port = await server.listen(options.port)
    tls_port = 0
    if options.certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate)
        tls_port = await server.listen(options.tls_port, context)
    control = await serve_control(server, options.control_port)
    strings = {key.name: connection_string(port, key.name, key.key) for key in config.keys}
    ready = Ready(port, tls_port, control.port, strings)
    print(msgspec.json.encode(ready).decode(), flush=True)
    waits = {asyncio.create_task(end.wait()), asyncio.create_task(broker.failed.wait())}
    _, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in pending:
        wait.cancel()
    await control.close()
    await server.close()
    await broker.close()
    if broker.failure is not None:
        raise broker.failure


def main() -> int:
    """Read the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m emulation.service_bus", description="Service Bus on loopback.")
    parser.add_argument("--port", type=int, default=5672, help="AMQP without TLS; 0 takes a free port")
    parser.add_argument("--control-port", type=int, default=0, help="faults and inspection over HTTP; 0: a free port")
    parser.add_argument("--config", type=Path, help="TOML file of keys and entities; see sample.toml here")
    parser.add_argument("--certificate", type=Path, help="PEM with key and chain: serve TLS too, as Azure does")
    parser.add_argument("--tls-port", type=int, default=0, help="AMQP and WebSocket over TLS; 0 takes a free port")
    parser.add_argument("--journal", type=Path, help="keep messages here over a restart")
    parser.add_argument(
        "--until-stdin-closes", action="store_true", help="end with whoever holds the other end of stdin"
    )
    options = parser.parse_args()
    try:
        config = load(options.config) if options.config is not None else BrokerConfig()
        asyncio.run(run(options, config))
    except (ValueError, OSError, Refused, CorruptJournal) as error:
        print(f"service bus: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
