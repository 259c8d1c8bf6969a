"""Challenge and answer as network devices speak them: the RPCs of RFC 9684 in JSON (RESTCONF) and XML (NETCONF, RESTCONF).

Module ``ietf-tpm-remote-attestation@2024-12-05``. What a device answers becomes the bytes that tools of TPMs write, so that one
appraiser reads both; what it is asked is written here. No published vector confirms the exact bytes of any device's answer.
"""
