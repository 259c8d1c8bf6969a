"""Verifying a quote: what a TPM says its PCRs hold.

1. The key is an attestation key: restricted, sign, fixedTPM, fixedParent, sensitiveDataOrigin, and not decrypt (Part 1 §31,
   Part 2 §8.3). Where it came without its public area, that is not shown.
2. What is signed begins with TPM_GENERATED: a restricted key signs such bytes only if its TPM made them.
3. It is a quote, and no other attestation. Both steps look at six bytes whose signature is not verified yet, and can only refuse.
4. The signature is by this key, by its scheme, over the bytes as they came.
5. It is laid out as one, to the last byte.
6. extraData is the nonce that was sent; freshness is not shown where none was, or an empty one.
7. It covers at least one PCR.
8. pcrDigest is the digest, by the hash of the signature (Part 3 §18.4), of the values in the order of the selection. Values that the
   selection does not cover are left out, and that is told.
9. A bank is quoted whose hash has no known collisions, and so is the hash of the signature: a matter of policy, told and not refused.

Whether the key is the device's is another question: `binding`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from trueware.attestation.tpm import checks
from trueware.attestation.tpm.algorithms import Type, digest
from trueware.attestation.tpm.attest import GENERATED, Attest, Clock, kind_of, parse_quote, type_name
from trueware.attestation.tpm.pcrs import PcrValues, Selection, joined
from trueware.attestation.tpm.quote_key import QuoteKey
from trueware.attestation.tpm.signature import Signature, parse_signature
from trueware.errors import EvidenceRefused
from trueware.model.check import Check

_WEAK = "sha1"


@dataclass(frozen=True, slots=True)
class Quoted:
    """What a quote proves, under the key that signed it."""

    key_name: bytes
    """TPM name of the attestation key; empty where it came without its public area."""

    values: Mapping[str, Mapping[int, bytes]]
    """The PCRs that were quoted: by bank (hashlib's names) and index."""

    selection: Selection
    clock: Clock
    firmware_version: int
    """As the maker of the TPM counts; of keys outside the endorsement and platform hierarchies it is obfuscated (Part 1 §36)."""

    qualified_signer: bytes
    """Qualified name of the key: nameAlg, and a digest over the names of all its parents."""

    nonce: bytes
    """extraData as signed."""

    checks: tuple[Check, ...]


def verify_quote(
    attest: bytes, signature: bytes | Signature, key: QuoteKey, nonce: bytes | None, pcrs: PcrValues
) -> Quoted:
    """Return what a quote proves.

    Args:
        attest: TPMS_ATTEST, the bytes that were signed.
        signature: TPMT_SIGNATURE, or one that came in another form.
        key: the attestation key.
        nonce: what was sent as the challenge; None: nothing was.
        pcrs: values that were sent beside the quote.

    Raises:
        EvidenceRefused: a step failed; the rule says which.
        MalformedInput: a structure is not laid out as the standard has it.
        UnsupportedInput: a signature by a scheme that is not verified here.
    """
    key.require_attestation_key()  # step 1
    magic, kind = kind_of(attest)
    if magic != GENERATED:  # step 2
        reason = f"it begins with {magic:#010x}, TPM_GENERATED is {GENERATED:#010x}: no TPM made it"
        raise EvidenceRefused(checks.QUOTE_MAGIC.id, reason)
    if kind != Type.QUOTE:  # step 3
        raise EvidenceRefused(checks.QUOTE_TYPE.id, f"an attestation of type {type_name(kind)}, and no QUOTE (0x8018)")
    parsed = parse_signature(signature) if isinstance(signature, bytes) else signature
    key.verify(parsed, attest)  # step 4
    quote = parse_quote(attest)  # step 5
    if nonce is not None and quote.extra_data != nonce:  # step 6
        reason = f"it holds {quote.extra_data.hex() or 'nothing'}, {nonce.hex() or 'nothing'} was sent"
        raise EvidenceRefused(checks.QUOTE_NONCE.id, reason)
    if not any(indices for _, indices in quote.selection):  # step 7
        raise EvidenceRefused(checks.QUOTE_SELECTION.id, "no PCR is selected")
    proved = _proved(quote, parsed.hash, pcrs)  # step 8
    return Quoted(
        key_name=key.name,
        values=proved,
        selection=quote.selection,
        clock=quote.clock,
        firmware_version=quote.firmware_version,
        qualified_signer=quote.qualified_signer,
        nonce=quote.extra_data,
        checks=_told(key, bool(nonce), quote.selection, proved, pcrs, parsed.hash),
    )


def _proved(quote: Attest, hash_name: str, pcrs: PcrValues) -> dict[str, dict[int, bytes]]:
    try:
        proved = pcrs.selected(quote.selection)
    except KeyError as missing:
        bank, index = missing.args
        raise EvidenceRefused(
            checks.QUOTE_PCR_DIGEST.id, f"PCR {index} of {bank} was quoted, and its value was not sent", f"PCR {index}"
        ) from None
    found = digest(hash_name, joined(proved, quote.selection))
    if found != quote.pcr_digest:
        reason = f"the values that were sent digest to {found.hex()}, {quote.pcr_digest.hex() or 'nothing'} is signed"
        raise EvidenceRefused(checks.QUOTE_PCR_DIGEST.id, reason)
    return proved


def _told(
    key: QuoteKey,
    asked: bool,  # noqa: FBT001 (whether a nonce was sent)
    selection: Selection,
    proved: Mapping[str, Mapping[int, bytes]],
    pcrs: PcrValues,
    hash_name: str,
) -> tuple[Check, ...]:
    """Return what was checked; what is the same for most quotes is made once."""
    found = _usual(key.public is not None, asked, selection, hash_name)
    if any(len(values) != len(proved.get(bank, ())) for bank, values in pcrs.banks.items()):
        unproved = [(bank, index) for bank, values in pcrs.banks.items() for index in values]
        names = [f"{index} of {bank}" for bank, index in unproved if index not in proved.get(bank, {})]
        more = checks.QUOTE_VALUES_UNPROVED.not_shown(f"the quote does not cover PCR {', '.join(names)}")
        found = (*found, more)
    return found


@lru_cache(maxsize=256)
def _usual(whole: bool, asked: bool, selection: Selection, hash_name: str) -> tuple[Check, ...]:  # noqa: FBT001 (as above)
    found = [
        checks.ATTESTATION_KEY_ATTRIBUTES.supports("restricted, sign, fixedTPM, fixedParent, sensitiveDataOrigin")
        if whole
        else checks.ATTESTATION_KEY_ATTRIBUTES.not_shown(
            "the key came without its public area (TPM2B_PUBLIC), which says whether it is restricted to its TPM"
        ),
        checks.QUOTE_SIGNATURE.supports("the signature is by the attestation key"),
        checks.QUOTE_NONCE.supports("it holds the nonce that was sent")
        if asked
        else checks.QUOTE_NONCE.not_shown("no nonce was sent, so the quote may be an old one; ask again with one"),
        checks.QUOTE_PCR_DIGEST.supports(
            "; ".join(f"{bank}: PCR {_ranges(indices)}" for bank, indices in selection if indices)
        ),
    ]
    strong = dict.fromkeys(bank for bank, indices in selection if indices and bank != _WEAK)
    if strong:
        found.append(checks.QUOTE_BANK_WEAK.supports(f"quoted: {', '.join(strong)}"))
    else:
        found.append(checks.QUOTE_BANK_WEAK.contradicts("only the SHA-1 bank is quoted", source="NIST SP 800-131A"))
    if hash_name == _WEAK:
        found.append(checks.QUOTE_HASH_WEAK.contradicts("the quote is signed with SHA-1", source="NIST SP 800-131A"))
    return tuple(found)


def _ranges(indices: tuple[int, ...]) -> str:
    """Return indices for people: ``0-9, 12``."""
    starts = [index for index in indices if index - 1 not in indices]
    ends = [index for index in indices if index + 1 not in indices]
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=True))
