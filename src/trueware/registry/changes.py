"""What statements say besides releases: every other kind of change of a registry, in deterministic CBOR.

Each kind has a content type, ``application/vnd.trueware.<kind>+cbor``, and is a list that begins with the version of its form, 1::

    registration   [1, origin, rules, public key]                    the registry's rules and first key; the first leaf of its log
    registrar      [1, public key, verifier key of the log]          who may sign for the registry; the second leaf
    publisher      [1, name, [* public key], [* [claim, pattern]]]   enrolled, or more of one
    withdrawal     [1, release id, reason]
    anchor         [1, publisher, id, kind, data, issues, [* [claim, pattern]], since / nil, until / nil, threshold, name]
    revocation     [1, publisher, id, reason]                        of an anchor
    distrust       [1, [+ [id, reason, source]]]
    certificate    [1, issuer, number, SHA-256, standing, scheme, since / nil, until / nil, reason]

Text that is not Unicode is written as bytes (`cbor.pack_text`). These structures are trueware's own.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from trueware.cose import cbor
from trueware.errors import MalformedInput
from trueware.model.anchor import Anchor, Distrusted
from trueware.model.certificate import CertificateStatus, Standing
from trueware.model.release import Entitlement, Publisher

_NAME = "statement of a registry"
_PREFIX, _SUFFIX = "application/vnd.trueware.", "+cbor"
_VERSION = 1
_LONGEST = 1 << 16
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Registration:
    """The rules by which a registry takes statements (RFC 9943: registration policy)."""

    origin: str
    """What the registry is called: of its log's checkpoints, and as the issuer of its own statements."""

    rules: str
    spki: bytes
    """The key it is signed with: whoever trusts the registry knows it from elsewhere."""


