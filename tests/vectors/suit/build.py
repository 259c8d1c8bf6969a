"""Builds the vectors of SUIT envelopes: two examples of the drafts as printed there, and changed ones; run it again and nothing changes.

Sources: draft-ietf-suit-manifest-27 appendix B.1 (put together from its diagnostic notation), draft-ietf-teep-protocol, appendix "SUIT
Manifest including the Trusted Component Binary" (from its hexadecimal form, with the tag put in front, which it leaves out).
"""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write


def data(value: bytes) -> bytes:
    return (pack(">BB", 0x58, len(value)) if len(value) >= 24 else bytes([0x40 + len(value)])) + value


PARAMETERS = (
    "a40150fa6b4a53d5ad5fdfbe9de663e4d41ffe02501492af1425695e48bf429b2d51f2ab45035824822f5820"
    "00112233445566778899aabbccddeeff0123456789abcdeffedcba98765432100e1987d0"
)
COMMON = bytes.fromhex("a2028181410004") + data(bytes.fromhex("8614" + PARAMETERS + "010f020f"))
MANIFEST = bytes.fromhex("a50101020003") + data(COMMON) + bytes.fromhex("074382030f0943821702")
DIGEST = bytes.fromhex("822f58206658ea560262696dd1f13b782239a064da7c6c5cbaf52fded428a6fc83c7e5af")
SIGNATURE = bytes.fromhex(
    "8679a7bde316a9c8a7dd701f3f153f011368749fce6c12e4e2c9f704d3bd104f"
    "b77559d2d9723ac9ce550dc69e7bf8cc3a1a460dc6f2b851780bd23cf6669c29"
)
AUTHENTICATION = b"\x82" + data(DIGEST) + data(b"\xd2\x84\x43\xa1\x01\x28\xa0\xf6" + data(SIGNATURE))
BOOT = b"\xd8\x6b\xa2\x02" + data(AUTHENTICATION) + b"\x03" + data(MANIFEST)
INTEGRATED = b"\xd8\x6b" + bytes.fromhex(
    "A3025873825824822F5820526A85341DE35AFA4FAF9EDDDA40164525077D"
    "C45DFBE25785B9FF40683EE881584AD28443A10126A0F658404B57A8102D"
    "0D86B83BA0368E118917D87DBF7815DC31B19DEB7E154F3D191A1434ADFA"
    "E27D5AED39C07A2A4B2A0D78031E73B23D679507C4953DD9E00CA7E54103"
    "58CEA601010203035884A20281844B544545502D44657669636548536563"
    "7572654653508D82573A926D4754935332DC29997F744274610458548614"
    "A40150C0DDD5F15243566087DB4F5B0AA26C2F0250DB42F7093D8C55BAA8"
    "C5265FC5820F4E035824822F58208CF71AC86AF31BE184EC7A05A411A8C3"
    "A14FD9B77A30D046397481469468ECE80E14010F020F05844B544545502D"
    "446576696365485365637572654653508D82573A926D4754935332DC2999"
    "7F744473756974114C8614A11563237463150F030F1818448218210F6323"
    "74635448656C6C6F2C2053656375726520576F726C6421"
)
PAYLOAD = b"Hello, Secure World!"

if __name__ == "__main__":
    parts = {"authentication": region(AUTHENTICATION), "manifest": region(MANIFEST)}
    write("boot", BOOT, "Example 0 of the draft: secure boot.", parts=parts, facts={"order": "2+3"})
    at = INTEGRATED.index(b"\x03\x58\xce\xa6")
    write(
        "integrated",
        INTEGRATED,
        "With a payload put along, as in the draft of TEEP.",
        parts={
            "authentication": region(INTEGRATED[6 : 6 + 0x73]),
            "manifest": region(INTEGRATED[at + 3 : at + 3 + 0xCE]),
            "payload-2": region(PAYLOAD),
        },
        facts={"order": "2+3+payload-2", "payload-2": "#tc"},
    )
    write("longer-head", patched(BOOT, 4, b"\x59\x00\x73" + AUTHENTICATION), "A length that could be shorter.", findings=["malformed"])
    write("cut", BOOT[:-1], "A manifest that is cut.", findings=["malformed"])
