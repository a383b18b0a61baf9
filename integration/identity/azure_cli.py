"""Tokens of whoever is signed in with the Azure CLI. Synchronous: for threads only.

Sources: the page "az account get-access-token", and the texts of azure-cli-core itself (auth/util.py, _profile.py):
errors go to stderr behind `ERROR: `, with exit code 1.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
from datetime import datetime
from typing import Any, cast

from integration.errors import LinkUnknown, Unauthenticated, UnexpectedAnswer, Unreachable
from integration.identity.entra import read_grant
from integration.identity.grants import Grant
from integration.identity.refusals import explain, refusal_code
from integration.plain_text import plain
from integration.redaction import redact

LIMIT_SECONDS = 25.0
"""For one token: az takes some seconds to start, and longer where it has to ask Entra."""

PROGRAM = "az"
INSTALL = 'Install it (page "How to install the Azure CLI") and run `az login`, or sign in here with `--device-code`.'
_NOT_SIGNED_IN = re.compile(r"az login|no subscriptions? found|can't find token from msal cache", re.IGNORECASE)
_ARGUMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9:/._-]{0,300}")
_LONGEST_QUOTE = 300


class AzureCli:
    """Asks the Azure CLI for tokens.

    Args:
        limit: Seconds that one question may take.
        program: The program's name or path.
    """

    def __init__(self, limit: float = LIMIT_SECONDS, program: str = PROGRAM) -> None:
        self._limit = limit
        self._program = program

    def grant(self, authority: str, scope: str) -> Grant:
        """Get a token of the account that is signed in.

        Args:
            authority: `https://login.microsoftonline.com/{tenant}`.
            scope: `{resource}/.default`.

        Raises:
            Unauthenticated: The Azure CLI is not there, nobody is signed in, or Entra refuses.
            Unreachable: It did not come to an end in time.
            UnexpectedAnswer: What it wrote is no token.
        """
        tenant, resource = authority.rsplit("/", 1)[-1], scope.removesuffix("/.default")
        path = shutil.which(self._program)
        if path is None:
            msg = "The Azure CLI (az) is not installed, or not on the PATH."
            raise Unauthenticated(msg, hint=INSTALL)
        for argument in (tenant, resource):
            if not _ARGUMENT.fullmatch(argument):
                msg = f"The Azure CLI cannot be asked with {argument[:80]!r}."
                raise Unauthenticated(msg)
        command = [path, "account", "get-access-token", "--resource", resource, "--tenant", tenant, "--output", "json"]
        code, out, said = self._run(command)
        sign_in = f"Run `az login --tenant {tenant} --scope {resource}/.default`, or sign in here with `--device-code`."
        if code != 0:
            raise _refused(said, code, tenant, sign_in)
        return _read(out, sign_in)

    def _run(self, command: list[str]) -> tuple[int, str, str]:
        # A session of its own: az is a script that starts Python, and both have to end when the time is over.
        try:
            process = subprocess.Popen(  # noqa: S603 (its arguments were checked)
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=os.name != "nt",
                env={**os.environ, "AZURE_CORE_NO_COLOR": "true", "AZURE_CORE_COLLECT_TELEMETRY": "false"},
            )
        except OSError as error:
            msg = f"The Azure CLI could not be started ({type(error).__name__}: {error.strerror})."
            raise Unauthenticated(msg, hint=INSTALL) from error
        with process:
            try:
                out, said = process.communicate(timeout=self._limit)
            except subprocess.TimeoutExpired as error:
                _end(process)
                msg = f"The Azure CLI gave no token within {self._limit:g} s."
                hint = "Run `az account show` to see what it waits for, or sign in here with `--device-code`."
                raise Unreachable(msg, hint=hint) from error
        return process.returncode, out.decode(errors="replace"), said.decode(errors="replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    if os.name == "nt":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def _refused(said: str, code: int, tenant: str, sign_in: str) -> LinkUnknown:
    account = f"the account of the Azure CLI in tenant {tenant}"
    refusal = refusal_code({"error_description": said})
    if refusal is not None:
        error = explain(account, refusal)
        if isinstance(error, Unauthenticated):
            error.hint = f"{error.hint} {sign_in}" if error.hint != Unauthenticated.hint else sign_in
        return error
    if _NOT_SIGNED_IN.search(said):
        return Unauthenticated("Nobody is signed in with the Azure CLI.", hint=sign_in)
    lines = [line.removeprefix("ERROR: ") for line in said.splitlines() if line.strip()]
    quoted = plain(redact(lines[0] if lines else ""))[:_LONGEST_QUOTE]
    return Unauthenticated(
        f"The Azure CLI gave no token (exit code {code}){f': {quoted}' if quoted else ''}.", hint=sign_in
    )


def _read(out: str, sign_in: str) -> Grant:
    try:
        answer: Any = json.loads(out)
        fields = cast("dict[str, Any]", answer) if isinstance(answer, dict) else {}
    except (ValueError, RecursionError) as error:
        msg = "The Azure CLI wrote something that is not JSON."
        raise UnexpectedAnswer(msg, hint=sign_in) from error
    if not isinstance(fields.get("accessToken"), str):
        msg = "The Azure CLI wrote JSON that holds no access token."
        raise UnexpectedAnswer(msg, hint=sign_in)
    return read_grant(
        {"access_token": fields["accessToken"], "expires_in": _seconds_left(fields)}, "the account of the Azure CLI"
    )


def _seconds_left(fields: dict[str, Any]) -> float:
    """Return how long the token lives; 0 where that cannot be told: it is used once."""
    ends: Any = fields.get("expires_on")
    try:
        # Before az 2.54 there is only `expiresOn`, in local time and without saying so.
        at = float(ends) if ends is not None else datetime.fromisoformat(str(fields.get("expiresOn"))).timestamp()
        return at - time.time()
    except (ValueError, TypeError, OverflowError, OSError):
        return 0.0