@dataclass(frozen=True, slots=True)
class RegistrarKey:
    """A key that speaks for the registry."""

    spki: bytes
    """DER SubjectPublicKeyInfo."""

    verifier: str
    """The same as a note verifier key (C2SP signed-note)."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A publisher admitted, or keys and entitlements added to one."""

    publisher: Publisher


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A release taken back."""

    release: str
    """Its id."""

    reason: str


@dataclass(frozen=True, slots=True)
class Admitted:
    """A key that a publisher signs software with."""

    anchor: Anchor


@dataclass(frozen=True, slots=True)
class Revocation:
    """An anchor taken back."""

    publisher: str
    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Distrust:
    """More that must never be trusted."""

    entries: tuple[Distrusted, ...]


@dataclass(frozen=True, slots=True)
class Certified:
    """A word about a certificate."""

    status: CertificateStatus


Change: TypeAlias = Registration | RegistrarKey | Enrolment | Withdrawal | Admitted | Revocation | Distrust | Certified


def encode(change: Change) -> tuple[str, bytes]:
    """Return content type and payload of a change."""
    fields: list[object]
    match change:
        case Registration(origin, rules, spki):
            kind, fields = "registration", [origin, rules, spki]
        case RegistrarKey(spki, verifier):
            kind, fields = "registrar", [spki, verifier]
        case Enrolment(each):
            kind, fields = "publisher", [each.name, sorted(each.keys), _scope_out(each.entitlements)]
        case Withdrawal(release, reason):
            kind, fields = "withdrawal", [bytes.fromhex(release), reason]
        case Admitted(a):
            kind = "anchor"
            fields = [a.publisher, a.id, a.kind, a.data, a.issues, _scope_out(a.scope)]
            fields += [a.since, a.until, a.threshold, a.name]
        case Revocation(publisher, id_, reason):
            kind, fields = "revocation", [publisher, id_, reason]
        case Distrust(entries):
            kind, fields = "distrust", [[[_out(each.id), _out(each.reason), _out(each.source)] for each in entries]]
        case Certified(c):
            kind = "certificate"
            fields = [c.issuer, c.number, c.sha256, c.standing.value, c.scheme, c.since, c.until, c.reason]
    return content_type(kind), cbor.encode([_VERSION, *(_out(field) for field in fields)])


def decode(content: str, payload: bytes) -> Change:
    """Return the change that a payload of that content type says.

    Raises:
        MalformedInput: it is none of this version, in its one encoding.
    """
    kind = content.removeprefix(_PREFIX).removesuffix(_SUFFIX)
    if content != content_type(kind) or kind not in _KINDS:
        raise MalformedInput(_NAME, 0, f"content type {content[:80]!r}")
    count, read = _KINDS[kind]
    fields: Any = cbor.decode(payload, _NAME, max_depth=4)
    if not isinstance(fields, list) or not fields or fields[0] != _VERSION or fields[0] is True:
        raise MalformedInput(_NAME, 0, f"no {kind} of version {_VERSION}")
    if len(fields) != count + 1:
        raise MalformedInput(_NAME, 0, f"{len(fields) - 1} fields of a {kind}, expected {count}")
    try:
        change = read(fields[1:])
        again = encode(change)
    except ValueError as error:
        raise MalformedInput(_NAME, 0, str(error)) from error
    if again != (content, payload):
        raise MalformedInput(_NAME, 0, f"a {kind} that is not in its one form")
    return change


def content_type(kind: str) -> str:
    """Return the content type of a kind of statement."""
    return f"{_PREFIX}{kind}{_SUFFIX}"


def subjects_of(change: Change) -> tuple[str, ...]:
    """Return what leaves with this change are found by; the first is also what the statement says it is about."""
    match change:
        case Registration() | RegistrarKey():
            return ("registry",)
        case Enrolment(publisher):
            return (f"publisher:{publisher.name}",)
        case Withdrawal(release):
            return (f"release:{release}",)
        case Admitted(anchor):
            return (f"anchor:{anchor.publisher}:{anchor.id}",)
        case Revocation(publisher, id_):
            return (f"anchor:{publisher}:{id_}",)
        case Distrust(entries):
            return ("distrust", *(f"distrust:{each.id}" for each in entries))
        case Certified(status):
            return (f"certificate:{status.issuer}:{status.number}", f"artefact:{status.sha256.hex()}")


def _registration(fields: list[Any]) -> Registration:
    return Registration(_text(fields[0]), _text(fields[1]), _bytes(fields[2]))


def _registrar(fields: list[Any]) -> RegistrarKey:
    return RegistrarKey(_bytes(fields[0]), _text(fields[1]))


def _enrolment(fields: list[Any]) -> Enrolment:
    return Enrolment(Publisher(_text(fields[0]), tuple(_list(fields[1], _bytes)), _scope(fields[2])))


def _withdrawal(fields: list[Any]) -> Withdrawal:
    return Withdrawal(_digest(fields[0]).hex(), _text(fields[1]))


def _anchor(fields: list[Any]) -> Admitted:
    publisher, id_, kind, data, issues, scope, since, until, threshold, name = fields
    if not isinstance(issues, bool) or (count := _number(threshold)) is None or count < 1:
        raise ValueError("an anchor's terms of the wrong type")
    terms = issues, _scope(scope), _number(since), _number(until), count
    return Admitted(Anchor(_text(publisher), _text(id_), _text(kind), _bytes(data), *terms, _text(name)))


def _revocation(fields: list[Any]) -> Revocation:
    return Revocation(_text(fields[0]), _text(fields[1]), _text(fields[2]))


def _distrust(fields: list[Any]) -> Distrust:
    rows = _list(fields[0], lambda row: _list(row, _text))
    if not rows or any(len(row) != 3 for row in rows):
        raise ValueError("entries that are not lists of three")
    return Distrust(tuple(Distrusted(*row) for row in rows))


def _certificate(fields: list[Any]) -> Certified:
    issuer, number, sha256, standing, scheme, since, until, reason = fields
    return Certified(
        CertificateStatus(
            _text(issuer), _text(number), _digest(sha256), Standing(standing), _text(scheme), _number(since), _number(until),
            _text(reason),
        )
    )  # fmt: skip


_KINDS: dict[str, tuple[int, Callable[[list[Any]], Change]]] = {
    "registration": (3, _registration),
    "registrar": (2, _registrar),
    "publisher": (3, _enrolment),
    "withdrawal": (2, _withdrawal),
    "anchor": (10, _anchor),
    "revocation": (3, _revocation),
    "distrust": (1, _distrust),
    "certificate": (8, _certificate),
}


def _out(value: object) -> object:
    return cbor.pack_text(value) if isinstance(value, str) else value


def _scope_out(scope: Iterable[Entitlement]) -> list[list[object]]:
    pairs = sorted({(each.name, each.pattern) for each in scope})
    return [[_out(name), _out(pattern)] for name, pattern in pairs]


def _scope(value: object) -> tuple[Entitlement, ...]:
    pairs = _list(value, lambda pair: _list(pair, _text))
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError("claims and patterns that are not pairs")
    return tuple(Entitlement(*pair) for pair in pairs)


def _list(value: object, read: Callable[[object], _Item]) -> list[_Item]:
    if not isinstance(value, list):
        raise ValueError(f"a list expected, found {type(value).__name__}")  # noqa: TRY004 (of the input)
    return [read(each) for each in value]


def _text(value: object) -> str:
    text = cbor.unpack_text(value, _NAME)
    if len(text) > _LONGEST:
        raise ValueError(f"a text of {len(text)} characters")
    return text


def _bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError(f"bytes expected, found {type(value).__name__}")  # noqa: TRY004 (of the input)
    return value


def _digest(value: object) -> bytes:
    digest = _bytes(value)
    if len(digest) != 32:
        raise ValueError(f"a digest of {len(digest)} bytes")
    return digest


def _number(value: object) -> int | None:
    if value is not None and (type(value) is not int or not -(1 << 62) < value < 1 << 62):
        raise ValueError(f"a number expected, found {value!r:.40}")
    return value if isinstance(value, int) else None
