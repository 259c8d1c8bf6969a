"""Files of releases, gathered from the registry as devices show them: one object for all devices of a fleet.

Files that no release at hand accounts for are looked up; releases that have any of them are added, fewest first to account for most,
and the list is judged again. So the first device of a fleet costs look-ups, and the others none. What was looked up and is nowhere is
not looked up again within the life of the object, which is that of one answer, or of one round through a fleet.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from fnmatch import translate
from itertools import islice
from re import compile as compiled

from trueware.attestation.contract import Endorsements
from trueware.attestation.ima.baseline import Baseline, Noted, Word, digest_in
from trueware.attestation.ima.entries import entries
from trueware.attestation.ima.signing import FileSigners
from trueware.attestation.ima.walking import REGISTER, ImaState, Memo, Walked, walk
from trueware.errors import InputError, MalformedInput
from trueware.knowledge import load_policies
from trueware.model.part import Kind, Part
from trueware.model.policy import Policy
from trueware.model.release import Release
from trueware.registry.lookup import Registry

_LIMIT = 64
"""Releases that one look-up gives."""

_MOST = 512
"""Releases that account for the files of one fleet."""

_ANYBODYS = ("tmp/", "var/tmp/", "run/", "var/run/", "var/lock/", "dev/shm/")
"""Policies let anything be there, and an image shows by its mode whether it runs. A list does not."""

_BOUNDARY = "!/"
_SIZE = 1 << 12
"""Stands for the size of a file whose length the list does not say."""


class Programs:
    """Releases that account for the files that run on a fleet."""

    def __init__(self, registry: Registry, endorsements: Endorsements, excluded: Iterable[str] = ()) -> None:
        """Gather from `registry`.

        Args:
            registry: what is known to be genuine. Bound to one thread, as it is.
            endorsements: whose signatures of files count.
            excluded: shell-style patterns of paths, without a leading slash, whose files may be anything.

        Raises:
            ValueError: a key for files is none.
        """
        self.releases: tuple[Release, ...] = ()
        self._registry = registry
        self._verify = FileSigners.of(endorsements.file_signers).verify
        patterns = [translate(each.lstrip("/")) for each in excluded]
        self._excluded = compiled("|".join(f"(?:{each})" for each in patterns) or "(?!)")
        self._files: dict[str, Mapping[str, bytes]] = {}
        self._asked: set[bytes] = set()
        self._policies: tuple[Policy, ...] = ()
        self._memos: dict[str, Memo[Noted | None]] = {}
        self._baseline = self._made()

    def judged(self, data: bytes, state: ImaState, quoted: bytes) -> Walked[Noted]:
        """Return what a list comes to, with all releases taken in that its files need.

        Raises:
            MalformedInput, LimitExceeded: the list cannot be read.
            StoreError: the registry cannot be read.
        """
        walked = self._walk(data, state, quoted)
        while walked.matches and self._gather(_unexplained(walked)):
            walked = self._walk(data, state, quoted)
        return walked

    def accounted(self, data: bytes, entries_: int) -> tuple[tuple[Release, int], ...]:
        """Return the releases that account for the first entries of a list, each with how many of them, most first.

        Of several that have a file the one counts that accounts for more of the others, so that few releases are named.
        """
        if not self.releases:
            return ()
        left = Counter(
            digest_in(each.data)
            for each in islice(entries(data), entries_)
            if each.pcr == REGISTER and not each.is_violation  # what else it says is not in the register
        )
        del left[b""]
        contents = {id_: frozenset(files.values()) for id_, files in self._files.items()}
        by_id = {each.id: each for each in self.releases}
        found: list[tuple[Release, int]] = []
        while contents:
            shares = {id_: sum(left[each] for each in left.keys() & own) for id_, own in contents.items()}
            best = max(shares, key=lambda id_: (shares[id_], not by_id[id_].at_fault, by_id[id_].published))
            if not shares[best]:
                break
            found.append((by_id[best], shares[best]))
            for each in contents.pop(best):
                left.pop(each, None)
        return tuple(found)

    def _walk(self, data: bytes, state: ImaState, quoted: bytes) -> Walked[Noted]:
        """Walk on from a state; from the beginning where that does not lead there, as after a restart."""
        if state.count:
            with suppress(MalformedInput):
                walked = walk(data, state, quoted, self._baseline.judge, self._memo(state.bank))
                if walked.matches:
                    return walked
        start = ImaState.start(state.bank)
        return walk(data, start, quoted, self._baseline.judge, self._memo(state.bank))

    def _memo(self, bank: str) -> "Memo[Noted | None]":
        return self._memos.setdefault(bank, Memo(bank))

    def _gather(self, digests: Iterable[bytes]) -> bool:
        """Take in the releases that have some of these; tells whether there were any."""
        wanted = set(digests) - self._asked
        self._asked |= wanted
        if not wanted or len(self._files) >= _MOST:
            return False
        found: dict[str, tuple[Release, Mapping[str, bytes]]] = {}
        for release in self._registry.find_holding(dict.fromkeys(wanted, _SIZE), _LIMIT, []):
            if release.id in self._files:
                continue
            try:
                manifest = self._registry.manifest(release)
            except InputError:  # what cannot be proved accounts for nothing
                continue
            if manifest is not None:
                found[release.id] = release, dict(_files_of(manifest))
        taken = False
        left = wanted
        while found and left and len(self._files) < _MOST:
            covers = {id_: len(left & set(files.values())) for id_, (_, files) in found.items()}
            best = max(covers, key=lambda id_: (covers[id_], not found[id_][0].at_fault, found[id_][0].published))
            if not covers[best]:
                break
            release, files = found.pop(best)
            self._files[release.id] = files
            self.releases += (release,)
            left = left - set(files.values())
            taken = True
        if taken:
            known = load_policies()
            names = dict.fromkeys(each.policy for each in self.releases)
            self._policies = tuple(known[name] for name in names if name in known)
            self._memos.clear()
            self._baseline = self._made()
        return taken

    def _made(self) -> Baseline:
        return Baseline.of(self._files.values(), self._is_excluded, self._verify, self._is_mutable)

    def _is_excluded(self, path: str) -> bool:
        return self._excluded.fullmatch(path) is not None

    def _is_mutable(self, path: str) -> bool:
        """Tell whether a release lets a device change a path; not in places where anybody may write, which is where implants lie."""
        if path.startswith(_ANYBODYS):
            return False
        return bool(self._policies) and any(each.is_mutable(path) for each in self._policies)


def _unexplained(walked: Walked[Noted]) -> Iterator[bytes]:
    for _, noted in walked.attested:
        if noted.word in (Word.UNKNOWN, Word.CHANGED, Word.MUTABLE, Word.SIGNED) and noted.found.startswith("sha256:"):
            yield bytes.fromhex(noted.found.partition(":")[2])


def _files_of(manifest: Part) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a release: path within their file system, and SHA-256."""
    for path, part in manifest.walk():
        if part.kind is Kind.FILE and part.sha256 is not None:
            yield path.rpartition(_BOUNDARY)[2], part.sha256
