"""A small archive of Debian's kind to import and to attack: packages, an index of them, and the signed index of that.

Everything is made anew from what a test says, and signed with a throwaway key of Ed25519 (RFC 9580 §5.5.5.5, EdDSALegacy), so that an
attack is an edit. That what is signed here is what GnuPG signs is shown by the vectors of the signatures, not here.
"""

import io
import lzma
import tarfile
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha1, sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

NOW = 1_790_000_000
"""2026-09-21T14:13:20Z."""

DATE = "Sun, 20 Sep 2026 08:00:00 UTC"
_CREATED = (1_700_000_000).to_bytes(4, "big")
_SIGNED = (NOW - 100_000).to_bytes(4, "big")
_ED25519 = bytes.fromhex("092b06010401da470f01")


class Signer:
    """A key of OpenPGP, by a number."""

    def __init__(self, number: int, name: str = "Archive Key <archive@example.org>") -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
        point = b"\x40" + self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self._body = b"\x04" + _CREATED + b"\x16" + _ED25519 + _number(point)
        self._name = name.encode()

    def _fingerprint(self) -> bytes:
        return sha1(b"\x99" + len(self._body).to_bytes(2, "big") + self._body, usedforsecurity=False).digest()

    def certificate(self) -> bytes:
        """The key, its owner's name, and the owner's own signature over both (§5.2.4)."""
        over = b"\x99" + len(self._body).to_bytes(2, "big") + self._body
        over += b"\xb4" + len(self._name).to_bytes(4, "big") + self._name
        binding = self._signature(0x13, over, _CREATED, _subpacket(27, b"\x03"))
        return _packet(6, self._body) + _packet(13, self._name) + _packet(2, binding)

    def clear_signed(self, text: str) -> bytes:
        """A signed text (§7)."""
        canonical = "\r\n".join(line.rstrip(" \t") for line in text.rstrip("\n").split("\n")).encode()
        armour = _armoured(_packet(2, self._signature(0x01, canonical, _SIGNED)))
        return b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n" + text.rstrip("\n").encode() + b"\n" + armour

    def detached(self, data: bytes) -> bytes:
        return _armoured(_packet(2, self._signature(0x00, data, _SIGNED)))

    def _signature(self, kind: int, over: bytes, created: bytes, more: bytes = b"") -> bytes:
        hashed = _subpacket(2, created) + _subpacket(33, b"\x04" + self._fingerprint()) + more
        head = bytes([4, kind, 22, 8]) + len(hashed).to_bytes(2, "big") + hashed
        digest = sha256(over + head + b"\x04\xff" + len(head).to_bytes(4, "big")).digest()
        made = self._key.sign(digest)
        return head + b"\0\0" + digest[:2] + _number(made[:32]) + _number(made[32:])


def _number(data: bytes) -> bytes:
    value = int.from_bytes(data, "big")
    return value.bit_length().to_bytes(2, "big") + data.lstrip(b"\0")


def _subpacket(kind: int, data: bytes) -> bytes:
    return bytes([len(data) + 1, kind]) + data


def _packet(tag: int, body: bytes) -> bytes:
    return bytes([0xC0 | tag, 0xFF]) + len(body).to_bytes(4, "big") + body


def _armoured(data: bytes) -> bytes:
    return b"-----BEGIN PGP SIGNATURE-----\n\n" + b64encode(data) + b"\n-----END PGP SIGNATURE-----\n"


def tar_of(files: Mapping[str, object]) -> bytes:
    """Return an archive as dpkg-deb makes it: bytes are files, with a mode where a pair, text is a link, None a folder."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path, stated in files.items():
            member = tarfile.TarInfo(f"./{path}")
            data, mode = stated if isinstance(stated, tuple) else (stated, 0o644)
            member.mode = mode
            if data is None:
                member.type, member.mode = tarfile.DIRTYPE, 0o755
            elif isinstance(data, str):
                member.type, member.linkname, member.mode = tarfile.SYMTYPE, data, 0o777
            else:
                member.size = len(data)
            tar.addfile(member, io.BytesIO(data) if isinstance(data, bytes) else None)
    return made.getvalue()


@dataclass
class Package:
    """One package."""

    name: str
    version: str
    files: dict[str, object]
    control: dict[str, object] = field(default_factory=dict)
    """Files of its control archive besides ``control``."""

    architecture: str = "amd64"
    fields: str = ""

    @property
    def path(self) -> str:
        return f"pool/main/{self.name[0]}/{self.name}/{self.name}_{self.version}_{self.architecture}.deb"

    def stanza(self) -> str:
        return f"Package: {self.name}\nVersion: {self.version}\nArchitecture: {self.architecture}\n{self.fields}"

    def deb(self) -> bytes:
        control = tar_of({"control": f"{self.stanza()}Description: a package\n".encode(), **self.control})
        members = (
            (b"debian-binary", b"2.0\n"),
            (b"control.tar.xz", _xz(control)),
            (b"data.tar.xz", _xz(tar_of(self.files))),
        )
        made = b"!<arch>\n"
        for name, data in members:
            made += b"%-16b%-12d%-6d%-6d%-8b%-10d`\n" % (name, 1_700_000_000, 0, 0, b"100644", len(data))
            made += data + b"\n" * (len(data) % 2)
        return made


def _xz(data: bytes) -> bytes:
    return lzma.compress(data, check=lzma.CHECK_CRC32)


@dataclass
class Archive:
    """An archive with one suite, one component and one architecture; each attribute may be edited before it is written."""

    packages: list[Package]
    signer: Signer = field(default_factory=lambda: Signer(1))
    date: str = DATE
    head: str = "Origin: Acme\nSuite: stable\nCodename: wombat\n"
    more: str = ""
    """Fields of the index besides."""

    def index(self) -> str:
        """Return the text of Packages."""
        made = ""
        for each in self.packages:
            deb = each.deb()
            made += f"{each.stanza()}Filename: {each.path}\nSize: {len(deb)}\nSHA256: {sha256(deb).hexdigest()}\n"
            made += "Description: a package\n of some use\n\n"
        return made

    def release(self, files: Mapping[str, bytes]) -> str:
        """Return the text that is signed."""
        lines = "".join(f" {sha256(data).hexdigest()} {len(data):>8} {path}\n" for path, data in files.items())
        return f"{self.head}Date: {self.date}\n{self.more}SHA256:\n{lines}"

    def write(self, folder: Path) -> Path:
        """Write all of it and return the path of the signed index."""
        plain = self.index().encode()
        files = {"main/binary-amd64/Packages": plain, "main/binary-amd64/Packages.xz": _xz(plain)}
        dists = folder / "dists" / "wombat"
        (dists / "main/binary-amd64").mkdir(parents=True, exist_ok=True)
        (dists / "main/binary-amd64/Packages.xz").write_bytes(files["main/binary-amd64/Packages.xz"])
        (dists / "InRelease").write_bytes(self.signer.clear_signed(self.release(files)))
        for each in self.packages:
            (folder / each.path).parent.mkdir(parents=True, exist_ok=True)
            (folder / each.path).write_bytes(each.deb())
        return dists / "InRelease"
