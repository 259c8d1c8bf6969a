"""What is checked of evidence by a TPM 2.0. The ids are on the wire and never change."""

from trueware.model.check import Aspect, CheckRule, Distrust

ATTESTATION_KEY_ATTRIBUTES = CheckRule(
    "attestation-key-attributes",
    Aspect.EVIDENCE,
    "the key signs nothing but what its TPM made: restricted, signing, never outside this TPM",
    contradicted=99,
    supported=0,
    help="A key that is not restricted signs any bytes, also a quote that its owner wrote. Make an attestation key with the "
    "attributes fixedTPM, fixedParent, sensitiveDataOrigin, restricted and sign, without decrypt (tpm2_createak does).",
    needed=True,
)
QUOTE_SIGNATURE = CheckRule(
    "quote-signature",
    Aspect.EVIDENCE,
    "the quote is signed by the attestation key",
    contradicted=99,
    supported=0,
    help="The quote was changed after it was signed, or another key signed it.",
    distrust=Distrust.SIGNATURE,
)
QUOTE_MAGIC = CheckRule(
    "quote-magic",
    Aspect.EVIDENCE,
    "the signed structure was made by a TPM",
    contradicted=99,
    supported=0,
    help="It does not begin with TPM_GENERATED, which a TPM puts before all that it makes itself: the bytes came from outside.",
)
QUOTE_TYPE = CheckRule(
    "quote-type",
    Aspect.EVIDENCE,
    "the signed structure is a quote",
    contradicted=99,
    supported=0,
    help="A TPM attests to other things too, the time or another key; none of them says what the PCRs hold.",
)
QUOTE_NONCE = CheckRule(
    "quote-nonce",
    Aspect.EVIDENCE,
    "the quote holds the nonce that was sent",
    contradicted=99,
    supported=0,
    help="Contradicted: it answers another challenge, an old one perhaps. Not shown: no challenge was sent; ask again with one.",
    distrust=Distrust.NONCE,
    needed=True,
)
QUOTE_PCR_DIGEST = CheckRule(
    "quote-pcr-digest",
    Aspect.EVIDENCE,
    "the values of the PCRs are those that the TPM signed",
    contradicted=99,
    supported=0,
    help="The values beside the quote were changed, or are those of another moment. Take both in one go (tpm2_quote --pcr).",
    distrust=Distrust.PCRS,
)
QUOTE_SELECTION = CheckRule(
    "quote-selection",
    Aspect.EVIDENCE,
    "the quote covers PCRs",
    contradicted=99,
    supported=0,
    help="A quote of no PCR says that the TPM is there, and nothing of what the device runs.",
)
QUOTE_VALUES_UNPROVED = CheckRule(
    "quote-values-unproved",
    Aspect.BOOT,
    "every value that was sent is covered by the quote",
    supported=0,
    help="Values of PCRs that the quote does not cover are anybody's word; they are left out.",
)
QUOTE_BANK_WEAK = CheckRule(
    "quote-bank-weak",
    Aspect.BOOT,
    "a bank of PCRs is quoted whose hash has no known collisions",
    contradicted=33,
    supported=0,
    help="Only the SHA-1 bank is quoted: two different measurements can be made that extend it to the same value. Quote the "
    "SHA-256 bank; where the TPM has none switched on, its firmware may have a setting for it.",
    distrust=Distrust.POLICY,
)
QUOTE_HASH_WEAK = CheckRule(
    "quote-hash-weak",
    Aspect.BOOT,
    "the quote is signed with a hash that has no known collisions",
    contradicted=33,
    supported=0,
    help="The attestation key signs with SHA-1. Make one that signs with SHA-256.",
    distrust=Distrust.POLICY,
)
ATTESTATION_KEY_BOUND = CheckRule(
    "attestation-key-bound",
    Aspect.IDENTITY,
    "the attestation key is that of the device",
    contradicted=97,
    help="A key is bound to a device by enrolment, its name kept with the device's; a certificate of the endorsement key shows "
    "which TPM it is only after a credential made for both keys was activated (TPM2_MakeCredential, TPM2_ActivateCredential).",
    distrust=Distrust.SIGNATURE,
    needed=True,
)
ATTESTATION_KEY_CERTIFIED = CheckRule(
    "attestation-key-certified",
    Aspect.IDENTITY,
    "an authority that is trusted certifies the attestation key",
    contradicted=97,
    help="Add the maker's root to the endorsement roots if you trust it to certify attestation keys alone as such.",
    distrust=Distrust.SIGNATURE,
)
ATTESTATION_KEY_PARENT = CheckRule(
    "attestation-key-parent",
    Aspect.HARDWARE,
    "the attestation key is in the TPM of the endorsement key",
    contradicted=97,
    supported=0,
    help="Make the attestation key below the endorsement key (tpm2_createak does), or activate a credential for both.",
)
CREDENTIAL_ACTIVATION = CheckRule(
    "credential-activation",
    Aspect.EVIDENCE,
    "the secret came back that only the TPM with both keys can read",
    contradicted=99,
    supported=0,
    help="The attestation key is not in the TPM of the endorsement key, or the answer is to another credential.",
    distrust=Distrust.SIGNATURE,
)
ENDORSEMENT_KEY_ATTRIBUTES = CheckRule(
    "endorsement-key-attributes",
    Aspect.EVIDENCE,
    "the endorsement key opens credentials and nothing else: restricted, decrypting, never outside this TPM",
    contradicted=99,
    supported=0,
    help="Use an endorsement key by one of the TCG's templates (tpm2_createek does).",
)
ENDORSEMENT_CHAIN = CheckRule(
    "endorsement-chain",
    Aspect.HARDWARE,
    "the endorsement key is certified by an authority that is trusted for TPMs",
    contradicted=97,
    help="Add the TPM maker's root and intermediate certificates to the endorsement roots if you trust it.",
)
ENDORSEMENT_CERTIFICATE = CheckRule(
    "endorsement-certificate",
    Aspect.HARDWARE,
    "the certificate of the endorsement key is one: its use, and which TPM it is of",
    contradicted=97,
    supported=0,
    help="TCG EK Credential Profile: extended key usage 2.23.133.8.1, subject alternative name with the TPM's manufacturer, model "
    "and version.",
)
ENDORSEMENT_KEY = CheckRule(
    "endorsement-key",
    Aspect.HARDWARE,
    "the certificate is of the endorsement key that the device showed",
    contradicted=97,
    supported=0,
    help="The certificate belongs to another TPM.",
)
ENDORSEMENT_VALIDITY = CheckRule(
    "endorsement-validity",
    Aspect.HARDWARE,
    "the certificates of the endorsement key are valid today",
    contradicted=32,
    supported=0,
    help="Authorities of TPM factories expire before the TPMs that they certified; what they certified while they were valid is "
    "taken, and told here.",
)
ENDORSEMENT_LENIENCY = CheckRule(
    "endorsement-leniency",
    Aspect.HARDWARE,
    "the certificate of the endorsement key keeps to its profile",
    contradicted=32,
    supported=0,
    help="TPMs keep the certificate that their factory gave them; departures that are known of genuine ones are taken, and told.",
)
PLATFORM_CERTIFICATE = CheckRule(
    "platform-certificate",
    Aspect.IDENTITY,
    "the maker of the device certifies that this TPM is in it",
    contradicted=97,
    help="Not shown where the authority of the platform's maker is not among the roots.",
)
CLOCK_CONTINUITY = CheckRule(
    "clock-continuity",
    Aspect.IDENTITY,
    "clock and counters of the TPM went on from where they stood before",
    contradicted=97,
    supported=0,
    help="Contradicted: an older quote is shown as a newer one, or the TPM was cleared or is another; enrol the device again if "
    "its owner cleared it.",
    distrust=Distrust.TIME,
)

RULES = (
    ATTESTATION_KEY_ATTRIBUTES,
    QUOTE_SIGNATURE,
    QUOTE_MAGIC,
    QUOTE_TYPE,
    QUOTE_NONCE,
    QUOTE_PCR_DIGEST,
    QUOTE_SELECTION,
    QUOTE_VALUES_UNPROVED,
    QUOTE_BANK_WEAK,
    QUOTE_HASH_WEAK,
    ATTESTATION_KEY_BOUND,
    ATTESTATION_KEY_CERTIFIED,
    ATTESTATION_KEY_PARENT,
    CREDENTIAL_ACTIVATION,
    ENDORSEMENT_KEY_ATTRIBUTES,
    ENDORSEMENT_CHAIN,
    ENDORSEMENT_CERTIFICATE,
    ENDORSEMENT_KEY,
    ENDORSEMENT_VALIDITY,
    ENDORSEMENT_LENIENCY,
    PLATFORM_CERTIFICATE,
    CLOCK_CONTINUITY,
)
