"""COSE_Sign1 as the registry and its log use it, and the deterministic CBOR it is made of. Bytes and keys in, values out."""
