"""Builds the vectors of signed packages; run it again and nothing changes.

The independent path: Debian's apksigner (31.0.2) signs, rotates and stamps, with keys and certificates that openssl made; what it says of
each package when it verifies them (``apksigner verify``) stands in ``expected.json`` beside what is expected of us. The zip and the
binary manifest are written here. It knows no scheme v3.1: for that, only AOSP's own files (the corpus) confirm the reading. The keys
are for nothing else.
"""

import io
import json
import shutil
import struct
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).resolve().parent
KEYS = HERE / "keys"
SCRATCH = Path(tempfile.mkdtemp())
"""JAR signatures are called after the files of their keys, so that these have names of their own here."""
DATE = (2024, 1, 2, 3, 4, 6)
NONE = 0xFFFFFFFF
MIN_SDK, TARGET_SDK = 0x0101020C, 0x01010270


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def keys() -> None:
    """Make the keys that are not there."""
    KEYS.mkdir(exist_ok=True)
    for name, kind in (("one", "rsa:2048"), ("two", "rsa:2048"), ("stamp", "rsa:2048")):
        pem, certificate = KEYS / f"{name}.pem", KEYS / f"{name}.x509.pem"
        if not pem.exists():
            run("openssl", "req", "-x509", "-newkey", kind, "-nodes", "-keyout", str(pem), "-out", str(certificate),
                "-days", "10000", "-subj", f"/O=trueware vectors/CN={name}")  # fmt: skip


def chunk(kind: int, header: bytes, body: bytes = b"") -> bytes:
    return struct.pack("<HHI", kind, 8 + len(header), 8 + len(header) + len(body)) + header + body


def manifest(least: int, target: int) -> bytes:
    """Return a binary manifest (AOSP ``ResourceTypes.h``) with package name and API levels."""
    strings = ["minSdkVersion", "targetSdkVersion", "package", "manifest", "uses-sdk", "org.example.vector"]
    data, offsets = b"", []
    for text in strings:
        offsets.append(len(data))
        data += struct.pack("<H", len(text)) + text.encode("utf-16-le") + b"\0\0"
    data += bytes(-len(data) % 4)
    pool = chunk(1, struct.pack("<5I", len(strings), 0, 0, 28 + 4 * len(strings), 0), struct.pack(f"<{len(strings)}I", *offsets) + data)
    ids = chunk(0x180, b"", struct.pack("<2I", MIN_SDK, TARGET_SDK))

    def start(name: int, attributes: Iterable[tuple[int, int, int, int]]) -> bytes:
        listed = [struct.pack("<IIIHBBI", NONE, key, raw, 8, 0, kind, value) for key, raw, kind, value in attributes]
        return chunk(0x102, struct.pack("<2I", 1, NONE), struct.pack("<IIHHHHHH", NONE, name, 20, 20, len(listed), 0, 0, 0) + b"".join(listed))

    def end(name: int) -> bytes:
        return chunk(0x103, struct.pack("<2I", 1, NONE), struct.pack("<2I", NONE, name))

    body = pool + ids + start(3, [(2, 5, 3, 5)]) + start(4, [(0, NONE, 0x10, least), (1, NONE, 0x10, target)])
    return chunk(3, b"", body + end(4) + end(3))


def package(least: int, target: int, extra: Iterable[tuple[str, bytes]] = ()) -> bytes:
    """Return an unsigned package."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        members = (("AndroidManifest.xml", manifest(least, target)), ("classes.dex", b"dex\n035\0" + b"code of the app " * 40))
        for name, data in (*members, ("res/raw/text", b"plain text\n" * 9), *extra):
            entry = zipfile.ZipInfo(name, DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return out.getvalue()


def key(name: str) -> tuple[str, ...]:
    """Return the options that name a signer; apksigner takes keys as PKCS#8 DER."""
    der = SCRATCH / f"{name}.pk8"
    run("openssl", "pkcs8", "-topk8", "-nocrypt", "-in", str(KEYS / f"{name}.pem"), "-outform", "DER", "-out", str(der))
    return "--key", str(der), "--cert", str(KEYS / f"{name}.x509.pem")


