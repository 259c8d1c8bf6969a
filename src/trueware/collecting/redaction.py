"""What the collecting script leaves out of the files it prints, done here too: a genuine file and a listed one then compare.

Of accounts, each password hash is replaced by one made of its SHA-256, so that it can be told whether it is the same: guessing the
password from it is harder than from the hash, since the salt is gone too. Those of DES, whose salts are few, become a constant. Of
UCI settings, the values of options whose name tells that they are secret are gone. What a verdict rests on is the digest of the
whole file, which is listed as of any other.
"""

import re
from collections.abc import Iterable
from hashlib import sha256

from trueware.explaining.contract import Source
from trueware.model.change import Change
from trueware.model.part import Part

_ACCOUNTS = re.compile(r"(?:.*/)?(?:passwd|shadow|gshadow)-?")
_SETTINGS = re.compile(r"etc/config/[^/]*")
_SECRET = re.compile(
    rb"^([ \t]*option[ \t]+[^ \t\n]*(?:key|pass|secret|psk|pin|token)[^ \t\n]*[ \t]+)[^\n]*", re.MULTILINE
)
_LIKE_A_HASH = 13
"""Characters of the shortest hash there is, that of DES."""


class RedactedSource:
    """The bytes of a genuine artefact, of the changed files that a device redacted without what it left out."""

    def __init__(self, genuine: Source, changes: Iterable[Change], redacted: frozenset[bytes]) -> None:
        self._genuine = genuine
        self._paths = {
            each.expected.sha256: each.path
            for each in changes
            if each.expected is not None and each.found is not None and each.found.sha256 in redacted
        }

    def read(self, part: Part) -> bytes | None:
        """See `Source`."""
        content = self._genuine.read(part)
        path = self._paths.get(part.sha256)
        return content if content is None or path is None else redact(path, content)

    def portrait(self, part: Part) -> bytes | None:
        """See `Source`."""
        return self._genuine.portrait(part)


_: type[Source] = RedactedSource


def is_redacted(path: str) -> bool:
    """Tell whether the script leaves anything out of the file at `path`, below the root of the device's files."""
    return _ACCOUNTS.fullmatch(path) is not None or _SETTINGS.fullmatch(path) is not None


def redact(path: str, content: bytes) -> bytes:
    r"""Return the content of a file as the script prints it.

    >>> redact("etc/config/wireless", b"\toption key 'open sesame'\n")
    b'\toption key redacted\n'
    >>> redact("etc/shadow", b"root:!$1$salt$hash:0\nsupport::0\n")
    b'root:!:0\nsupport::0\n'
    """
    if _SETTINGS.fullmatch(path):
        return _SECRET.sub(rb"\1redacted", content)
    if _ACCOUNTS.fullmatch(path):
        return b"\n".join(map(_account, content.split(b"\n")))
    return content


def _account(line: bytes) -> bytes:
    user, colon, rest = line.partition(b":")
    secret, *tail = rest.split(b":", 1)
    if secret.startswith(b"!"):
        secret = b"!"
    elif secret.startswith(b"$"):
        secret = b"$5$redacted$" + sha256(secret).hexdigest()[:43].encode()
    elif not secret.startswith(b"*") and len(secret) >= _LIKE_A_HASH:
        secret = b"$5$redacted$" + b"0" * 43
    return user + colon + b":".join((secret, *tail)) if colon else line
