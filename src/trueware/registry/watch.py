"""Watching a log: what somebody who was here before does before they believe a registry again.

Whoever has seen a log needs to remember three lines of it, its origin, size and root, to notice that it was rewritten, cut, or put
back to an older copy; and by looking at each new leaf, that the registry does what its log says: a release that the log
withdraws is withdrawn, a key that it revokes is revoked, and what it distrusts is distrusted.

In the order of the code:

1. The checkpoint holds under the policy: the log's signature, and enough witnesses.
2. It is not of a smaller tree than the one seen, and that one is its beginning.
3. Each new leaf is the one that the tree has at its place.
4. What leaves take back, the new ones and those seen before, is taken back in the registry.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from trueware.errors import InputError, UntrustedStatement
from trueware.registry import changes, signed
from trueware.registry.changes import Certified, Distrust, Revocation, Withdrawal
from trueware.registry.ports import RegistryStore
from trueware.registry.registration import Registrations
from trueware.tlog.growth import holds, root
from trueware.tlog.merkle import EMPTY_ROOT, leaf_hash
from trueware.tlog.policy import Policy, Proved

_TAKES_BACK = frozenset(map(changes.content_type, ("withdrawal", "revocation", "distrust", "certificate")))


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a client keeps of a log it has seen."""

    origin: str
    size: int = 0
    root: bytes = EMPTY_ROOT
    taken_back: tuple[int, ...] = ()
    """Numbers of the leaves that take something back: what they say is looked for each time."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A log that holds, and follows from what was seen."""

    proved: Proved
    remembered: Remembered
    """To be kept in the place of what was seen."""

    new: int
    """Leaves looked at."""


def watch(store: RegistryStore, policy: Policy, seen: Remembered | None) -> Watched:
    """Return the log of a store if it may be believed; the numbers are the module's.

    Args:
        store: the registry.
        policy: whose signatures make a checkpoint of it believed.
        seen: what was remembered when it was watched last; None: never.

    Raises:
        UntrustedStatement: it may not, and why.
    """
    note = store.checkpoint()
    if note is None:
        raise UntrustedStatement("the registry has no log" + (", and had one" if seen is not None else ""))
    try:
        proved = policy.prove(note)  # 1
    except InputError as error:
        raise UntrustedStatement(f"the checkpoint of the registry's log does not hold: {error}") from error
    at = proved.checkpoint
    before = seen or Remembered(at.origin)
    if before.origin != at.origin:
        raise UntrustedStatement(f"the log is {at.origin!r}; the one seen before was {before.origin!r}")
    if at.size < before.size:  # 2
        raise UntrustedStatement(
            f"the log has {at.size} leaves, {before.size} were seen before: it was cut, or put back"
        )
    try:
        if root(at.size, store.get_tile) != at.root:
            raise UntrustedStatement("the tiles of the log are not those of its checkpoint")
        if root(before.size, store.get_tile) != before.root:
            raise UntrustedStatement(f"the log is another history than the {before.size} leaves that were seen before")
    except ValueError as error:
        raise UntrustedStatement(f"the log is not whole: {error}") from error
    count = 0
    taken_back = list(before.taken_back)
    for number, entry in enumerate(store.entries(before.size, at.size), before.size):
        if not holds(at.size, number, leaf_hash(entry), store.get_tile):  # 3
            raise UntrustedStatement(f"leaf {number} is not the one that the tree has at its place")
        if _takes_back(entry):
            taken_back.append(number)
        count += 1
    for number in taken_back:  # 4
        entry = next(iter(store.entries(number, number + 1)), b"")
        if not holds(at.size, number, leaf_hash(entry), store.get_tile):
            raise UntrustedStatement(f"leaf {number} is not the one that the tree has at its place")
        for lacking in _not_taken_back(store, entry):
            raise UntrustedStatement(f"leaf {number} of the log {lacking}, and the registry does not say so")
    if count != at.size - before.size:
        raise UntrustedStatement(f"the log has {before.size + count} leaves, its checkpoint says {at.size}")
    return Watched(proved, Remembered(at.origin, at.size, at.root, tuple(taken_back)), count)


def _takes_back(entry: bytes) -> bool:
    """Tell whether a leaf may take something back; one that cannot be read may."""
    try:
        return signed.read(entry).content_type in _TAKES_BACK
    except InputError:
        return True


def _not_taken_back(store: RegistryStore, entry: bytes) -> Iterator[str]:
    """Yield what a leaf takes back and the registry does not (4)."""
    try:
        said = signed.read(entry)
        if said.content_type not in _TAKES_BACK:
            return
        if said.payload is None:
            yield "takes something back and does not say what"
            return
        change = changes.decode(said.content_type, said.payload)
    except InputError as error:
        yield f"cannot be read ({error})"
        return
    match change:
        case Withdrawal(release):
            held = store.get_release(release)
            if held is None or held.withdrawn is None:
                yield f"withdraws release {release}"
        case Revocation(publisher, id_):
            if not any(each.revoked for each in store.anchors() if (each.publisher, each.id) == (publisher, id_)):
                yield f"revokes the key {id_} of {publisher!r}"
        case Distrust(entries):
            for id_ in {each.id for each in entries} - store.find_distrusted(each.id for each in entries).keys():
                yield f"bars {id_}"
        case Certified(status):
            if status not in store.certificates(status.sha256):
                yield f"says of certificate {status.number!r} that it is {status.standing.value}"
        case _:
            pass


def registrar_keys(store: RegistryStore) -> list[str]:
    """Return the verifier keys that a log names itself: what a first policy can be made of, once they were compared elsewhere.

    Raises:
        UntrustedStatement: the log does not begin as it must.
    """
    state = Registrations(store)
    state.catch_up(times=False)
    return state.verifiers
