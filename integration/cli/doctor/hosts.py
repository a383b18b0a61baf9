"""Ask each host without a token: its name, TLS, whose answer it is, and its clock."""

from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from integration.cli.doctor import beyond
from integration.cli.doctor.answers import judge_host
from integration.cli.doctor.asking import attempt, refused
from integration.cli.doctor.clocks import Reading, judge_clocks
from integration.cli.doctor.step import LINK, Finding, Step, failed, passed, skipped
from integration.clock import Clock, SystemClock
from integration.clouds import CLOUDS
from integration.config.keys.model import Organization
from integration.dataverse.challenge import PATH
from integration.dataverse.connection import Reply, get
from integration.dataverse.trouble import trouble_of
from integration.errors import LinkUnknown
from integration.finance_operations import PROBE_PATH
from integration.links import Link, Linked
from integration.power_platform.client import api_url

if TYPE_CHECKING:
    import httpx

CERTAIN = frozenset({"name", "expired", "misnamed", "untrusted"})
"""What asking again does not mend."""

PAGE_INSTEAD = (
    "A proxy, a sign-in page of the network or a firewall stands between: let this host through, or name the right "
    "proxy in HTTPS_PROXY."
)
TIMEOUT_SECONDS = 30.0
_SERVER_ERROR = 500
_TOO_MANY_REQUESTS = 429
_PROXY_WANTS_A_NAME = 407


class Hosts:
    """Asks hosts without a token, and keeps what their clocks say.

    Args:
        http: The process's client.
        clock: This machine's clock.
    """

    def __init__(self, http: "httpx.AsyncClient", clock: Clock | None = None) -> None:
        self._http = http
        self._clock = clock or SystemClock()
        self._readings: list[Reading] = []
        self._answered = False

    async def organization(self, organization: Organization) -> Finding:
        """Ask the organization's host, which names its tenant."""
        reply, error = await self._ask(f"{organization.url}{PATH}")
        if reply is None:
            return unreached(beyond.HOST, error or LinkUnknown())
        if is_page(reply):
            return failed(beyond.HOST, _page(organization.url, reply), PAGE_INSTEAD)
        return judge_host(reply.status, reply.headers.get("www-authenticate", ""))

    async def authority(self, organization: Organization) -> Finding:
        """Ask the Entra authority of the organization's cloud."""
        base = f"https://{CLOUDS[organization.cloud].authority}"
        tenant = quote(organization.tenant, safe="")
        return await self._reach(beyond.AUTHORITY, f"{base}/{tenant}/v2.0/.well-known/openid-configuration")

    async def platform(self, organization: Organization) -> Finding:
        """Ask the Power Platform API of the organization's cloud; none of the rest needs it."""
        found = await self._reach(beyond.PLATFORM_HOST, f"{api_url(organization)}/environmentmanagement/environments")
        return failed(beyond.PLATFORM_HOST, found.message, found.todo, verdict="warn") if found.todo else found

    async def environment(self, link: Link | None) -> Finding:
        """Ask the linked environment, unless it is not trusted."""
        if not isinstance(link, Linked) or not link.trusted:
            why = "there is no environment" if not isinstance(link, Linked) else "the environment is not trusted"
            return skipped(beyond.ENVIRONMENT_HOST, why, LINK)
        return await self._reach(beyond.ENVIRONMENT_HOST, f"{link.url}{PROBE_PATH}")

    def clock(self) -> Finding:
        """Judge this machine's clock by every answer that came so far."""
        if not self._answered:
            return skipped(beyond.CLOCK, "no host answers", beyond.HOST)
        if not self._readings:
            todo = "Nothing to do, unless tokens are refused."
            return failed(beyond.CLOCK, "no answer has a date", todo, verdict="unknown")
        return judge_clocks(self._readings)

    async def _reach(self, step: Step, url: str) -> Finding:
        reply, error = await self._ask(url)
        if reply is None:
            return unreached(step, error or LinkUnknown())
        return judge_reached(step, url, reply)

    async def _ask(self, url: str) -> tuple[Reply | None, LinkUnknown | None]:
        before = self._clock.now()
        reply, error = await attempt(get(self._http, url, {"Accept": "application/json"}, within=TIMEOUT_SECONDS))
        if reply is not None and not is_page(reply):
            self._answered = True
            read = Reading.of(host_of(url), reply.headers.get("date", ""), before, self._clock.now())
            self._readings += [read] if read else []
        return reply, error


def unreached(step: Step, error: LinkUnknown) -> Finding:
    """Return the finding for a host that gave no answer: what asking again does not mend fails."""
    if trouble_of(error).kind in CERTAIN:
        return failed(step, str(error), error.hint)
    return refused(step, error)


def judge_reached(step: Step, url: str, reply: Reply) -> Finding:
    """Judge whether it is the host itself that answered a call without a token; any refusal of its own will do."""
    if is_page(reply):
        return failed(step, _page(url, reply), PAGE_INSTEAD)
    if reply.status == _TOO_MANY_REQUESTS or reply.status >= _SERVER_ERROR:
        told = f"{host_of(url)} answered {reply.status}"
        return failed(step, told, "Nothing to do but to try again.", verdict="unknown")
    return passed(step, f"{host_of(url)} answered {reply.status} to a call without a token")


def is_page(reply: Reply) -> bool:
    """Tell whether an answer is a page for people, where an API was asked; a page of a server in trouble is not one."""
    if reply.status == _PROXY_WANTS_A_NAME:
        return True
    return reply.status < _SERVER_ERROR and reply.headers.get("content-type", "").lower().startswith("text/html")


def host_of(url: str) -> str:
    """Return the host of a URL."""
    return urlsplit(url).hostname or url


def _page(url: str, reply: Reply) -> str:
    return f"for {host_of(url)} a page of HTML came ({reply.status}), not its answer"
