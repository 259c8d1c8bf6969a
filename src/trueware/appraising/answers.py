"""Answers of network devices (RFC 9684): what they hold is appraised like the files that tools of TPMs write.

All answers among the pieces are one attester's. A file that lies beside them with the same bytes is the same piece, told once:
whoever keeps both the answer and what was taken out of it sends nothing twice.
"""

from itertools import groupby

from trueware.appraisal.live.checks import EVIDENCE_PIECE, EVIDENCE_READ
from trueware.appraising.gathering import Gathering
from trueware.attestation.recognise import Kind, Piece
from trueware.errors import InputError, UnsupportedInput
from trueware.exchange.charra.pieces import pieces_of
from trueware.exchange.charra.reading import read_answer


def take_answers(found: dict[Kind, list[Piece]], gathering: Gathering) -> None:
    """Replace the answers among pieces by what they hold; what cannot be read of them is told."""
    documents = found.pop(Kind.CHARRA, [])
    if not documents:
        return
    answers = []
    for each in documents:
        try:
            answers.append(read_answer(each.data))
        except UnsupportedInput as error:
            gathering.add(EVIDENCE_PIECE.not_shown(error.reason, each.name))
        except InputError as error:
            gathering.add(EVIDENCE_READ.contradicts(str(error), each.name))
    held = pieces_of(answers)
    gathering.add(*(EVIDENCE_PIECE.not_shown(reason, name) for name, reason in held.gaps))
    beside = {kind: {each.data for each in pieces} for kind, pieces in found.items()}
    for _, group in groupby(held.pieces, lambda each: each[0].partition(".")[0]):
        parts = list(group)  # of one quote, or a log
        if all(data in beside.get(kind, ()) for _, kind, data in parts):
            continue
        for name, kind, data in parts:
            if kind is Kind.OTHER:
                why = "a log of network equipment's boot is read, and compared with nothing yet"
                gathering.add(EVIDENCE_PIECE.not_shown(why, name, expected_gap=True))
            else:
                found.setdefault(kind, []).append(Piece(f"answer/{name}", data))
