"""How the maps and arrays of a CDDL become values with names, and these become CBOR again: one description for both ways.

A codec says what a value must be. What is decoded is encoded as it was: keys that the description does not know are kept,
alternatives stay apart, and one thing is not written as an array of one. So decoding and encoding lose nothing, and what came
deterministically encoded leaves as the same bytes.

Where a standard lets others add types, what is not known is taken as it is, and told (`Notes`): so is what older drafts wrote.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Generic, NoReturn, Protocol, TypeAlias, TypeVar

from trueware.cose.foreign_cbor import Budget, Key, Tagged, Value, decode, encode
from trueware.errors import MalformedInput

T = TypeVar("T")

Extensions: TypeAlias = tuple[tuple[Key, Value], ...]
"""What else a map has, in the order of encoded keys."""

_MOST_NOTES = 64


@dataclass(slots=True)
class Notes:
    """What was read although the newest draft does not have it, in order, each once."""

    said: list[str] = field(default_factory=list)
    budget: Budget = field(default_factory=Budget)
    """Of the whole document."""

    def add(self, text: str) -> None:
        """Say something."""
        if len(self.said) < _MOST_NOTES and text not in self.said:
            self.said.append(text)


class Mismatch(Exception):
    """A value is not what its description says."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path: list[str] = []
        """Names of what it lies in, innermost first."""


class Codec(Protocol[T]):
    """Both ways of one type."""

    def decode(self, value: Value, notes: Notes) -> T:
        """Return what `value` says.

        Raises:
            Mismatch: it is of another type.
        """
        ...

    def encode(self, value: T) -> Value:
        """Return the CBOR of a value."""
        ...


def read(codec: Codec[T], value: Value, name: str, notes: Notes) -> T:
    """Return what a value says by its description.

    Raises:
        MalformedInput: it is not what the description says; the reason names where.
    """
    try:
        return codec.decode(value, notes)
    except Mismatch as error:
        where = "/".join(reversed(error.path))
        raise MalformedInput(name, 0, f"{where}: {error.reason}" if where else error.reason) from None


def read_bytes(codec: Codec[T], data: bytes, name: str, notes: Notes) -> T:
    """Return what encoded bytes say.

    Raises:
        MalformedInput: as `read`, or they are no CBOR.
        LimitExceeded: as `trueware.cose.foreign_cbor.decode`.
    """
    return read(codec, decode(data, name, notes.budget), name, notes)


@dataclass(frozen=True, slots=True)
class Scalar(Generic[T]):
    """Text, bytes, an integer or a truth value."""

    kind: type[T]
    name: str
    least: int | None = None
    """Of an integer its least value, of text and bytes their least length."""

    most: int | None = None

    def decode(self, value: Value, notes: Notes) -> T:  # noqa: ARG002
        """See `Codec`."""
        if not isinstance(value, self.kind) or (isinstance(value, bool) and self.kind is not bool):
            refuse(f"{self.name} expected, found {kind_of(value)}")
        size = value if isinstance(value, int) else len(value) if isinstance(value, str | bytes) else 0
        if (self.least is not None and size < self.least) or (self.most is not None and size > self.most):
            refuse(f"{self.name}: {size} is out of bounds")
        return value

    def encode(self, value: T) -> Value:
        """See `Codec`."""
        return value  # type: ignore[return-value] # a scalar is its own CBOR


@dataclass(frozen=True, slots=True)
class Anything:
    """A value that stays as it is."""

    def decode(self, value: Value, notes: Notes) -> Value:  # noqa: ARG002
        """See `Codec`."""
        return value

    def encode(self, value: Value) -> Value:
        """See `Codec`."""
        return value


