"""Evidence in tokens: EAT, PSA and CCA, and what is wrapped in conceptual messages (CMW), their components beside releases."""

from collections.abc import Iterator, Mapping, Sequence

from trueware.appraisal.live.checks import EVIDENCE_PIECE
from trueware.appraisal.live.components import digest_of, match_components
from trueware.appraising.gathering import Gathering
from trueware.attestation.eat.verifying import verify_token
from trueware.attestation.eat.wrapper import unwrap
from trueware.attestation.recognise import Kind, Piece, recognise

MAX_TOKENS = 32
_NAMES = ("serial", "ueid", "instance-id", "imei")
"""Claims that a device may be called by."""


def appraise_tokens(pieces: Mapping[Kind, Sequence[Piece]], gathering: Gathering) -> None:
    """Appraise the tokens among the pieces, those in wrappers too.

    Raises:
        EvidenceRefused, MalformedInput, LimitExceeded: one must not be believed.
        StoreError: the registry cannot be read.
    """
    for number, piece in enumerate(_tokens(pieces, gathering)):
        if number >= MAX_TOKENS:
            gathering.add(EVIDENCE_PIECE.not_shown(f"more than {MAX_TOKENS} tokens: the rest was not looked at"))
            return
        proved = verify_token(piece.data, gathering.wish.endorsements, gathering.wish.question)
        known = {
            digest: gathering.fleet.holding(digest)
            for each in proved.measured
            if (digest := digest_of(each)) is not None
        }
        judged = match_components(proved.measured, known)
        gathering.take(proved.kind, (*proved.checks, *judged.checks), judged.matches, proved.claims)
        names = {each.name: each.value for each in proved.claims}
        gathering.attester = gathering.attester or next((names[each] for each in _NAMES if each in names), "")


def _tokens(pieces: Mapping[Kind, Sequence[Piece]], gathering: Gathering) -> Iterator[Piece]:
    yield from pieces.get(Kind.TOKEN, ())
    for wrapper in pieces.get(Kind.WRAPPED, ()):
        for each in unwrap(wrapper.data):
            name = f"{wrapper.name}/{each.label or each.media_type}"
            piece = Piece(name, each.content)
            if not each.is_evidence:
                gathering.add(
                    EVIDENCE_PIECE.not_shown("it is wrapped as something else than evidence", name, expected_gap=True)
                )
            elif recognise(piece) is Kind.TOKEN:
                yield piece
            else:
                why = f"a message of type {each.media_type[:80]} is not read here"
                gathering.add(EVIDENCE_PIECE.not_shown(why, name, expected_gap=True))
