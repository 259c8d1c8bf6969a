"""The old name of `trueware.cose.cbor`, until what still imports it is landed."""

from trueware.cose.cbor import decode, encode, pack_text, unpack_text

__all__ = ["decode", "encode", "pack_text", "unpack_text"]
