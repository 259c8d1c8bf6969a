"""Entity attestation tokens (RFC 9711) and their profiles: PSA (RFC 9783), CCA (draft-ffm-rats-cca-token)."""
