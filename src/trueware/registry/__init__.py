"""The registry: which releases are genuine, and who says so. Use cases, one a file, over the port in `ports.py`.

A release is stored under the digest of its payload (`payload.py`), with the publisher's signed statement over it
(`statement.py`) and its manifest, the whole measured tree (`manifest_codec.py`). Whoever looks something up goes through
`lookup.Registry`, which proves what it hands out (`proof.py`): the store and its bytes are not trusted.
"""
