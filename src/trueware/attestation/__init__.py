"""Live evidence: what devices in service prove of themselves, read and verified. One folder for each type of evidence.

Reading and verifying only: bytes, keys, a nonce and a time in; what was proved out. Whether what was measured is genuine is
appraised by `trueware.appraisal.live`, against the same registry as images are.
"""
