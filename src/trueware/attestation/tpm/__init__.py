"""TPM 2.0, the verifier's side: quotes, the keys that sign them, and how a key is bound to a TPM and a TPM to a device.

`public`, `attest`, `signature` and `pcrs` read structures; `quote` verifies; `binding`, `endorsement` and `credential` say whose key
it is, `identity` all of it at once; `clock` compares two quotes; `senders` reads the forms in which agents send all of it.
"""
