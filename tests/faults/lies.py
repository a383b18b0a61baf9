"""What a counterpart says that makes no sense: one lie after the other, each for a moment."""

import random
from collections.abc import Iterator

import msgspec

from tests.faults.topology import ORGANIZATIONS
from tests.faults.world import Faulty

_FAR = "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"
_DEEP = "[" * 100_000
RETRY_AFTERS = (
    _FAR,
    "-1",
    "1e400",
    "NaN",
    "9" * 400,
    "0x10",
    "١٢",
    "soon",
    "",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Fri, 31 Dec 9999 23:59:59 GMT",
)
BODIES = (
    "",
    "null",
    "{",
    "[]",
    '"text"',
    "1e999",
    _DEEP,
    '{"a":' * 5_000,
    '{"Url": 7, "Id": null, "TenantId": []}',
    '{"Url": "https://xn--.operations.dynamics.com", "Id": "x", "TenantId": "x"}',
    '{"Url": "http://[", "Id": "\\ud800", "TenantId": "\\u0000"}',
    '{"access_token": 5, "expires_in": "never"}',
    '{"access_token": "a\\r\\nb", "expires_in": -1, "token_type": "Bearer"}',
    '{"error": {"code": {"not": "a code"}, "message": ["nor", "a", "message"]}}',
    '{"error": "invalid_client", "error_codes": "7000222"}',
    '{"Message": 3, "ExceptionType": {"a": "b"}, "ActivityId": false}',
    "<html><script>alert(1)</script>",
    "\x00\x1b[2J\x07 \u202e",
    "x" * 1_000_000,
)
HEADERS = (
    {"Content-Type": "application/json; charset=no-such-charset"},
    {"Content-Type": "application/json; charset=utf-16"},
    {"Content-Type": ""},
    {"Content-Encoding": "gzip"},
    {"Content-Encoding": "br, deflate, nonsense"},
    {"Location": "https://attacker.example/\u00e9"},
    {"WWW-Authenticate": "Bearer " + "x" * 8_000},
    {"Set-Cookie": "a=b; Domain=.dynamics.com", "X-" + "y" * 200: "z"},
    {"ETag": "\u00ff\u00fe", "Date": "yesterday"},
)
STATUSES = (200, 200, 201, 300, 301, 307, 400, 401, 404, 409, 410, 418, 429, 451, 499, 500, 502, 503, 599)
SECONDS = 0.3


class Lie(msgspec.Struct, frozen=True):
    """One answer.

    Args:
        status: Its status.
        body: Its body.
        headers: Its headers.
        slowly: It comes a piece at a time.
    """

    status: int
    body: str
    headers: dict[str, str]
    slowly: bool = False


def lies(seed: object) -> Iterator[Lie]:
    """Make lies without end; the same seed makes the same ones.

    Args:
        seed: Of the choice.
    """
    rng = random.Random(str(seed))  # a play, no secret
    while True:
        headers = dict(rng.choice(HEADERS))
        if rng.random() < 1 / 2:
            headers["Retry-After"] = rng.choice([each for each in RETRY_AFTERS if each.isascii()])
        yield Lie(rng.choice(STATUSES), rng.choice(BODIES), headers, rng.random() < 1 / 10)


class Liar:
    """One counterpart that lies from now on, until it is healed.

    Args:
        world: Where it is.
        subject: A webhook's name, `erp`, or an organization: its Dataverse and its Entra.
        seed: Of its lies.
    """

    def __init__(self, world: Faulty, subject: str, seed: object) -> None:
        self._world = world
        self._subject = subject
        self._lies = lies(seed)

    def tell(self) -> None:
        """Tell another lie."""
        lie = next(self._lies)
        if self._subject in ORGANIZATIONS:
            self._tell(self._subject, "dataverse", lie)
            self._tell(self._subject, "token", next(self._lies))
        elif self._subject == "erp":
            for name in ORGANIZATIONS:
                self._tell(name, "fno", lie)
        else:
            receivers = self._world.receivers
            receivers.heal(self._subject)
            receivers.fail(self._subject, lie.status, body=lie.body, headers=lie.headers)

    def heal(self) -> None:
        """Be honest again."""
        control = self._world.dynamics.control
        if self._subject in ORGANIZATIONS:
            control.heal(self._subject, "dataverse")
            control.heal(self._subject, "token")
        elif self._subject == "erp":
            for name in ORGANIZATIONS:
                control.heal(name, "fno")
        else:
            self._world.receivers.heal(self._subject)

    def _tell(self, organization: str, kind: str, lie: Lie) -> None:
        control = self._world.dynamics.control
        control.heal(organization, kind)
        if lie.slowly and kind == "dataverse":
            control.break_(organization, "slow", kind=kind, seconds=SECONDS)
        else:
            control.break_(organization, "answer", kind=kind, status=lie.status, body=lie.body, headers=lie.headers)
