"""Microsoft's worker library with a function that does nothing, in a process of its own: no host, no broker under way.

It takes one message from a queue, and for each line of its standard input calls the function so many times with it and
prints the seconds of one call. A second app in the benchmark's own process is not possible: one app a process.
"""

import asyncio
import json
import logging
import sys
import time
from pathlib import Path

from azure.servicebus.aio import ServiceBusClient

from emulation.functions_host import worker
from emulation.functions_host.listeners import service_bus_message
from emulation.functions_host.worker import Attempt

CALLS = 150
APP = """
import azure.functions as func

app = func.FunctionApp()


@app.service_bus_queue_trigger(arg_name="message", connection="Bus", queue_name="q", data_type=func.DataType.BINARY)
async def take(message: func.ServiceBusMessage) -> None:
    message.get_body()
"""


async def main(bus: str, queue: str, folder: str) -> None:
    (Path(folder) / worker.SCRIPT).write_text(APP)
    # As in the worker, whose own records never reach the customer: they are made, and dropped.
    logging.getLogger().addHandler(logging.NullHandler())
    logging.getLogger().setLevel(logging.INFO)
    loaded = await worker.load(Path(folder))
    async with ServiceBusClient.from_connection_string(bus) as client, client.get_queue_receiver(queue) as receiver:
        [message] = await receiver.receive_messages(1, max_wait_time=30)
        call = service_bus_message.call_of(message, binary=True)
        await receiver.complete_message(message)
    print("ready", flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        started = time.perf_counter()
        for number in range(CALLS):
            await asyncio.create_task(loaded.invoke(loaded.functions[0], call, str(number), Attempt()))
        print((time.perf_counter() - started) / CALLS, flush=True)
    loaded.close()


if __name__ == "__main__":
    asyncio.run(main(**json.loads(sys.argv[1])))
