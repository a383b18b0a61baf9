"""The mark in a description by which fno-link knows what it has made, and the secret that it was made with; pure.

A secret cannot be read back (`authvalue` and `saskey` are write-only), so what was applied is kept as a salted hash.
Who may read endpoints reads it: it is made slow to guess, by PBKDF2.
"""

import hashlib
import hmac
import re

import msgspec

VERSION = 1
ROUNDS = 200_000
_MARK = re.compile(
    r"\[fno-link v=(?P<version>[0-9]{1,4}) owner=(?P<owner>[a-z0-9-]{1,40})"
    r"(?: salt=(?P<salt>[0-9a-f]{32}) hash=(?P<hash>[0-9a-f]{40}))?\]"
)


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What a description says.

    Args:
        owner: Whose it is: `[registration] owner`.
        salt: Of the hash, hexadecimal; empty: it has no secret.
        hash: Of the secret that was applied, hexadecimal.
    """

    owner: str
    salt: str = ""
    hash: str = ""

    def described(self, text: str, longest: int) -> str:
        """Return a description that has the mark.

        Args:
            text: What people read before it.
            longest: Characters that the column takes; of the text, what is too long is left out.
        """
        secret = f" salt={self.salt} hash={self.hash}" if self.salt else ""
        mark = f"[fno-link v={VERSION} owner={self.owner}{secret}]"
        return f"{text[: longest - len(mark) - 1].rstrip()} {mark}"

    def is_of(self, secret: str) -> bool:
        """Tell whether this secret is the one that was applied."""
        return bool(self.salt) and hmac.compare_digest(self.hash, hashed(secret, self.salt))


def read_mark(description: object) -> Mark | None:
    """Return the mark in a description; None: there is none, or one of a version that is not known here."""
    found = _MARK.search(description) if isinstance(description, str) else None
    if found is None or int(found["version"]) != VERSION:
        return None
    return Mark(owner=found["owner"], salt=found["salt"] or "", hash=found["hash"] or "")


def hashed(secret: str, salt: str) -> str:
    """Return the hash of a secret, hexadecimal.

    Args:
        secret: The secret.
        salt: 16 random bytes, hexadecimal.
    """
    return hashlib.pbkdf2_hmac("sha256", secret.encode(), bytes.fromhex(salt), ROUNDS, dklen=20).hex()
