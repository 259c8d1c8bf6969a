"""Builds the vectors of signed vbmeta structures; run it again and nothing changes.

The independent path: openssl signs (``openssl dgst -sign``), veritysetup (cryptsetup) makes the hash trees, img2simg (Debian's
android-sdk-libsparse-utils) the sparse image, lz4 the compressed one. The layout of the structure is written from AOSP's headers by
``tests/vectors/avb.py``; real images confirm it. The keys are for nothing else.
"""

import hashlib
import json
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from avb import chain, command_line, footer, hash_, padded, property_
from avb import descriptor as described

from tree import noise

HERE = Path(__file__).resolve().parent
SALT = noise(32, "salt")
ALGORITHMS = {1: ("sha256", 2048), 2: ("sha256", 4096), 3: ("sha256", 8192), 4: ("sha512", 2048), 6: ("sha512", 8192)}


def run(*command: str, data: bytes = b"") -> bytes:
    return subprocess.run(command, input=data, check=True, capture_output=True).stdout


def key(name: str) -> bytes:
    """Return a public key as AvbRSAPublicKeyHeader has it."""
    told = run("openssl", "rsa", "-in", str(HERE / f"keys/{name}.pem"), "-noout", "-modulus")
    modulus = int(told.partition(b"=")[2], 16)
    bits = modulus.bit_length()
    inverse = -pow(modulus, -1, 1 << 32) % (1 << 32)
    return struct.pack(">II", bits, inverse) + modulus.to_bytes(bits // 8, "big") + pow(2, 2 * bits, modulus).to_bytes(bits // 8, "big")


def vbmeta(
    descriptors: Iterable[bytes] = (),
    *,
    algorithm: int = 1,
    signer: str | None = None,
    flags: int = 0,
    rollback: tuple[int, int] = (0, 0),
    blob: bytes | None = None,
    slack: bytes = b"",
) -> bytes:
    """Return a signed structure as avbtool lays it out."""
    digest, bits = ALGORITHMS.get(algorithm, ("", 0))
    name = signer or f"rsa{bits}"
    listed = b"".join(descriptors)
    public = (blob or key(name)) if algorithm else b""
    hashed, signed = (hashlib.new(digest).digest_size, bits // 8) if algorithm else (0, 0)
    auxiliary = padded(listed + public, 64)
    places = (0, hashed, hashed, signed, len(listed), len(public), len(listed) + len(public), 0, 0, len(listed))
    authentication = -(-(hashed + signed) // 64) * 64
    head = struct.pack(">4sIIQQI", b"AVB0", 1, 0, authentication, len(auxiliary), algorithm)
    head += struct.pack(">10QQII48s80x", *places, rollback[0], flags, rollback[1], b"avbtool 1.3.0")
    if not algorithm:
        return head + auxiliary
    block = hashlib.new(digest, head + auxiliary).digest()
    block += run("openssl", "dgst", f"-{digest}", "-sign", str(HERE / f"keys/{name}.pem"), data=head + auxiliary)
    return head + padded(block + slack, 64) + auxiliary


def tree(image: bytes) -> tuple[bytes, bytes, bytes]:
    """Return hash tree, root and error correction that veritysetup makes."""
    with tempfile.TemporaryDirectory() as folder:
        data, out, fec = Path(folder, "data"), Path(folder, "tree"), Path(folder, "fec")
        data.write_bytes(image)
        out.touch()
        fec.touch()
        options = ("--no-superblock", "--salt", SALT.hex(), "--fec-device", str(fec), "--fec-roots", "2")
        told = run("veritysetup", "format", *options, str(data), str(out)).decode()
        root = next(line.split()[-1] for line in told.splitlines() if line.startswith("Root hash"))
        return out.read_bytes(), bytes.fromhex(root), fec.read_bytes()


def hash_tree(partition: bytes, image: bytes, root: bytes, size: int, fec: tuple[int, int] = (0, 0)) -> bytes:
    head = struct.pack(">IQQQIIIQQ", 1, len(image), len(image), size, 4096, 4096, 2, *fec)
    head += struct.pack(">32sIIII60x", b"sha256", len(partition), len(SALT), len(root), 0)
    return described(1, head + partition + SALT + root)


def with_footer(image: bytes, structure: bytes, *more: bytes, size: int = 32768) -> bytes:
    body = padded(image + b"".join(more), 4096)
    end = footer(len(image), len(body), len(structure))
    return (body + structure).ljust(size - len(end), b"\0") + end


def boot(kernel: bytes, ramdisk: bytes, signature: int = 0) -> bytes:
    """Return a boot image of version 4 up to its signature."""
    head = struct.pack("<8sIIII16sI1536sI", b"ANDROID!", len(kernel), len(ramdisk), 0, 1584, bytes(16), 4, b"", signature)
    return b"".join(padded(part, 4096) for part in (head, kernel, ramdisk))


def zipped(files: dict[str, bytes]) -> bytes:
    with tempfile.NamedTemporaryFile() as out:
        with zipfile.ZipFile(out, "w") as archive:
            for name, data in files.items():
                archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
        return Path(out.name).read_bytes()


def partitioned(parts: dict[str, bytes]) -> bytes:
    """Return a disk with a GPT by sfdisk, one partition for each image."""
    at, script = 64, ["label: gpt", "label-id: 11111111-2222-3333-4444-555555555555", "first-lba: 34"]
    places = []
    for number, (name, data) in enumerate(parts.items()):
        sectors = -(-len(data) // 512)
        places.append((at * 512, data))
        uuid = f"00000000-0000-4000-8000-{number:012x}"
        script.append(f'start={at}, size={sectors}, type=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7, uuid={uuid}, name="{name}"')
        at += sectors
    with tempfile.NamedTemporaryFile() as disk:
        disk.truncate((at + 64) * 512)
        run("sfdisk", "--quiet", "--no-tell-kernel", disk.name, data="\n".join(script).encode() + b"\n")
        image = bytearray(Path(disk.name).read_bytes())
    for start, data in places:
        image[start : start + len(data)] = data
    return bytes(image)


def logical(parts: dict[str, bytes]) -> bytes:
    """Return a super partition with one slot of metadata (AOSP liblp/metadata_format.h), one partition for each image."""

    def sealed(data: bytes, at: int) -> bytes:
        return data[:at] + hashlib.sha256(data[:at] + bytes(32) + data[at + 32 :]).digest() + data[at + 32 :]

    start, at = 28672, 28672
    partitions = extents = b""
    for number, (name, data) in enumerate(parts.items()):
        partitions += struct.pack("<36sIIII", name.encode(), 1, number, 1, 0)
        extents += struct.pack("<QIQI", len(data) // 512, 0, at // 512, 0)
        at += len(data)
    group = struct.pack("<36sIQ", b"default", 0, 0)
    device = struct.pack("<QIIQ36sI", start // 512, 4096, 0, at, b"super", 0)
    tables, descriptors = b"", b""
    for rows, size in ((partitions, 52), (extents, 24), (group, 48), (device, 64)):
        descriptors += struct.pack("<III", len(tables), len(rows) // size, size)
        tables += rows
    head = struct.pack("<4sHHI32xI32s", b"0PLA", 10, 0, 128, len(tables), hashlib.sha256(tables).digest()) + descriptors
    metadata = (sealed(head, 12) + tables).ljust(4096, b"\0")
    geometry = sealed(struct.pack("<II32xIII", 0x616C4467, 52, 4096, 1, 512), 8).ljust(4096, b"\0")
    return (bytes(4096) + 2 * geometry + 2 * metadata).ljust(start, b"\0") + b"".join(parts.values())


def converted(tool: str, data: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder, "before"), Path(folder, "after")
        before.write_bytes(data)
        run(tool, str(before), str(after))
        return after.read_bytes()


def write(case: str, data: bytes, why: str, *expected: dict[str, object]) -> None:
    folder = HERE / case
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "input.bin").write_bytes(data)
    (folder / "expected.json").write_text(json.dumps(expected, indent=1, sort_keys=True) + "\n")
    (folder / "README.md").write_text(why + "\n")


def found(outcome: str, part: str = "", *, by: str | None = "rsa2048", scheme: str = "avb", **more: object) -> dict[str, object]:
    """Return what is expected of a signature; its key as avbtool names it."""
    signer = by and hashlib.sha1(key(by), usedforsecurity=False).hexdigest()
    return {"scheme": scheme, "part": part, "outcome": outcome, "signer": signer, **more}


def patched(data: bytes, at: int, patch: bytes) -> bytes:
    return data[:at] + patch + data[at + len(patch) :]


# --- a structure by itself ---------------------------------------------------------------------------------------------------------

PLAIN = [property_(b"com.android.build.boot.os_version", b"13"), command_line(b"root=/dev/dm-0", 1)]
for number, (digest, bits) in ALGORITHMS.items():
    signed = vbmeta(PLAIN, algorithm=number, rollback=(7, 2))
    write(f"{digest}-rsa{bits}", signed, f"Signed by openssl with a key of {bits} bits.", found("valid", by=f"rsa{bits}", whole=True))
SIGNED = vbmeta(PLAIN)
write(
    "flags-of-the-publisher", vbmeta(PLAIN, flags=3), "Verification is off, and the publisher signed that it is.",
    found("valid", whole=True, statements={"flags": "hashtree-disabled verification-disabled"}),
)  # fmt: skip
write("flags-set", patched(SIGNED, 123, b"\3"), "Flags set in a signed image, as tools that unlock do.", found("broken", detail="signed with no flags"))
write("property-changed", SIGNED.replace(b"\x0013\0", b"\x0012\0"), "A property was changed.", found("broken", detail="changed after"))
at = SIGNED.index(b"\x0013\0")
changed = patched(SIGNED, at, b"\x0012\0")
own = hashlib.sha256(changed[:256] + changed[576:]).digest()
write("hash-made-anew", patched(changed, 256, own), "Changed, with a hash that fits and the old signature.", found("broken", by=None, detail="made anew"))
write("hash-changed", patched(SIGNED, 256, bytes(32)), "The signature fits and the stated hash does not: devices refuse it.", found("broken", detail="states"))
write("unsigned", vbmeta(PLAIN, algorithm=0, flags=2), "As avbtool writes without a key.", found("not-checkable", by=None, statements={"flags": "verification-disabled"}))
write("key-of-another-size", vbmeta(PLAIN, blob=key("rsa4096")), "A key of 4096 bits under an algorithm of 2048.", found("not-checkable", by=None))
BLOB = key("rsa2048")
write("inverse-of-another-key", vbmeta(PLAIN, blob=patched(BLOB, 4, b"abcd")), "A device would compute with the wrong number.", found("not-checkable", by=None))
write("square-of-another-key", vbmeta(PLAIN, blob=patched(BLOB, 264, b"abcd")), "A device would compute with the wrong number.", found("not-checkable", by=None))
write("slack", vbmeta(PLAIN, slack=b"hidden here"), "Bytes that are not signed behind the signature.", found("valid", whole=False))
write("behind", padded(SIGNED, 4096)[:-4] + b"more", "Bytes behind the structure.", found("valid", whole=False))
sums = struct.pack("<4sI32s8xQ448x", b"DHTB", 1, hashlib.sha256(SIGNED).digest(), len(SIGNED)).ljust(512, b"\0")
write("dhtb", sums + SIGNED, "In UNISOC's wrapper.", found("valid", "image", whole=True))
write("lz4", run("lz4", "-9", "-c", data=padded(SIGNED, 8192)), "Compressed by lz4, as Samsung does.", found("valid", "data", whole=True))

# --- a device ----------------------------------------------------------------------------------------------------------------------

SYSTEM = b"".join(padded(noise(200, f"system {number}"), 4096) for number in range(5))
BOOT, DTBO = noise(5000, "boot"), noise(3000, "dtbo")
TREE, ROOT, FEC = tree(SYSTEM)
DESCRIPTORS = [hash_(b"boot", BOOT, SALT), hash_(b"dtbo", DTBO, SALT), hash_(b"vendor_boot", b"elsewhere", SALT)]
SYSTEM_DESCRIPTOR = hash_tree(b"system", SYSTEM, ROOT, len(TREE), (len(SYSTEM + TREE), len(FEC)))
CHAINED = vbmeta([SYSTEM_DESCRIPTOR], signer="other2048")
MAIN = vbmeta([*DESCRIPTORS, chain(b"vbmeta_system", 1, key("other2048"))])
DEVICE = {
    "vbmeta.img": padded(MAIN, 4096),
    "vbmeta_system.img": padded(CHAINED, 4096),
    "boot.img": with_footer(BOOT, vbmeta([DESCRIPTORS[0]], algorithm=0)),
    "dtbo.img": DTBO,
    "system.img": with_footer(SYSTEM, vbmeta([SYSTEM_DESCRIPTOR], algorithm=0), TREE, FEC, size=65536),
}
SYSTEM_PATHS = [f"system.img!/{part}" for part in ("fec", "hashtree", "image", "vbmeta")]
SYSTEM_FOUND = found("valid", "vbmeta_system.img", by="other2048", whole=True, paths=SYSTEM_PATHS)
MAIN_FOUND = found(
    "valid", "vbmeta.img", whole=True, paths=["boot.img!/image", "boot.img!/vbmeta", "dtbo.img"],
    excludes=["partitions that are not there: vendor_boot"],
)  # fmt: skip
write("device", zipped(DEVICE), "Images of a device: hashes, a hash tree by a chained structure, one that is not there.", MAIN_FOUND, SYSTEM_FOUND)
write(
    "device-slots",
    zipped({name.replace(".img", "_b"): data for name, data in DEVICE.items()} | {"boot_a": noise(500, "old")}),
    "A dump of one slot; the other slot's boot image is none of its business.",
    {**MAIN_FOUND, "part": "vbmeta_b", "paths": ["boot_b!/image", "boot_b!/vbmeta", "dtbo_b"], "excludes": ["vendor_boot"]},
    {**SYSTEM_FOUND, "part": "vbmeta_system_b", "paths": [path.replace(".img", "_b") for path in SYSTEM_PATHS], "excludes": []},
)
slot = {name.replace(".img", "_a"): data for name, data in DEVICE.items()}
DISK = ["emmc.img!/boot_a!/image", "emmc.img!/boot_a!/vbmeta", "emmc.img!/dtbo_a"]
write(
    "device-disk", zipped({"emmc.img": partitioned(slot)}), "A dump of the whole disk, its partitions by name.",
    {**MAIN_FOUND, "part": "emmc.img!/vbmeta_a", "paths": DISK},
    {**SYSTEM_FOUND, "part": "emmc.img!/vbmeta_system_a", "paths": [f"emmc.img!/{path.replace('.img', '_a')}" for path in SYSTEM_PATHS]},
)  # fmt: skip
rest = {name.replace("_a", "_a.img"): data for name, data in slot.items() if name != "system_a"}
write(
    "device-super", zipped(rest | {"super.img": converted("img2simg", logical({"system_a": slot["system_a"]}))}),
    "The system image is a partition of a sparse super partition.",
    {**MAIN_FOUND, "part": "vbmeta_a.img", "paths": ["boot_a.img!/image", "boot_a.img!/vbmeta", "dtbo_a.img"]},
    {**SYSTEM_FOUND, "part": "vbmeta_system_a.img", "paths": [path.replace("system.img", "super.img!/data!/system_a") for path in SYSTEM_PATHS]},
)  # fmt: skip
either = {name: data for name, data in DEVICE.items() if name != "boot.img"}
either |= {"boot_a.img": noise(6000, "old"), "boot_b.img": DEVICE["boot.img"]}
EITHER = ["boot_b.img!/image", "boot_b.img!/vbmeta", "dtbo.img"]
write("device-either-slot", zipped(either), "Images of both slots, and of vbmeta one: it is of the release of the second.", {**MAIN_FOUND, "paths": EITHER}, SYSTEM_FOUND)
either["boot_b.img"] = noise(6000, "older")
write(
    "device-neither-slot", zipped(either), "Images of both slots, and neither is the one described.", {**MAIN_FOUND, "paths": ["dtbo.img"]},
    found("broken", "boot_a.img"), found("broken", "boot_b.img"), SYSTEM_FOUND,
)  # fmt: skip
sparse = DEVICE | {"system.img": converted("img2simg", DEVICE["system.img"])}
del sparse["boot.img"]
sparse["boot.img.lz4"] = run("lz4", "-9", "-c", data=DEVICE["boot.img"])
write(
    "device-wrapped", zipped(sparse), "The system image is sparse, the boot image compressed.",
    {**MAIN_FOUND, "paths": ["boot.img.lz4!/data!/image", "boot.img.lz4!/data!/vbmeta", "dtbo.img"]},
    {**SYSTEM_FOUND, "paths": [path.replace("img!/", "img!/data!/") for path in SYSTEM_PATHS], "excludes": []},
)  # fmt: skip
tampered = DEVICE | {"boot.img": patched(DEVICE["boot.img"], 4500, b"back door")}
write(
    "device-boot-changed", zipped(tampered), "The boot image was changed after vbmeta was signed.",
    found("broken", "boot.img", detail="not the image of boot that was signed"), {**MAIN_FOUND, "paths": ["dtbo.img"]}, SYSTEM_FOUND,
)  # fmt: skip
tampered = DEVICE | {"system.img": patched(DEVICE["system.img"], 5000, b"back door")}
write(
    "device-system-changed", zipped(tampered), "A block of the system image was changed, its hash tree was not.",
    found("broken", "system.img", by="other2048", detail="the root of its hash tree"), MAIN_FOUND,
    {**SYSTEM_FOUND, "paths": [], "excludes": []},
)  # fmt: skip
tampered = DEVICE | {"system.img": patched(DEVICE["system.img"], len(SYSTEM) + 50, b"1234")}
write(
    "device-tree-changed", zipped(tampered), "The stored hash tree was changed, the image is as it was signed.",
    MAIN_FOUND, {**SYSTEM_FOUND, "paths": ["system.img!/image", "system.img!/vbmeta"], "excludes": ["system.img!/hashtree", "system.img!/fec"]},
)  # fmt: skip
tampered = DEVICE | {"system.img": patched(DEVICE["system.img"], len(SYSTEM + TREE) + 50, b"1234")}
write(
    "device-fec-changed", zipped(tampered), "The error correction was changed, the image is as it was signed.",
    MAIN_FOUND, {**SYSTEM_FOUND, "paths": SYSTEM_PATHS[1:], "excludes": ["system.img!/fec, which is not that of the image"]},
)  # fmt: skip
for case, structure in (
    ("flags", vbmeta([DESCRIPTORS[0]], algorithm=0, flags=2)),
    ("more", vbmeta([DESCRIPTORS[0], property_(b"more", b"than is signed")], algorithm=0)),
):
    tampered = DEVICE | {"boot.img": with_footer(BOOT, structure)}
    write(
        f"device-footer-{case}", zipped(tampered), "The unsigned structure behind the boot image says what is not signed.",
        {**MAIN_FOUND, "paths": ["boot.img!/image", "dtbo.img"]}, SYSTEM_FOUND,
    )  # fmt: skip
tampered = DEVICE | {"vbmeta_system.img": padded(vbmeta([SYSTEM_DESCRIPTOR]), 4096)}
write(
    "device-chained-by-another", zipped(tampered), "The chained structure is signed, by a key that vbmeta does not name.",
    {**MAIN_FOUND, "excludes": ["vendor_boot"]}, found("broken", "vbmeta_system.img", detail="has to be signed by"),
    {**SYSTEM_FOUND, "signer": found("valid")["signer"]},
)  # fmt: skip
for case, unsigned in (("unsigned", padded(vbmeta([SYSTEM_DESCRIPTOR], algorithm=0), 4096)), ("stripped", bytes(4096))):
    tampered = DEVICE | {"vbmeta_system.img": unsigned}
    more = [found("not-checkable", "vbmeta_system.img", by=None)] if case == "unsigned" else []
    write(
        f"device-chained-{case}", zipped(tampered), "What vbmeta says is signed has no signature.",
        {**MAIN_FOUND, "excludes": ["vendor_boot"]}, *more, found("stripped", "vbmeta_system.img", detail="has to be signed by"),
    )  # fmt: skip
longer = DEVICE | {"dtbo.img": DTBO + noise(100, "more"), "boot.img": DEVICE["boot.img"][:4096]}
write(
    "device-longer", zipped(longer), "The dtbo image has more than what is signed, the boot image less.",
    {**MAIN_FOUND, "paths": [], "excludes": ["100 bytes behind the first 3000 of dtbo.img", "4096 of 5000 bytes"]}, SYSTEM_FOUND,
)  # fmt: skip
recovery = with_footer(BOOT, vbmeta([hash_(b"recovery", BOOT, SALT)]))
write("footer", recovery, "A partition with its own signature, whatever it is called.", found("valid", "vbmeta", whole=True, paths=["image"]))
write(
    "footer-changed", patched(recovery, 100, b"back door"), "Its image was changed.",
    found("broken", "", detail="not the image of recovery"), found("valid", "vbmeta", whole=True, paths=[]),
)  # fmt: skip

# --- what cannot be checked --------------------------------------------------------------------------------------------------------

unknown = patched(SIGNED, 28, struct.pack(">I", 77))
write("algorithm-of-tomorrow", unknown, "A number that no algorithm has.", found("not-checkable", by=None, detail="number 77"))
short = patched(SIGNED, 40, struct.pack(">Q", 20))
write("hash-of-another-size", short, "The hash is of 20 bytes.", found("not-checkable", by=None, detail="20 bytes"))
short = patched(SIGNED, 56, struct.pack(">Q", 128))
write("signature-of-another-size", short, "The signature is of 128 bytes.", found("not-checkable", by=None, detail="128 bytes"))
keyless = patched(SIGNED, 72, bytes(8))
write("no-key", keyless, "There is a signature, and no key.", found("not-checkable", by=None, detail="no key"))


def hashed(partition: bytes, algorithm: bytes, digest: bytes, size: int = len(DTBO)) -> bytes:
    head = struct.pack(">Q32sIIII60x", size, algorithm, len(partition), len(SALT), len(digest), 0)
    return described(2, head + partition + SALT + digest)


for case, why, word, listed in (
    ("digest-of-the-device", "The digest is kept by the device.", "the device's own", [hashed(b"dtbo", b"sha256", b"")]),
    ("digest-of-old", "A digest that libavb does not take.", "sha1", [hashed(b"dtbo", b"sha1", bytes(20))]),
    ("described-often", "One image under several descriptors.", "more than 4 times", [hash_(b"dtbo", DTBO, SALT + bytes([n])) for n in range(6)]),
    ("tree-of-another-version", "A hash tree of a version that is not made.", "cannot be made anew", [described(1, SYSTEM_DESCRIPTOR[16:20].replace(b"\1", b"\0") + SYSTEM_DESCRIPTOR[20:])]),
):
    images = {"vbmeta.img": vbmeta(listed), "dtbo.img": DTBO, "system.img": SYSTEM}
    paths = ["dtbo.img"] if case == "described-often" else []
    write(case, zipped(images), why, found("valid", "vbmeta.img", whole=True, paths=paths, excludes=[word]))

# --- the boot signature of GKI -----------------------------------------------------------------------------------------------------

KERNEL, RAMDISK = noise(5000, "kernel"), noise(2000, "ramdisk")
image = boot(KERNEL, RAMDISK, 4096)
GKI = "avb-boot-signature"
write(
    "gki-12", image + padded(vbmeta([hash_(b"boot", image, SALT)]), 4096), "A boot image of version 4 with the signature of Android 12.",
    found("valid", "signature", scheme=GKI, whole=True, paths=[""]),
)  # fmt: skip
image = boot(KERNEL, RAMDISK)
tail = vbmeta([hash_(b"boot", image, SALT)]) + vbmeta([hash_(b"generic_kernel", KERNEL, SALT)])
certified = image + padded(tail, 16384)
write(
    "gki-13", certified, "The last 16 KiB hold two structures, about the image and about its kernel.",
    found("valid", "boot-signature-0", scheme=GKI, paths=[""]), found("valid", "boot-signature-1", scheme=GKI, paths=["kernel"]),
)  # fmt: skip
write(
    "gki-13-ramdisk-changed", patched(certified, 4096 + 8192 + 100, b"magisk"), "The kernel is the certified one, the ramdisk is not.",
    found("broken", "", scheme=GKI), found("valid", "boot-signature-0", scheme=GKI, paths=[]),
    found("valid", "boot-signature-1", scheme=GKI, paths=["kernel"]),
)  # fmt: skip
foreign = image + padded(vbmeta([hash_(b"boot", image, SALT)]) + vbmeta([], signer="other2048"), 16384)
write(
    "gki-13-by-another", foreign, "Behind the certificate stands a structure by another key.",
    found("valid", "boot-signature-0", scheme=GKI, paths=[], excludes=["behind the first"]),
    found("valid", "boot-signature-1", scheme=GKI, by="other2048", paths=[]),
)  # fmt: skip
