"""Makes what the virtual machines boot: kernels, initrds, ESPs, root file systems with signed files, and TPMs with their authority.

All of it goes to a folder of the build and stays there for the next time. Nothing is installed: kernels are unpacked from Debian's
packages, the root holds busybox, tpm2-tools and a few programs of this machine with the libraries they need.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

HERE = Path(__file__).parent
PACKAGES: Mapping[str, str] = {
    "qemu-system-x86_64": "qemu-system-x86",
    "swtpm": "swtpm",
    "swtpm_setup": "swtpm-tools",
    "tpm2": "tpm2-tools",
    "evmctl": "ima-evm-utils",
    "setfattr": "attr",
    "mcopy": "mtools",
    "mkfs.vfat": "dosfstools",
    "sgdisk": "gdisk",
    "mke2fs": "e2fsprogs",
    "busybox": "busybox-static",
    "cpio": "cpio",
    "dpkg-deb": "dpkg",
    "apt-get": "apt",
    "openssl": "openssl",
}
"""By the program that is needed: the package that has it."""

CODE = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")
VARS = Path("/usr/share/OVMF/OVMF_VARS_4M.fd")
LOADER = Path("/usr/lib/systemd/boot/efi/systemd-bootx64.efi")
FILES = {CODE: "ovmf", VARS: "ovmf", LOADER: "systemd-boot-efi"}

PROGRAMS = ("id", "uname", "date", "sha256sum")
SHELL = ("sh", "cat", "chmod", "cp", "cut", "dd", "dmesg", "mkdir", "mount", "rm", "sleep", "sync", "tar", "tr")
"""What busybox is called as."""
MODULES = ("virtio_pci", "virtio_blk", "crc32c_generic", "ext4")
CHANGED = "usr/bin/id"
PARTITION = 1 << 20


def missing() -> str | None:
    """Return what this machine lacks, and what brings it."""
    if os.geteuid():
        return "it needs root: the attribute security.ima is root's to set"
    lacking = {package for name, package in PACKAGES.items() if shutil.which(name) is None}
    lacking |= {package for path, package in FILES.items() if not path.exists()}
    if lacking:
        return f"apt-get install --no-install-recommends {' '.join(sorted(lacking))}"
    return None if kernels() else "apt knows no kernel linux-image-6.1.0-N-amd64: apt-get update"


def kernels() -> list[str]:
    """Return the packages of Debian's kernels that apt knows, oldest first."""
    command = ["apt-cache", "search", "--names-only", r"^linux-image-6\.1\.0-[0-9]+-amd64$"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return sorted(re.findall(r"^linux-image-6\.1\.0-\d+-amd64", done.stdout, re.MULTILINE), key=_number)


def _number(package: str) -> int:
    return int(package.split("-")[3])


def make(folder: Path) -> None:
    """Make all that is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("one", "two"):
        _once(folder / f"tpm-{name}", _tpm)
    known = kernels()
    for name, package in zip(("newest", "older"), reversed(known), strict=False):
        _once(folder / f"kernel-{name}", partial(_kernel, package=package))
    _once(folder / "ima", _signer)
    _once(folder / "genuine", partial(_root, key=folder / "ima" / "key.pem"))
    _once(folder / "changed", partial(_changed, genuine=folder / "genuine"))
    for name in ("genuine", "changed"):
        _once(folder / f"root-{name}.img", partial(_ext4, tree=folder / name))


def _once(path: Path, make_it: Callable[[Path], object]) -> None:
    """Make `path` beside its place, so that what is there is whole."""
    if path.exists():
        return
    made = path.with_name(path.name + ".part")
    shutil.rmtree(made, ignore_errors=True)
    made.unlink(missing_ok=True)
    make_it(made)
    made.rename(path)


def called(*command: object, where: Path | None = None) -> str:
    """Run a program and return what it said.

    Raises:
        SystemExit: it failed.
    """
    done = subprocess.run([str(each) for each in command], capture_output=True, text=True, check=False, cwd=where)
    if done.returncode:
        raise SystemExit(f"{' '.join(str(each) for each in command)}: {done.stdout[-400:]}{done.stderr[-800:]}")
    return done.stdout


def _tpm(made: Path) -> None:
    """A TPM with certificates of its endorsement keys and of its platform, by an authority that both TPMs share."""
    authority = made.parent / "authority"
    authority.mkdir(exist_ok=True)
    made.mkdir()
    names = ("signingkey", "issuercert", "certserial")
    kept = [f"statedir = {authority}", *(f"{name} = {authority / name}" for name in names)]
    (authority / "ca.conf").write_text("\n".join(kept) + "\n")
    options = "--platform-manufacturer Trueware\n--platform-version 1\n--platform-model QEMU\n"
    (authority / "ca.options").write_text(options)
    setup = f"create_certs_tool = {shutil.which('swtpm_localca')}\n"
    setup += f"create_certs_tool_config = {authority / 'ca.conf'}\n"
    setup += f"create_certs_tool_options = {authority / 'ca.options'}\n"
    (authority / "setup.conf").write_text(setup)
    command = ["swtpm_setup", "--tpm2", "--tpmstate", made, "--config", authority / "setup.conf", "--runas", "root"]
    called(*command, "--create-ek-cert", "--create-platform-cert", "--lock-nvram", "--pcr-banks", "sha256")


def _kernel(made: Path, package: str) -> None:
    """A kernel, and an initrd with the modules that reach the disks."""
    made.mkdir()
    called("apt-get", "download", "-q", "-o", "APT::Sandbox::User=root", package, where=made)
    called("dpkg-deb", "-x", next(made.glob("*.deb")), made / "tree")
    (made / "tree/boot" / f"vmlinuz-{package.removeprefix('linux-image-')}").rename(made / "vmlinuz")
    initrd = made / "initrd"
    for each in ("bin", "modules", "dev", "proc", "sys", "root"):
        (initrd / each).mkdir(parents=True)
    shutil.copy(HERE / "first.sh", initrd / "init")
    (initrd / "init").chmod(0o755)
    shutil.copy(str(shutil.which("busybox")), initrd / "bin/busybox")
    for each in ("sh", "mount", "insmod", "sleep", "switch_root"):
        (initrd / "bin" / each).symlink_to("busybox")
    places = {path.stem: path for path in (made / "tree").rglob("*.ko")}
    order = list(dict.fromkeys(each for name in MODULES for each in _needed(name, places)))
    for name in order:
        shutil.copy(places[name], initrd / "modules" / f"{name}.ko")
    (initrd / "modules/order").write_text("".join(f"{name}.ko\n" for name in order))
    listed = "".join(f"{path.relative_to(initrd)}\n" for path in sorted(initrd.rglob("*")))
    command = ["cpio", "--create", "--format=newc", "--reproducible", "--quiet", "--owner=0:0"]
    with (made / "initrd.img").open("wb") as image:
        subprocess.run(command, input=listed.encode(), stdout=image, check=True, cwd=initrd)
    shutil.rmtree(made / "tree")


def _needed(name: str, places: Mapping[str, Path]) -> Iterator[str]:
    """Give the modules that a module needs, and it last, by the names in its section .modinfo."""
    if name not in places:
        return  # built in
    found = re.search(rb"\0depends=([^\0]*)\0", places[name].read_bytes())
    for each in found[1].decode().split(",") if found else ():
        yield from _needed(each.replace("-", "_"), places)
    yield name


def _signer(made: Path) -> None:
    """A key that signs files, and its certificate."""
    made.mkdir()
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "3650",
        "-subj",
        "/CN=files of the rig",
    ]
    command += ["-addext", "keyUsage=digitalSignature", "-addext", "basicConstraints=critical,CA:FALSE"]
    called(*command, "-keyout", made / "key.pem", "-out", made / "cert.pem")


def _root(made: Path, key: Path) -> None:
    """A root file system as a folder: busybox, tpm2-tools, some programs, their libraries; programs and libraries signed."""
    for each in ("usr/bin", "usr/sbin", "usr/lib", "etc", "opt", "dev", "proc", "sys", "run", "tmp"):
        (made / each).mkdir(parents=True)
    for each in ("bin", "sbin", "lib", "lib64"):
        (made / each).symlink_to("usr/lib" if each == "lib64" else f"usr/{each}")
    shutil.copy(HERE / "evidence.sh", made / "usr/sbin/evidence")
    (made / "usr/sbin/evidence").chmod(0o755)
    (made / "etc/hostname").write_text("rig\n")
    (made / "etc/passwd").write_text("root:x:0:0:root:/:/bin/sh\n")
    (made / "etc/group").write_text("root:x:0:\n")
    shutil.copy(str(shutil.which("busybox")), made / "usr/bin/busybox")
    for each in SHELL:
        (made / "usr/bin" / each).symlink_to("busybox")
    programs = [Path(str(shutil.which(each))).resolve() for each in ("tpm2", *PROGRAMS)]
    for program in programs:
        shutil.copy(program, made / "usr/bin" / program.name)
    loaded = [*Path("/usr/lib/x86_64-linux-gnu").glob("libtss2-tcti-device.so.0")]
    for library in sorted({each for path in (*programs, *loaded) for each in _libraries(path)} | {*map(str, loaded)}):
        name = Path(library).name
        place = made / "usr/lib" / (name if name.startswith("ld-") else f"x86_64-linux-gnu/{name}")
        place.parent.mkdir(exist_ok=True)
        shutil.copy(library, place)
    for path in sorted(made.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.parent.name != "etc":
            called("evmctl", "ima_sign", "--hashalgo", "sha256", "--key", key, path)


def _libraries(program: Path) -> list[str]:
    """Return the shared libraries that a program loads."""
    return re.findall(r"(/\S+) \(0x", called("ldd", program))


def _changed(made: Path, genuine: Path) -> None:
    """The same root with a program changed, whose signature stays."""
    called("cp", "-a", genuine, made)
    path = made / CHANGED
    signature = os.getxattr(path, "security.ima")
    with path.open("ab") as file:
        file.write(b"changed")
    os.setxattr(path, "security.ima", signature)


def _ext4(made: Path, tree: Path) -> None:
    """An image of a root, with the extended attributes."""
    called("mke2fs", "-q", "-t", "ext4", "-d", tree, "-L", "root", made, "64M")


def esp(image: Path, kernel: Path, cmdline: str, scratch: Path) -> None:
    """Write a disk whose EFI system partition has systemd-boot, the kernel, the initrd and one entry."""
    image.unlink(missing_ok=True)
    with image.open("wb") as file:
        file.truncate(64 << 20)
    ids = ("-u", "1:5d3e1c52-9c4e-4cb8-9f0a-6f6d0a3a8f01", "-U", "5d3e1c52-9c4e-4cb8-9f0a-6f6d0a3a8f02")
    called("sgdisk", "-n", "1:2048:+60M", "-t", "1:ef00", *ids, image)  # the table is measured: no random names
    called("mkfs.vfat", "-F", "32", "-i", "7e57b007", "--offset", "2048", image, str(60 << 10))
    loader, entry = scratch / "loader.conf", scratch / "rig.conf"
    loader.write_text("timeout 0\ndefault rig.conf\n")
    entry.write_text(f"title rig\nlinux /vmlinuz\ninitrd /initrd.img\noptions {cmdline}\n")
    inside = f"{image}@@{PARTITION}"
    called("mmd", "-i", inside, "::/EFI", "::/EFI/BOOT", "::/loader", "::/loader/entries")
    for source, place in (
        (LOADER, "EFI/BOOT/BOOTX64.EFI"),
        (loader, "loader/loader.conf"),
        (entry, "loader/entries/rig.conf"),
        (kernel / "vmlinuz", "vmlinuz"),
        (kernel / "initrd.img", "initrd.img"),
    ):
        called("mcopy", "-i", inside, source, f"::/{place}")