def sign(data: bytes, *options: str, v: str = "123", signers: Iterable[str] = ("one",), lineage: bool = False) -> tuple[bytes, bytes]:
    """Return the package as apksigner signs it, and the file of scheme v4."""
    with tempfile.TemporaryDirectory() as folder:
        plain, signed = Path(folder, "in.apk"), Path(folder, "out.apk")
        plain.write_bytes(data)
        command = ["apksigner", "sign", "--in", str(plain), "--out", str(signed)]
        for number in "1234":
            command += [f"--v{number}-signing-enabled", "true" if number in v else "false"]
        if lineage:
            path = Path(folder, "lineage")
            run("apksigner", "rotate", "--out", str(path), "--old-signer", *key("one"), "--new-signer", *key("two"))
            command += ["--lineage", str(path)]
        for number, name in enumerate(signers):
            command += ["--next-signer"] * bool(number) + [*key(name)]
        run(*command, *options)
        beside = Path(folder, "out.apk.idsig")
        return signed.read_bytes(), beside.read_bytes() if beside.exists() else b""


def judged(data: bytes, least: int) -> str:
    """Return what apksigner says of a package from an API level on."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.apk")
        path.write_bytes(data)
        command = ("apksigner", "verify", "--min-sdk-version", str(least), str(path))
        return "verifies" if subprocess.run(command, capture_output=True, check=False).returncode == 0 else "does not verify"


Expected = tuple[str, str, str, str]
"""Scheme, outcome, levels (``24-27``, ``28-``), subject of the signer."""


def write(case: str, data: bytes, why: str, expected: Iterable[Expected], apksigner: str = "", excludes: str = "") -> None:
    folder = HERE / case
    folder.mkdir(exist_ok=True)
    (folder / "input.bin").write_bytes(data)
    rows = [{"scheme": s, "outcome": o, "levels": levels, "signer": who} for s, o, levels, who in expected]
    told = {"signatures": rows, "apksigner": apksigner, "excludes": excludes}
    (folder / "expected.json").write_text(json.dumps(told, indent=1) + "\n")
    (folder / "README.md").write_text(why + "\n")


def tar(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def written(members: dict[str, bytes]) -> bytes:
    """Return a zip of members in this order."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name, DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return out.getvalue()


def sections(data: bytes) -> tuple[int, int, int]:
    """Return where signing block, directory and end record begin."""
    end = data.rfind(b"PK\5\6")
    directory = int.from_bytes(data[end + 16 : end + 20], "little")
    if data[directory - 16 : directory] != b"APK Sig Block 42":
        return directory, directory, end
    return directory - int.from_bytes(data[directory - 24 : directory - 16], "little") - 8, directory, end


def with_block(data: bytes, block: bytes) -> bytes:
    """Return the package with another signing block."""
    start, directory, end = sections(data)
    record = bytearray(data[end:])
    record[16:20] = (start + len(block)).to_bytes(4, "little")
    return data[:start] + block + data[directory:end] + bytes(record)


def pairs(data: bytes) -> list[tuple[int, bytes]]:
    start, directory, _ = sections(data)
    at, found = start + 8, []
    while at < directory - 24:
        size = int.from_bytes(data[at : at + 8], "little")
        found.append((int.from_bytes(data[at + 8 : at + 12], "little"), data[at + 12 : at + 8 + size]))
        at += 8 + size
    return found


def block(values: Iterable[tuple[int, bytes]]) -> bytes:
    body = b"".join(struct.pack("<QI", len(value) + 4, id_) + value for id_, value in values)
    size = struct.pack("<Q", len(body) + 24)
    return size + body + size + b"APK Sig Block 42"


def in_front(data: bytes, what: bytes) -> bytes:
    """Return the package with bytes in front, and its offsets moved."""
    _, directory, end = sections(data)
    out = bytearray(what + data)
    at = directory + len(what)
    while out[at : at + 4] == b"PK\1\2":
        offset = int.from_bytes(out[at + 42 : at + 46], "little") + len(what)
        out[at + 42 : at + 46] = offset.to_bytes(4, "little")
        name, extra, comment = struct.unpack_from("<3H", out, at + 28)
        at += 46 + name + extra + comment
    place = end + len(what) + 16
    out[place : place + 4] = (directory + len(what)).to_bytes(4, "little")
    return bytes(out)


def added(data: bytes, name: str, content: bytes) -> bytes:
    """Return the package with a member more, its signing block as it was, if there is one."""
    out = io.BytesIO(data)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(zipfile.ZipInfo(name, DATE), content)
    return out.getvalue()


ONE, TWO = "O=trueware vectors, CN=one", "O=trueware vectors, CN=two"


