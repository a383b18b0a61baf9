"""Ask with the clients of Python: `asker.py sync|async`; each line of the input is the name of an organization.

The app, a key, a token and the seconds for which an answer is kept are environment variables.
"""

import asyncio
import json
import os
import sys
from datetime import timedelta

from integration import AppRefused, LinkClient, Linked, LinkUnknown, SyncLinkClient, UnknownOrganization


def said(ask):
    try:
        link = ask()
    except LinkUnknown as error:
        return {"unknown": error.code, "status": error.status or 0}
    except (AppRefused, UnknownOrganization) as error:
        return {"refused": error.code}
    return {"url": link.url, "stale": link.stale} if isinstance(link, Linked) else {"not_linked": link.code}


def options():
    given = {"key": os.environ["KEY"], "keep_for": timedelta(seconds=float(os.environ["KEEP_FOR"]))}
    token = os.environ["TOKEN"]
    return given | {"token": lambda: token} if token else given


def main(kind):
    with asyncio.Runner() as runner:
        client = (LinkClient if kind == "async" else SyncLinkClient)(os.environ["APP"], **options())
        for line in sys.stdin:
            name = line.rstrip("\n")
            if isinstance(client, SyncLinkClient):
                answer = said(lambda name=name: client.resolve(name))
            else:
                answer = said(lambda name=name: runner.run(client.resolve(name)))
            sys.stdout.write(f"{json.dumps(answer)}\n")
            sys.stdout.flush()
        if isinstance(client, SyncLinkClient):
            client.close()
        else:
            runner.run(client.aclose())


if __name__ == "__main__":
    main(sys.argv[1])
