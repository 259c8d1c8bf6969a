r"""Files of SSH: what a server is told (``sshd_config``), and whom it lets in by key (``authorized_keys``).

``sshd_config``: a keyword, blanks or ``=``, values; of a keyword that repeats, the first counts. ``Match`` begins a block that holds
for some connections only, until the next ``Match`` or the end. ``authorized_keys``: options (commas between them, quotes around
values), type, key in base64, comment. Sources: sshd_config(5), sshd(8) "AUTHORIZED_KEYS FILE FORMAT", OpenSSH ``servconf.c``;
dropbear(8) reads the same lines.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import meaningful_lines

ANYBODY = ""
"""The block of settings that holds for all connections."""

_SETTING = regex(r"(\w+)\s*[\s=]\s*(.*)")
_REPEATED = frozenset({"port", "listenaddress", "acceptenv", "hostkey", "subsystem", "include"})


@dataclass(frozen=True, slots=True)
class Setting:
    """What one keyword is set to."""

    line: int
    value: str


def read_sshd(data: bytes) -> dict[tuple[str, str], Setting]:
    """Return settings by block and keyword in lower case; the block is ``ANYBODY`` or the text behind ``Match``."""
    found: dict[tuple[str, str], Setting] = {}
    block = ANYBODY
    for line in meaningful_lines(data, trailing=True):
        setting = _SETTING.fullmatch(line.text)
        if setting is None:
            continue
        keyword, value = setting[1].lower(), setting[2].strip().strip('"')
        if keyword == "match":
            block = ANYBODY if value.lower() == "all" else value
        elif keyword in _REPEATED and (block, keyword) in found:
            before = found[block, keyword]
            found[block, keyword] = Setting(before.line, f"{before.value} {value}")
        else:
            found.setdefault((block, keyword), Setting(line.number, value))
    return found


@dataclass(frozen=True, slots=True)
class LoginKey:
    """A key that lets somebody log in."""

    line: int
    type: str
    fingerprint: str
    """``SHA256:…``, as ssh-keygen shows it."""

    comment: str
    options: str
    """What it is limited to, or runs; empty where nothing is said."""

    @property
    def same(self) -> tuple[str, str]:
        """What two lines have in common that let the same person do the same."""
        return self.fingerprint, self.options


_PIECE = regex(r'(?:"(?:[^"\\]|\\.)*"?|[^\s"])+')
_TYPE = regex(
    r"ssh-(?:rsa|dss|ed25519)(?:-cert-v01@openssh\.com)?|ecdsa-sha2-nistp\d{3}(?:-cert-v01@openssh\.com)?"
    r"|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)(?:-cert-v01)?@openssh\.com"
)


def read_login_keys(data: bytes) -> Iterator[LoginKey]:
    """Yield the keys in order; a line that is none is passed over, as servers do."""
    for line in meaningful_lines(data):
        pieces = [found.group() for found in _PIECE.finditer(line.text)]
        at = next((place for place, piece in enumerate(pieces[:2]) if _TYPE.fullmatch(piece)), None)
        if at is None or at + 1 >= len(pieces):
            continue
        try:
            blob = b64decode(pieces[at + 1], validate=True)
        except ValueError:
            continue
        fingerprint = "SHA256:" + b64encode(sha256(blob).digest()).decode().rstrip("=")
        options = pieces[0] if at else ""
        yield LoginKey(line.number, pieces[at], fingerprint, " ".join(pieces[at + 2 :]), options)