def genuine() -> None:
    old, _ = sign(package(9, 9), v="1")
    write("v1-old", old, "A JAR signature for Android 2.3 and later: SHA-1.", [("apk-v1", "valid", "9-", ONE)], judged(old, 9))
    newer, _ = sign(package(18, 29), v="1")
    write("v1", newer, "A JAR signature for Android 4.3 and later: SHA-256.", [("apk-v1", "valid", "18-", ONE)], judged(newer, 18))
    all_, _ = sign(package(21, 33))
    write("v1v2v3", all_, "Three schemes, each for the Androids that know no newer one.",
          [("apk-v1", "valid", "21-23", ONE), ("apk-v2", "valid", "24-27", ONE), ("apk-v3", "valid", "28-", ONE)], judged(all_, 21))  # fmt: skip
    alone, _ = sign(package(24, 33), v="2")
    write("v2", alone, "Scheme v2 alone.", [("apk-v2", "valid", "24-", ONE)], judged(alone, 24))
    both, _ = sign(package(21, 29), v="12", signers=("one", "two"))
    write("two-signers", both, "Two signers, in each scheme.",
          [("apk-v1", "valid", "21-23", ONE), ("apk-v1", "valid", "21-23", TWO), ("apk-v2", "valid", "24-", ONE), ("apk-v2", "valid", "24-", TWO)],
          judged(both, 21))  # fmt: skip
    rotated, _ = sign(package(24, 33), v="23", signers=("one", "two"), lineage=True)
    write("rotated", rotated, "A key that was changed: v3 has a proof of rotation from the one of v2.",
          [("apk-v2", "valid", "24-27", ONE), ("apk-v3", "valid", "28-", TWO)], judged(rotated, 24))  # fmt: skip
    tree, _ = sign(package(28, 33), "--verity-enabled", "true", v="3")
    write("tree", tree, "A digest over a hash tree; the signing block is aligned.", [("apk-v3", "valid", "28-", ONE)], judged(tree, 28))
    apk, beside = sign(package(28, 33), v="34")
    found = [("apk-v3", "valid", "28-", ONE), ("apk-v4", "valid", "30-", ONE)]
    write("v4", tar({"x.apk": apk, "x.apk.idsig": beside}), "A package, and the file of scheme v4 beside it.", found)
    other, _ = sign(package(28, 33, [("more", b"more")]), v="3")
    write("v4-other-package", tar({"x.apk": other, "x.apk.idsig": beside}), "A file of scheme v4 beside another package of the same signer.",
          [("apk-v3", "valid", "28-", ONE), ("apk-v4", "broken", "30-", "")])  # fmt: skip
    again, _ = sign(package(28, 33), v="3", signers=("two",))
    write("v4-signed-again", tar({"x.apk": again, "x.apk.idsig": beside}), "The same content signed by another, with the old file of scheme v4.",
          [("apk-v3", "valid", "28-", TWO), ("apk-v4", "broken", "30-", "")])  # fmt: skip
    write("v4-alone", tar({"x.apk.idsig": beside}), "A file of scheme v4 without its package.", [("apk-v4", "not-checkable", "30-", "")])


def stripped() -> None:
    all_, _ = sign(package(21, 33))
    start, directory, _ = sections(all_)
    bare = with_block(all_, b"")
    assert len(bare) == len(all_) - (directory - start)
    write("stripped", bare, "The signing block was taken away; the JAR signature says that there is one.",
          [("apk-v1", "valid", "21-23", ONE), ("apk-v1", "stripped", "24-", "")], judged(bare, 21))  # fmt: skip
    without = with_block(all_, block((id_, value) for id_, value in pairs(all_) if id_ != 0xF05368C0))
    write("stripped-v3", without, "The block of v3 was taken away; that of v2 says that there is one.",
          [("apk-v1", "valid", "21-23", ONE), ("apk-v2", "valid", "24-27", ONE), ("apk-v2", "stripped", "28-", "")], judged(without, 21))  # fmt: skip
    wants, _ = sign(package(21, 30), v="1")
    write("made-for-11", wants, "An app made for Android 11 with a JAR signature alone: Android 11 refuses it.",
          [("apk-v1", "valid", "21-29", ONE), ("apk-v1", "not-checkable", "30-", "")], judged(wants, 21))  # fmt: skip


