"""Names and CBOR keys of the claims of attestation results, all versions.

Names with an underscore came with -03 (March 2026); before, they had dots and hyphens: ``ear.status``,
``ear.trustworthiness-vector``, ``ear.appraisal-policy-id`` (one, not a list), ``ear.verifier-id``, ``ear.raw-evidence``. What -04
calls the claims of attester and verifier was an extension of Veraison's before (annotated evidence, policy claims; -70000 and -70001
in CBOR). Keys from 1000 on are "suggested" by the draft (§9.1), not assigned.
"""

MAX_BYTES = 16 << 20
"""Of one result, with its evidence."""

MAX_VALUES = 50_000
"""Of its claims, all in all."""

MAX_DEPTH = 24
"""Of claims in claims."""

KEYS = {
    "iss": 1,
    "sub": 2,
    "aud": 3,
    "exp": 4,
    "nbf": 5,
    "iat": 6,
    "eat_nonce": 10,
    "eat_profile": 265,
    "submods": 266,
    "ear_status": 1000,
    "ear_trustworthiness_vector": 1001,
    "ear_raw_evidence": 1002,
    "ear_appraisal_policy_ids": 1003,
    "ear_verifier_id": 1004,
    "ear_attester_claims": 1005,
    "ear_verifier_claims": 1006,
    "ear_device_topology": 1007,
}
NAMES = {number: name for name, number in KEYS.items()} | {
    -70000: "ear_attester_claims",
    -70001: "ear_verifier_claims",
}
OLDER = {
    "ear.status": "ear_status",
    "ear.trustworthiness-vector": "ear_trustworthiness_vector",
    "ear.raw-evidence": "ear_raw_evidence",
    "ear.appraisal-policy-id": "ear_appraisal_policy_ids",
    "ear.appraisal-policy-ids": "ear_appraisal_policy_ids",
    "ear.verifier-id": "ear_verifier_id",
    "ear.veraison.annotated-evidence": "ear_attester_claims",
    "ear.veraison.policy-claims": "ear_verifier_claims",
    "ear_veraison_annotated_evidence": "ear_attester_claims",
    "ear_veraison_policy_claims": "ear_verifier_claims",
}
VERIFIER_KEYS = {"developer": 0, "build": 1}
