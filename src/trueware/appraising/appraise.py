"""Appraises the evidence of one attester: pieces in, an appraisal out.

1. Each piece is taken for what it is; what it is not taken for anything is told.
2. Each type of evidence present is proved; a refusal ends there, and is the answer.
3. What was proved is looked up in the registry and compared with its releases.
4. What follows is concluded from all checks together.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from trueware.appraisal.live.catalogue import CHECKS
from trueware.appraisal.live.checks import EVIDENCE_PIECE, EVIDENCE_READ
from trueware.appraisal.live.conclude import Gathered, conclude
from trueware.appraising.answers import take_answers
from trueware.appraising.booted import appraise_boot
from trueware.appraising.fleet import Fleet
from trueware.appraising.gathering import Gathering
from trueware.appraising.phones import appraise_phone
from trueware.appraising.tokens import appraise_tokens
from trueware.appraising.wish import Wish
from trueware.attestation.recognise import MAX_PIECE, Kind, Piece, recognise
from trueware.attestation.tpm.checks import ATTESTATION_KEY_BOUND
from trueware.errors import EvidenceRefused, InputError
from trueware.model.attested import Appraisal
from trueware.model.check import Check
from trueware.registry.lookup import Registry

MAX_PIECES = 256
_MOST_TOLD = 8
"""Pieces left out that are told by name."""


def appraise(pieces: Iterable[Piece], registry: Registry, wish: Wish, fleet: Fleet | None = None) -> Appraisal:
    """Return the appraisal of one attester's evidence.

    Args:
        pieces: all that it sent.
        registry: what is known to be genuine, and who says so.
        wish: the challenge that was sent, whom to believe, what to go by.
        fleet: what devices have in common, where many are appraised by the same registry and endorsements.

    Raises:
        StoreError: the registry cannot be read. That is no verdict.
    """
    return appraise_into(Gathering(wish, fleet or fleet_of(registry, wish)), pieces)


def fleet_of(registry: Registry, wish: Wish) -> Fleet:
    """Return a fleet of devices that are appraised as `wish` has it."""
    return Fleet(registry, wish.endorsements, wish.excluded, wish.boot_policy)


def appraise_into(gathering: Gathering, pieces: Iterable[Piece]) -> Appraisal:
    """Return the appraisal, and leave in `gathering` what is to be remembered of the device; see `appraise`."""
    wish = gathering.wish
    sorted_ = _sorted(pieces, gathering)
    for part in (appraise_boot, appraise_phone, appraise_tokens):
        try:
            part(sorted_, gathering)
        except EvidenceRefused as refusal:
            rule = CHECKS[refusal.rule]
            gathering.add(rule.contradicts(refusal.reason, refusal.place))
        except InputError as error:
            gathering.add(EVIDENCE_READ.contradicts(str(error)))
    gathering.add(*(check for each in gathering.matches for check in gathering.fleet.barred(each.release)))
    if gathering.kinds and "tpm-quote" not in gathering.kinds and wish.device in wish.endorsements.enrolled.values():
        why = (
            f"a key was enrolled for {wish.device}, and no quote by it was sent: what was sent may be another device's"
        )
        gathering.add(ATTESTATION_KEY_BOUND.not_shown(why))
    if not gathering.kinds:
        gathering.add(EVIDENCE_PIECE.not_shown("no piece of it is evidence that is signed and read here"))
    return conclude(
        Gathered(
            wish.device or gathering.attester or "unnamed device",
            tuple(dict.fromkeys(gathering.kinds)),
            tuple(gathering.checks),
            tuple(gathering.matches),
            tuple(gathering.claims),
            wish.question.nonce,
        ),
        gathering.fleet.conclusions,
    )


def _sorted(pieces: Iterable[Piece], gathering: Gathering) -> Mapping[Kind, Sequence[Piece]]:
    """Return the pieces by what they are taken for."""
    found: dict[Kind, list[Piece]] = {}
    for number, piece in enumerate(pieces):
        if number >= MAX_PIECES:
            gathering.add(EVIDENCE_PIECE.not_shown(f"more than {MAX_PIECES} pieces: the rest was not looked at"))
            break
        if len(piece.data) > MAX_PIECE:
            gathering.add(
                EVIDENCE_PIECE.not_shown(f"{len(piece.data):,} bytes, at most {MAX_PIECE:,} are read", piece.name)
            )
            continue
        found.setdefault(recognise(piece), []).append(piece)
    if others := found.get(Kind.OTHER):
        gathering.add(_untaken(tuple(each.name for each in others[:_MOST_TOLD]), len(others)))
    take_answers(found, gathering)
    return found


@lru_cache(1024)
def _untaken(names: tuple[str, ...], count: int) -> Check:
    """Return that pieces were not read, some of them by name; the same object again, see `Conclusions`."""
    more = f" and {count - len(names)} more" if count > len(names) else ""
    return EVIDENCE_PIECE.not_shown(
        f"no evidence that is read here, and left out: {', '.join(names)}{more}", expected_gap=True
    )