def altered() -> None:
    old, _ = sign(package(18, 29), v="1")
    janus = in_front(old, b"dex\n035\0" + b"another program " * 8)
    write("janus", janus, "CVE-2017-13156: a program in front of the archive. The reference verifier takes it for genuine.",
          [("apk-v1", "broken", "18-", "")], judged(janus, 18))  # fmt: skip
    weird = bytearray(old)
    for magic, place, name in ((b"PK\3\4", 8, 30), (b"PK\1\2", 10, 46)):
        at = old.index(b"META-INF/ONE.RSA", old.index(magic)) - name
        at = max(at, old.rindex(magic, 0, at + 4))
        weird[at + place : at + place + 2] = b"\x15\0"
    write("method-unknown", bytes(weird), "A member of method 21, which Android takes for deflate, as it does all it does not know.",
          [("apk-v1", "valid", "18-", ONE)], judged(bytes(weird), 18))  # fmt: skip
    more = added(old, "assets/added", b"added")
    write("member-added", more, "A member that nobody signed.", [("apk-v1", "broken", "18-", "")], judged(more, 18))
    beside = added(old, "META-INF/added", b"added")
    write("meta-inf-added", beside, "A file in META-INF that nobody signed: Android does not mind, and it is told.",
          [("apk-v1", "valid", "18-", ONE)], judged(beside, 18), "META-INF/added")  # fmt: skip
    same = added(old, "classes.dey", b"dex\n035\0" + b"code of the app " * 40).replace(b"classes.dey", b"classes.dex")
    write("twice", same, "Two members of one name and one content (CVE-2013-4787 has two contents).",
          [("apk-v1", "not-checkable", "18-", "")], judged(same, 18))  # fmt: skip
    twice = added(old, "classes.dey", b"another").replace(b"classes.dey", b"classes.dex")
    write("twice-differing", twice, "CVE-2013-4787: two members of one name, one of which was signed.", [("apk-v1", "broken", "18-", "")], judged(twice, 18))
    with zipfile.ZipFile(io.BytesIO(sign(package(18, 29), v="1")[0])) as archive:
        members = {each.filename: archive.read(each) for each in archive.infolist()}
    genuine = members["classes.dex"]
    alike = written({"META-INF/../classes.dex": genuine, **members, "classes.dex": genuine.replace(b"code", b"CODE")})
    write("placed-alike", alike, "The signed content under a name in META-INF by which some put it in the place of the changed one, of the same size.",
          [("apk-v1", "broken", "18-", "")], judged(alike, 18))  # fmt: skip
    data, _ = sign(package(24, 33), v="23")
    hidden = with_block(data, block([*pairs(data), (0x12345678, b"a hidden program")]))
    write("hidden", hidden, "Data in the signing block, over which no signature is.",
          [("apk-v2", "valid", "24-27", ONE), ("apk-v3", "valid", "28-", ONE)], judged(hidden, 24), "0x12345678")  # fmt: skip
    mine, _ = sign(package(24, 33), v="23", signers=("two",))
    theirs = with_block(data, block([*pairs(data), *pairs(mine)]))
    write("ids-twice", theirs, "F-Droid issue 1128: a second pair of blocks, by another signer; the first counts.",
          [("apk-v2", "valid", "24-27", ONE), ("apk-v3", "valid", "28-", ONE)], judged(theirs, 24), "second value")  # fmt: skip
    mixed = with_block(data, block([pairs(data)[0], *[each for each in pairs(mine) if each[0] == 0xF05368C0]]))
    write("mixed", mixed, "v2 by one and v3 by another over the same content.",
          [("apk-v2", "valid", "24-27", ONE), ("apk-v3", "not-checkable", "28-", "")], judged(mixed, 24))  # fmt: skip
    tree, _ = sign(package(28, 33), "--verity-enabled", "true", v="3")
    moved = with_block(tree, block([each for each in pairs(tree) if each[0] != 0x42726577]))
    write("tree-not-aligned", moved, "The padding that aligns the block to its hash tree was taken away.", [("apk-v3", "broken", "28-", "")], judged(moved, 28))
    _, _, end = sections(data)
    between = data[:end] + b"between" + data[end:]
    write("between", between, "Bytes between directory and end record: Android finds no signing block.",
          [("apk", "broken", "24-", "")], judged(between, 24))  # fmt: skip


def main() -> None:
    keys()
    genuine()
    stripped()
    altered()
    stamped, _ = sign(package(24, 33), "--stamp-signer", *key("stamp"), v="23")
    found = [("apk-source-stamp", "valid", "", "O=trueware vectors, CN=stamp")]
    found += [("apk-v2", "valid", "24-27", ONE), ("apk-v3", "valid", "28-", ONE)]
    write("stamped", stamped, "A package with a source stamp.", found, judged(stamped, 24))
    alone = with_block(stamped, block(each for each in pairs(stamped) if each[0] == 0x6DFF800D))
    write("stamp-alone", alone, "A source stamp in a package that nobody signed.", [("apk-source-stamp", "not-checkable", "", "")])


if __name__ == "__main__":
    try:
        main()
    finally:
        shutil.rmtree(SCRATCH)
