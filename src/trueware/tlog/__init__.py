"""Transparency-log arithmetic: leaves, tiles, proofs, signed notes, checkpoints, cosignatures, receipts. Bytes in, values out."""
