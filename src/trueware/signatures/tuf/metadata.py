"""Metadata of TUF repositories: JSON that several keys sign (The Update Framework Specification 1.0, §4).

What is signed is the canonical form of ``signed`` (OLPC's canonical JSON: names in order, no spaces, whole numbers, and only quotes
and backslashes escaped), so it is made anew here from what was parsed; that is how the specification has it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from trueware.errors import MalformedInput
from trueware.formats.moments import seconds
from trueware.model.signature import Outcome
from trueware.signatures import json_text
from trueware.signatures.keys import read_keys
from trueware.signatures.public_key import load_key, signs, signs_pss
from trueware.signatures.refusal import Refusal, uncheckable
from trueware.signatures.x509 import ed25519_spki

_MOST_SIGNATURES, _DEEPEST = 256, 32
_SCHEMES = {
    "ed25519": "ed25519",
    "ecdsa-sha2-nistp256": "ecdsa",
    "ecdsa-sha2-nistp384": "ecdsa",
    "rsassa-pss-sha256": "rsa-pss",
    "rsa-pkcs1v15-sha256": "rsa",
}
_EXPIRES = re.compile(r"(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})Z")


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key of a role."""

    spki: bytes
    scheme: str

    def signed(self, signature: bytes, data: bytes) -> bool:
        """Tell whether it signed `data`; a key that cannot be used did not."""
        try:
            if self.scheme == "rsa-pss":
                return signs_pss(self.spki, signature, data)
            return signs(self.spki, signature, data)
        except Refusal:
            return False


@dataclass(frozen=True, slots=True)
class Role:
    """Whose signatures some metadata needs, and of how many of them."""

    keys: Mapping[str, PublicKey]
    threshold: int


@dataclass(frozen=True, slots=True)
class Metadata:
    """Metadata, whose signatures are asked for by `Role`."""

    signed: Any
    signatures: Mapping[str, bytes] = field(repr=False)
    canonical: bytes = field(repr=False)
    encoded: bytes = field(repr=False)
    """As it was received."""

    @property
    def version(self) -> int:
        """Its version."""
        return json_text.number(self.signed, "version")

    @property
    def expires(self) -> int:
        """From when on it does not count, seconds since 1970."""
        found = _EXPIRES.fullmatch(json_text.text(self.signed, "expires"))
        at = seconds(*map(int, found.groups())) if found is not None else None
        if at is None:
            uncheckable("metadata that does not say when it expires")
        return at

    def signers(self, role: Role) -> tuple[PublicKey, ...]:
        """Return the keys of a role that signed this, each once, at least as many as the role needs.

        Raises:
            Refusal: they are fewer.
        """
        counted: dict[bytes, PublicKey] = {}
        for name, key in role.keys.items():
            made = self.signatures.get(name)
            if made and key.spki not in counted and key.signed(made, self.canonical):
                counted[key.spki] = key
        if len(counted) < role.threshold:
            kind = json_text.text(self.signed, "_type")
            raise Refusal(Outcome.BROKEN, f"{kind} is signed by {len(counted)} of the {role.threshold} keys it needs")
        return tuple(counted.values())


def read_metadata(data: bytes | memoryview, kind: str) -> Metadata:
    """Parse metadata of a kind (``root``, ``timestamp``, ``snapshot``, ``targets``).

    Raises:
        Refusal: it is other.
    """
    value = json_text.parse(data)
    signed = json_text.at(value, "signed")
    if json_text.text(signed, "_type") != kind or not json_text.text(signed, "spec_version").startswith("1."):
        uncheckable(f"metadata that is no {kind} of version 1")
    signatures: dict[str, bytes] = {}
    for each in json_text.items(value, "signatures", most=_MOST_SIGNATURES):
        name = json_text.text(each, "keyid")
        if name in signatures:
            uncheckable("metadata with two signatures of one key")
        signatures[name] = _hex(json_text.text(each, "sig"))
    return Metadata(signed, signatures, canonical(signed).encode("utf-8", "surrogatepass"), bytes(data))


def canonical(value: Any, depth: int = 0) -> str:
    """Return the canonical form of JSON.

    Raises:
        Refusal: it has fractions, or is deeper than metadata is.
    """
    if depth > _DEEPEST:
        uncheckable("metadata that is deeper than metadata is")
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case list():
            return f"[{','.join(canonical(each, depth + 1) for each in value)}]"
        case dict():
            members = (f"{canonical(name)}:{canonical(value[name], depth + 1)}" for name in sorted(value))
            return f"{{{','.join(members)}}}"
        case _:
            raise Refusal(Outcome.UNCHECKABLE, "metadata with a number that is not whole")


def read_role(role: Any, keys: Any) -> Role:
    """Return a role; keys of a kind that is not known are left out.

    Raises:
        Refusal: it is malformed.
    """
    named = json_text.items(role, "keyids", most=_MOST_SIGNATURES)
    threshold = json_text.number(role, "threshold")
    if not threshold:
        uncheckable("a role that needs no signature")
    found: dict[str, PublicKey] = {}
    for name in named:
        key = _read_key(keys.get(name)) if isinstance(keys, dict) and isinstance(name, str) else None
        if key is not None:
            found[name] = key
    return Role(found, threshold)


def _read_key(value: Any) -> PublicKey | None:
    return _loaded(json_text.text(value, "scheme"), json_text.text(value, "keyval", "public"))


@lru_cache(maxsize=1024)
def _loaded(name: str, public: str) -> PublicKey | None:
    scheme = _SCHEMES.get(name)
    try:
        spki = (
            ed25519_spki(_hex(public)) if scheme == "ed25519" else read_keys(public.encode("utf-8", "replace"))[0].data
        )
        load_key(spki)
    except (Refusal, ValueError, MalformedInput):
        return None
    return PublicKey(spki, scheme) if scheme is not None else None


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        uncheckable("metadata with a signature or key that is none")
