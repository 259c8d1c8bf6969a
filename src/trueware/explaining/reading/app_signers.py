"""Who signed an Android package, as its own files say it: certificates in ``META-INF`` and in the signing block, not verified.

The signing block stands between files and directory of the archive (all little-endian): length, pairs of length, id and value, the
length again, ``APK Sig Block 42``. Sources: source.android.com "APK Signature Scheme v2", "v3"; RFC 5652 §5.
"""

from struct import Struct

from trueware.errors import MalformedInput
from trueware.signatures.apk.prefixed import Prefixed
from trueware.signatures.apk.signers import NAMES
from trueware.signatures.certificate import Certificate
from trueware.signatures.cms import read_signed_data
from trueware.signatures.refusal import Refusal

_END, _MAGIC = Struct("<Q16s"), b"APK Sig Block 42"
_MOST_PAIRS, _MOST_SIGNERS = 64, 10


def read_jar_signers(encoded: bytes) -> tuple[Certificate, ...]:
    """Return the certificates of the signers of a ``META-INF`` signature.

    Raises:
        MalformedInput: it is none.
    """
    try:
        signed = read_signed_data(encoded)
        found = [signed.certificate_of(each) for each in signed.signers]
    except Refusal as refusal:
        raise MalformedInput("jar-signature", 0, refusal.detail) from refusal
    return tuple(each for each in found if each is not None)


def read_pairs(block: bytes) -> dict[int, bytes]:
    """Return the values in a signing block by id; of several with one id the first, as the platform takes it.

    Raises:
        MalformedInput: it is none.
    """
    if len(block) < 8 + _END.size:
        raise MalformedInput("apk-signing-block", 0, "cut short")
    size, magic = _END.unpack_from(block, len(block) - _END.size)
    if magic != _MAGIC or size != len(block) - 8:
        raise MalformedInput("apk-signing-block", len(block) - _END.size, "no signing block ends here")
    values: dict[int, bytes] = {}
    pairs = Prefixed(block[8 : -_END.size], "the signing block")
    try:
        while len(pairs):
            if len(values) > _MOST_PAIRS:
                raise MalformedInput("apk-signing-block", 0, f"more than {_MOST_PAIRS} values")
            value = Prefixed(pairs.take(pairs.u64()), "a value of the signing block")
            values.setdefault(value.u32(), value.rest())
    except Refusal as refusal:
        raise MalformedInput("apk-signing-block", 0, refusal.detail) from refusal
    return values


def read_block_signers(values: dict[int, bytes]) -> tuple[Certificate, ...]:
    """Return the certificates of the signers in a signing block, each once.

    Raises:
        MalformedInput: a scheme's value is malformed.
    """
    found: dict[str, Certificate] = {}
    try:
        for scheme in NAMES:
            if scheme not in values:
                continue
            for number, signer in enumerate(Prefixed(values[scheme], NAMES[scheme]).within().each()):
                if number == _MOST_SIGNERS:
                    raise MalformedInput("apk-signing-block", 0, f"more than {_MOST_SIGNERS} signers")
                signed = signer.within()
                signed.value()  # digests
                first = next(signed.within().each(), None)
                if first is not None:
                    certificate = Certificate.parse(first.rest())
                    found.setdefault(certificate.id, certificate)
    except Refusal as refusal:
        raise MalformedInput("apk-signing-block", 0, refusal.detail) from refusal
    return tuple(found.values())
