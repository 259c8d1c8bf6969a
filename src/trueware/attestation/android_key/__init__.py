"""Android key attestation: what a phone's secure hardware says of a key, and so of the phone that has it."""