@dataclass(frozen=True, slots=True)
class Choice:
    """A type with several forms, told apart by tag or kind; the value stays as it is, with its tag."""

    name: str
    tags: Mapping[int, Codec[Any]] = field(default_factory=dict)
    """By tag, what must be in it."""

    plain: tuple[Codec[Any], ...] = ()
    """Forms without a tag."""

    open: bool = True
    """Whether others may add forms: such a value is kept and told, not refused."""

    older: Mapping[int, str] = field(default_factory=dict)
    """Tags that are known not to be the draft's, and whose they are."""

    def decode(self, value: Value, notes: Notes) -> Value:
        """See `Codec`."""
        if isinstance(value, Tagged):
            codec = self.tags.get(value.tag)
            if codec is not None:
                _inside(codec, value.value, notes, f"{self.name} {value.tag}")
                return value
            reason = f"{self.name}: tag {value.tag} ({self.older.get(value.tag, 'not of the draft')})"
        else:
            if any(_fits(each, value, notes) for each in self.plain):
                return value
            reason = f"{self.name}: {kind_of(value)} without a tag"
        if not self.open:
            refuse(reason)
        notes.add(reason)
        return value

    def encode(self, value: Value) -> Value:
        """See `Codec`."""
        return value


@dataclass(frozen=True, slots=True)
class Array(Generic[T]):
    """An array of one type."""

    item: Codec[T]
    least: int = 1

    def decode(self, value: Value, notes: Notes) -> tuple[T, ...]:
        """See `Codec`."""
        if not isinstance(value, tuple):
            refuse(f"an array expected, found {kind_of(value)}")
        if len(value) < self.least:
            refuse(f"an array of {len(value)}, at least {self.least} expected")
        return tuple([_inside(self.item, each, notes, f"[{number}]") for number, each in enumerate(value)])

    def encode(self, value: tuple[T, ...]) -> Value:
        """See `Codec`."""
        return tuple([self.item.encode(each) for each in value])


@dataclass(frozen=True, slots=True)
class OneOrMore(Generic[T]):
    """One of a type, or an array of them (RFC 9393 ``one-or-more``). An array stays one, even of one."""

    item: Codec[T]

    def decode(self, value: Value, notes: Notes) -> T | tuple[T, ...]:
        """See `Codec`."""
        if not isinstance(value, tuple):
            return self.item.decode(value, notes)
        if len(value) < 2:
            notes.add(f"an array of {len(value)} where one is not written as an array")
        return tuple([_inside(self.item, each, notes, f"[{number}]") for number, each in enumerate(value)])

    def encode(self, value: T | tuple[T, ...]) -> Value:
        """See `Codec`."""
        if isinstance(value, tuple):
            return tuple([self.item.encode(each) for each in value])
        return self.item.encode(value)


def each(value: T | tuple[T, ...] | None) -> tuple[T, ...]:
    """Return one or more, or none, as a tuple."""
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


@dataclass(frozen=True, slots=True)
class Within(Generic[T]):
    """A value in a tag."""

    tag: int
    inner: Codec[T]
    name: str

    def decode(self, value: Value, notes: Notes) -> T:
        """See `Codec`."""
        if not isinstance(value, Tagged) or value.tag != self.tag:
            refuse(f"{self.name} (tag {self.tag}) expected, found {kind_of(value)}")
        return self.inner.decode(value.value, notes)

    def encode(self, value: T) -> Value:
        """See `Codec`."""
        return Tagged(self.tag, self.inner.encode(value))


@dataclass(frozen=True, slots=True)
class MapOf(Generic[T]):
    """A map from keys to one type, as pairs in the order of encoded keys."""

    item: Codec[T]
    name: str

    def decode(self, value: Value, notes: Notes) -> tuple[tuple[Key, T], ...]:
        """See `Codec`."""
        if not isinstance(value, Mapping) or not value:
            refuse(f"{self.name}: a map with something in it expected")
        pairs = sorted(value.items(), key=lambda pair: encode(pair[0]))
        return tuple([(key, _inside(self.item, item, notes, repr(key)[:80])) for key, item in pairs])

    def encode(self, value: tuple[tuple[Key, T], ...]) -> Value:
        """See `Codec`."""
        return {key: self.item.encode(item) for key, item in value}


