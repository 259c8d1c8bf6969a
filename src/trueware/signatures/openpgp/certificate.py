"""OpenPGP certificates: which of their keys may sign documents, and from when to when (RFC 9580 §10.1, §5.2.3.10).

1. A certificate is a primary key, then signatures over it, user ids with theirs, and subkeys with theirs.
2. What the primary key may do and how long it lives is in the newest of its own signatures over itself (direct, or over a user id).
3. A subkey is the certificate's by the primary key's binding signature over both; to sign, it must have signed that back (0x19), so
   that nobody binds a key that is not theirs.
4. A key that was taken back by its owner does not count, whenever that was.

SHA-1 is accepted where a key certifies itself: to forge that takes a second preimage. It is not over documents.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from trueware.errors import InputError
from trueware.signatures.openpgp.arithmetic import PublicKey, read_key, verifies
from trueware.signatures.openpgp.packets import (
    PUBLIC_KEY,
    PUBLIC_SUBKEY,
    SIGNATURE,
    USER_ATTRIBUTE,
    USER_ID,
    Packet,
    Statement,
    packets,
    read_statement,
)

_SIGNS = 0x02
_MOST = 4096
"""Packets of one certificate that are looked at."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key that may sign documents."""

    key: PublicKey
    primary: PublicKey
    name: str
    """The certificate's first user id."""

    until: int | None = None
    """Seconds since 1970 up to which it is valid."""

    revoked: bool = False

    def is_named(self, issuer: bytes) -> bool:
        """Tell whether a signature names this key by a key id or fingerprint."""
        return self.key.fingerprint[-len(issuer) :] == issuer


@dataclass(slots=True)
class _Section:
    """A key or user id, and the signatures that follow it."""

    packet: Packet
    statements: list[Statement] = field(default_factory=list)


def signing_keys(certificate: bytes) -> tuple[SigningKey, ...]:
    """Return the keys of a certificate that may sign documents, the primary one first.

    Raises:
        MalformedInput: it is no certificate.
    """
    sections = list(_sections(certificate))
    if not sections or sections[0].packet.tag != PUBLIC_KEY:
        return ()
    primary = read_key(sections[0].packet.body)
    names = [each.packet.body.decode("utf-8", "replace") for each in sections if each.packet.tag == USER_ID]
    name = names[0] if names else ""
    own = list(_own(primary, sections))
    revoked = any(each.kind == 0x20 for each in own)
    latest = max((each for each in own if each.kind != 0x20), key=lambda each: each.created, default=None)
    keys = []
    if latest is not None and primary.key is not None and (latest.flags is None or latest.flags & _SIGNS):
        keys.append(SigningKey(primary, primary, name, _until(primary, latest), revoked))
    if latest is not None:
        ceiling = _until(primary, latest)
        keys += _subkeys(primary, sections, name, ceiling, revoked=revoked)
    return tuple(keys)


def _sections(certificate: bytes) -> Iterator[_Section]:
    section: _Section | None = None
    for number, packet in enumerate(packets(certificate)):
        if number >= _MOST:
            return
        if packet.tag in (PUBLIC_KEY, PUBLIC_SUBKEY, USER_ID, USER_ATTRIBUTE):
            if section is not None:
                yield section
            section = _Section(packet)
        elif packet.tag == SIGNATURE and section is not None:
            try:
                section.statements.append(read_statement(packet.body))
            except InputError:
                continue  # others' signatures, of kinds not known here, are nothing to us
    if section is not None:
        yield section


def _own(primary: PublicKey, sections: Sequence[_Section]) -> Iterator[Statement]:
    """Yield what the primary key validly says of itself (check 2)."""
    for section in sections:
        for each in section.statements:
            if section.packet.tag == PUBLIC_KEY and each.kind in (0x1F, 0x20):
                signed = primary.prefixed
            elif section.packet.tag == USER_ID and 0x10 <= each.kind <= 0x13:
                body = section.packet.body
                signed = primary.prefixed + b"\xb4" + len(body).to_bytes(4, "big") + body
            else:
                continue
            if _holds(each, primary, signed):
                yield each


def _subkeys(
    primary: PublicKey, sections: Sequence[_Section], name: str, ceiling: int | None, *, revoked: bool
) -> Iterator[SigningKey]:
    for section in sections:
        if section.packet.tag != PUBLIC_SUBKEY:
            continue
        try:
            key = read_key(section.packet.body)
        except InputError:
            continue
        if key.key is None:
            continue
        both = primary.prefixed + key.prefixed
        said = [each for each in section.statements if each.kind in (0x18, 0x28) and _holds(each, primary, both)]
        bound = max((each for each in said if each.kind == 0x18), key=lambda each: each.created, default=None)
        if bound is None or not (bound.flags or 0) & _SIGNS or not _is_signed_back(bound, key, both):
            continue
        ends = [each for each in (ceiling, _until(key, bound)) if each is not None]
        gone = revoked or any(each.kind == 0x28 for each in said)
        yield SigningKey(key, primary, name, min(ends, default=None), gone)


def _is_signed_back(bound: Statement, key: PublicKey, both: bytes) -> bool:
    """Check 3."""
    for body in bound.embedded:
        try:
            back = read_statement(body)
        except InputError:
            continue
        if back.kind == 0x19 and _holds(back, key, both):
            return True
    return False


def _holds(statement: Statement, key: PublicKey, signed: bytes) -> bool:
    if statement.critical is not None:
        return False
    try:
        return verifies(statement, key, _feeding(signed))
    except InputError:
        return False


def _feeding(signed: bytes) -> Callable[[Any], None]:
    return lambda digest: digest.update(signed)


def _until(key: PublicKey, said: Statement) -> int | None:
    return None if said.key_lives is None else key.created + said.key_lives
