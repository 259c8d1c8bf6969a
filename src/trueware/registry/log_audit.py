"""The audit of a registry's log: the whole proved from its bytes, and the registry from the log. `trueware log fsck`.

In the order of the code; the log is proved before what rests on it:

1. Every tile is the one its leaves make, every leaf hash that of its entry, and the index of leaves complete.
2. Every checkpoint has the root of the tree of its size, and is signed by the log.
3. Every leaf passes the checks it passed when it was registered (`registration`), replayed in order into an empty store.
4. No statement of the registrar was issued long before a tree that lacks it was seen: what witnesses cosigned at a time has all
   that was registered by then. (A publisher may register today what they signed last year.)
5. What the registry holds is what the log says: publishers with keys and claims, releases, withdrawals, anchors and their
   revocations, what must never be trusted, words about certificates. What is missing is said, and what is there besides.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256

from trueware.errors import InputError, UntrustedStatement
from trueware.model.release import Publisher
from trueware.model.verdict import Authority
from trueware.registry import changes, signed
from trueware.registry.changes import Admitted
from trueware.registry.logged import proved
from trueware.registry.ports import Problem, RegistryStore
from trueware.registry.registration import Registered, Registrations, apply
from trueware.tlog import note as notes
from trueware.tlog.growth import WIDTH, ReadTile, grow, root
from trueware.tlog.merkle import leaf_hash
from trueware.tlog.note import Verifier

MAX_PROBLEMS = 1000
_TOGETHER = 4 * WIDTH
_FULL = 32 * WIDTH
_DAY = 24 * 3600
_MANY = 8
"""Leaves that make a subject worth remembering: those of one release or publisher are few."""
_TOLERANCE = 24 * 3600
"""Seconds by which the registrar's clock may be late."""


def audit_log(
    store: RegistryStore, replay: RegistryStore, verifiers: Iterable[str] = (), witnesses: Iterable[Verifier] = ()
) -> Iterator[Problem]:
    """Yield what is wrong with the log of a registry; the numbers are the module's.

    Args:
        store: the registry.
        replay: an empty store, in which the log is replayed.
        verifiers: keys of the log that are trusted; none: the one that it names itself.
        witnesses: keys of those whose times count.
    """
    size = store.log_size()
    if size == 0:
        if store.checkpoint() is not None:
            yield Problem("log", "a checkpoint, yet no leaf")
        return
    yield from _tiles(store, size)
    state = Registrations(replay)
    sightings = _sightings(store, tuple(witnesses))
    seen_at = 0
    about: dict[str, frozenset[tuple[int, bytes]]] = {}
    for number, entry in enumerate(store.entries(0, size)):
        try:
            registered = _replay(store, replay, state, entry)
        except InputError as error:
            yield Problem(f"leaf {number}", str(error))
            return  # what follows was said to another state than the one that can be made
        seen_at = max(seen_at, sightings.get(number, 0))
        said = registered.statement
        if said.issuer == state.origin and said.issued_at + _TOLERANCE < seen_at:
            days = (seen_at - said.issued_at) // _DAY
            yield Problem(
                f"leaf {number}", f"issued {days} days before a tree without it was seen by a witness: back-dated"
            )
        for subject in registered.subjects:
            if (number, entry) not in _about(store, subject, about):
                yield Problem(f"leaf {number}", f"it is not found by {subject!r}")
    yield from _checkpoints(store, size, tuple(verifiers) or tuple(state.verifiers))
    yield from _state(store, replay)


def _about(
    store: RegistryStore, subject: str, known: dict[str, frozenset[tuple[int, bytes]]]
) -> frozenset[tuple[int, bytes]]:
    """Return the leaves that are found by a subject; of one that many have, they are asked for once, and kept in `known`."""
    if subject in known:
        return known[subject]
    found = frozenset(store.leaves_about(subject))
    if len(found) > _MANY:
        known[subject] = found
    return found


def _sightings(store: RegistryStore, witnesses: tuple[Verifier, ...]) -> dict[int, int]:
    """Return, by the size of a tree, when a witness saw it: seconds since 1970, the latest of its cosignatures."""
    seen: dict[int, int] = {}
    for size, data in store.checkpoints() if witnesses else ():
        try:
            signed_by = notes.verify(notes.read_note(data), witnesses)
        except InputError:
            continue  # cosigned by none of them
        seen[size] = max(each.time or 0 for each in signed_by)
    return seen