class Members(Generic[T]):
    """A map whose keys are known: each is a field of a dataclass, which has `extensions` for the others."""

    def __init__(
        self, made: type[T], name: str, members: Mapping[int, tuple[str, Codec[Any]]], *, non_empty: bool = False
    ) -> None:
        own: tuple[Any, ...] = fields(made)  # type: ignore[arg-type] # a dataclass
        self._made, self._name, self._members, self._non_empty = made, name, members, non_empty
        self._required = {each.name for each in own if each.default is MISSING and each.default_factory is MISSING}
        self._extensible = any(each.name == "extensions" for each in own)
        self._empty = {each.name: each.default for each in own}

    def decode(self, value: Value, notes: Notes) -> T:
        """See `Codec`."""
        if not isinstance(value, Mapping):
            refuse(f"{self._name}: a map expected, found {kind_of(value)}")
        if self._non_empty and not value:
            refuse(f"{self._name}: an empty map")
        found: dict[str, Any] = {}
        others: list[tuple[Key, Value]] = []
        for key, item in value.items():
            member = self._members.get(key) if isinstance(key, int) else None
            if member is None:
                others.append((key, item))
            else:
                found[member[0]] = _inside(member[1], item, notes, member[0])
        if missing := self._required - found.keys():
            refuse(f"{self._name}: {', '.join(sorted(missing))} missing")
        if others:
            if not self._extensible:
                refuse(f"{self._name}: the key {others[0][0]!r} is not known"[:200])
            found["extensions"] = tuple(sorted(others, key=lambda pair: encode(pair[0])))
        return self._made(**found)

    def encode(self, value: T) -> Value:
        """See `Codec`."""
        made: dict[Key, Value] = {}
        for key, (name, codec) in self._members.items():
            item = getattr(value, name)
            if item is not None or (name in self._required):
                made[key] = codec.encode(item)
        if self._extensible:
            made.update(value.extensions)  # type: ignore[attr-defined] # checked when it was made
        return made


class Record(Generic[T]):
    """An array whose places are known: each is a field of a dataclass; the last may be left out where they have a default."""

    def __init__(self, made: type[T], name: str, *places: Codec[Any]) -> None:
        own: tuple[Any, ...] = fields(made)  # type: ignore[arg-type] # a dataclass
        self._made, self._name, self._places = made, name, places
        self._names = tuple(each.name for each in own)
        self._least = sum(each.default is MISSING for each in own)
        assert len(own) == len(places)  # noqa: S101 (of our own tables)

    def decode(self, value: Value, notes: Notes) -> T:
        """See `Codec`."""
        if not isinstance(value, tuple) or not self._least <= len(value) <= len(self._places):
            refuse(f"{self._name}: an array of {self._least} to {len(self._places)} expected, found {kind_of(value)}")
        pairs = zip(self._places, value, self._names, strict=False)
        return self._made(*[_inside(codec, item, notes, name) for codec, item, name in pairs])

    def encode(self, value: T) -> Value:
        """See `Codec`."""
        items = [getattr(value, name) for name in self._names]
        while len(items) > self._least and items[-1] is None:
            items.pop()
        return tuple([codec.encode(item) for codec, item in zip(self._places, items, strict=False)])


def _inside(codec: Codec[T], value: Value, notes: Notes, name: str) -> T:
    try:
        return codec.decode(value, notes)
    except Mismatch as error:
        error.path.append(name)
        raise


def _fits(codec: Codec[Any], value: Value, notes: Notes) -> bool:
    try:
        codec.decode(value, notes)
    except Mismatch:
        return False
    return True


def refuse(reason: str) -> NoReturn:
    """Say what a value is not.

    Raises:
        Mismatch: always.
    """
    raise Mismatch(reason)


def kind_of(value: Value) -> str:
    """Return in words what a value is."""
    if isinstance(value, Tagged):
        return f"tag {value.tag}"
    if isinstance(value, bool) or value is None:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, tuple):
        return f"an array of {len(value)}"
    words = {int: "an integer", float: "a float", str: "text", bytes: "bytes"}
    return next((word for kind, word in words.items() if isinstance(value, kind)), "a map")


TEXT = Scalar(str, "text")
BYTES = Scalar(bytes, "bytes")
BOOL = Scalar(bool, "true or false")
INT = Scalar(int, "an integer")
UINT = Scalar(int, "an unsigned integer", 0)
ANYTHING = Anything()
INT_OR_TEXT = Choice("an integer or text", plain=(INT, TEXT), open=False)
