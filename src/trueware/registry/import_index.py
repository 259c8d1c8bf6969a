"""Importing an index: the digests of somebody's list become releases of a third party's authority."""

from dataclasses import dataclass

from trueware.errors import InputError
from trueware.model.verdict import Authority
from trueware.registry import payload as payloads
from trueware.registry.index_formats import Listed, Refused, parse_index
from trueware.registry.payload import Payload
from trueware.registry.ports import RegistryStore, Submission

MAX_RELEASES = 1_000_000
"""Releases of one list; all of Debian has some 100,000 packages."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a list."""

    added: int
    known: int
    """Releases that were in the registry, or twice in the list."""

    refused: tuple[Refused, ...]


def import_index(store: RegistryStore, text: str, *, publisher: str, source: str, now: int) -> Imported:
    """Store the releases a list names, all in one transaction.

    Args:
        store: where.
        text: the list, see `trueware.registry.index_formats`.
        publisher: whose software it lists.
        source: how to call the list.
        now: seconds since 1970.
    """
    submissions: list[Submission] = []
    refused: list[Refused] = []
    for number, each in enumerate(parse_index(text)):
        if number >= MAX_RELEASES:
            refused.append(Refused(0, f"the rest: more than {MAX_RELEASES} entries"))
            break
        if isinstance(each, Refused):
            refused.append(each)
            continue
        try:
            said = payloads.encode(_payload(each, publisher))
        except (ValueError, InputError) as error:
            refused.append(Refused(0, f"{each.file[:100]!r}: {error}"))
        else:
            submissions.append(Submission(said, now, f"{source}: {each.file}" if each.file else source))
    new = sum(store.add_releases(submissions))
    return Imported(new, len(submissions) - new, tuple(refused))


def _payload(listed: Listed, publisher: str) -> Payload:
    return Payload(
        publisher,
        listed.product,
        listed.version,
        Authority.THIRD_PARTY,
        listed.sha256,
        size=listed.size,
        claims=listed.claims,
    )