def _tiles(store: RegistryStore, size: int) -> Iterator[Problem]:
    made: dict[tuple[int, int], bytes] = {}
    done = 0
    while done < size:
        hashes = [leaf_hash(entry) for entry in store.entries(done, done + _TOGETHER)]
        if not hashes:
            yield Problem("log", f"leaf {done} is missing")
            return
        for number, digest in enumerate(hashes, done):
            if store.find_leaf(digest) != number:
                yield Problem(f"leaf {number}", "its hash is not that of its entry")
        for place, data in grow(done, hashes, _reader(made)).items():
            made[place] = data
            if len(data) == _FULL:  # nothing is added to it any more
                yield from _same_tile(store, place, made.pop(place))
        done += len(hashes)
    for place, data in sorted(made.items()):
        yield from _same_tile(store, place, data)


def _reader(made: dict[tuple[int, int], bytes]) -> ReadTile:
    return lambda level, number: made.get((level, number))


def _same_tile(store: RegistryStore, place: tuple[int, int], data: bytes) -> Iterator[Problem]:
    if store.get_tile(*place) != data:
        yield Problem("log", f"tile {place[1]} of level {place[0]} is not the one its leaves make")


def _replay(store: RegistryStore, replay: RegistryStore, state: Registrations, entry: bytes) -> Registered:
    registered = state.check(entry, payload_of(store, entry))
    apply(replay, registered, entry)
    state.took(registered)
    return registered


def payload_of(store: RegistryStore, entry: bytes) -> bytes | None:
    """Return the payload of a leaf that has only its digest, from what the registry holds; None where it is not there.

    Raises:
        UntrustedStatement: the leaf is no statement.
    """
    said = signed.read(entry)
    if said.payload is not None:
        return said.payload
    if (data := store.get_payload(said.digest.hex())) is not None:
        return data
    for anchor in store.anchors():
        _, data = changes.encode(Admitted(replace(anchor, source="", revoked=None)))
        if sha256(data).digest() == said.digest:
            return data
    return None


def _checkpoints(store: RegistryStore, size: int, verifiers: tuple[str, ...]) -> Iterator[Problem]:
    last = 0
    for tree_size, note in store.checkpoints():
        last = tree_size
        try:
            at = proved(note, verifiers)
            fits = tree_size <= size and (at.size, at.root) == (tree_size, root(tree_size, store.get_tile))
        except (UntrustedStatement, ValueError) as error:
            yield Problem(f"checkpoint {tree_size}", str(error))
        else:
            if not fits:
                yield Problem(f"checkpoint {tree_size}", "it is not of the tree of its size")
    if last != size:
        yield Problem("log", f"the last checkpoint is of {last} leaves, there are {size}")


def _state(store: RegistryStore, replay: RegistryStore) -> Iterator[Problem]:
    yield from _compared("publisher", _publishers(store), _publishers(replay))
    mine, theirs = _releases(store), _releases(replay)
    yield from _compared("release", mine, theirs)
    yield from _compared(
        "anchor",
        {f"{each.publisher}:{each.id}": each for each in store.anchors()},
        {f"{each.publisher}:{each.id}": each for each in replay.anchors()},
    )
    yield from _compared(
        "distrusted", {each.id: each for each in store.distrusted()}, {each.id: each for each in replay.distrusted()}
    )
    if store.certificates() != replay.certificates():
        yield Problem("registry", "the words about certificates are not those of the log")


def _releases(store: RegistryStore) -> dict[str, object]:
    """Return what a log says of releases; where one comes from is said of those alone that are not their publisher's word."""
    return {
        each.id: (
            each.withdrawn,
            each.statement,
            "" if each.authority is Authority.PUBLISHER else signed.plain(each.source),
        )
        for each in store.releases()
    }


def _publishers(store: RegistryStore) -> dict[str, Publisher]:
    return {each.name: replace(each, keys=tuple(sorted(each.keys))) for each in store.publishers()}


def _compared(kind: str, mine: Mapping[str, object], theirs: Mapping[str, object]) -> Iterator[Problem]:
    for name in sorted(theirs.keys() - mine.keys()):
        yield Problem(f"{kind} {name}", "the log says it, and the registry has it not")
    for name in sorted(mine.keys() - theirs.keys()):
        yield Problem(f"{kind} {name}", "the registry has it, and the log does not say it")
    for name in sorted(mine.keys() & theirs.keys()):
        if mine[name] != theirs[name]:
            yield Problem(f"{kind} {name}", "the registry has it otherwise than the log says")
