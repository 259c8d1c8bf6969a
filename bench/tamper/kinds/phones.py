"""Phones and tablets: verification, privilege, theft protection, identity, apps of the system."""

import random
from collections.abc import Iterator
from functools import partial

from tamper.edits import Edit, add, append, both, content, move, patch, remove, rewrite, substitute
from tamper.genuine.phone import COMMAND_LINE, NVDATA, OTACERTS, RAMDISK, SYSTEM, VENDOR, Phone
from tamper.kind import Kind
from tamper.making.keys import pem
from tamper.making.manifests import component, permission
from tamper.making.packages import app
from tamper.making.programs import IDLE, build

_Row = tuple[str, str, Edit, tuple[str, ...], tuple[str, ...]]
"""Id, what is done, edit, right effects, others that are true."""

_PROPERTIES = f"{SYSTEM}build.prop"
_KEY = "QAAAAIOdxk0zS2Vfb2ZfVGFtcGVyQmVuY2hfbWFkZV9mb3JfdGhpc19hbmRfbm90aGluZ19lbHNl host@example.net\n"


def kinds() -> Iterator[Kind]:
    """Yield the kinds of this subject."""
    for id_, what, edit, right, also in (*_verification(), *_privilege(), *_theft(), *_identity(), *_apps()):
        yield Kind(id_, Phone.name, what, edit, right, also)


def _verification() -> Iterator[_Row]:
    yield (
        "vbmeta-flags",
        "verified boot told not to verify (flags 3 in vbmeta)",
        content("vbmeta.img", lambda data: data[:120] + b"\0\0\0\3" + data[124:]),
        ("verification-disabled",),
        ("boot-altered", "signer-replaced"),
    )
    yield (
        "fstab-without-avb",
        "the system partition mounted without verification",
        substitute(f"{VENDOR}etc/fstab.bigfish", "wait,slotselect,avb=vbmeta,first", "wait,slotselect,first"),
        ("verification-disabled",),
        (),
    )
    yield (
        "selinux-permissive",
        "SELinux told at boot to let everything pass",
        substitute(COMMAND_LINE, "androidboot.selinux=enforcing", "androidboot.selinux=permissive"),
        ("privilege-opened", "verification-disabled"),
        ("verification-disabled", "privilege-opened", "boot-altered"),
    )
    yield (
        "test-keys",
        "the build says that it was signed with the public test keys",
        content(_PROPERTIES, lambda data: data.replace(b"release-keys", b"test-keys")),
        ("verification-disabled", "signer-replaced", "rebuilt-by-another"),
        ("provenance-falsified", "signer-replaced", "rebuilt-by-another", "verification-disabled"),
    )
    yield (
        "ota-certificate",
        "a stranger's certificate added to those that updates are checked by",
        add(OTACERTS + "helpful.x509.pem", pem("Helpful Updates")),
        ("trust-anchor-added",),
        ("update-redirected",),
    )
    yield (
        "authority-of-system",
        "a certificate authority added to those of the system",
        add(f"{SYSTEM}etc/security/cacerts/9a5ba575.0", pem("Helpful Root CA")),
        ("trust-anchor-added",),
        ("traffic-intercepted",),
    )
    yield (
        "ota-address",
        "updates come from another host",
        substitute(_PROPERTIES, "https://ota.maker.example.org/v1", "http://ota.example.net/v1"),
        ("update-redirected",),
        (),
    )


def _privilege() -> Iterator[_Row]:
    yield (
        "debuggable",
        "the build made debuggable and open to the debug bridge as root",
        content(
            f"{RAMDISK}default.prop",
            lambda data: (
                data.replace(b"ro.secure=1", b"ro.secure=0")
                .replace(b"ro.debuggable=0", b"ro.debuggable=1")
                .replace(b"ro.adb.secure=1", b"ro.adb.secure=0")
                .replace(b"usb.config=none", b"usb.config=adb")
            ),
        ),
        ("privilege-opened", "local-access"),
        ("local-access", "privilege-opened", "verification-disabled", "hardening-lost"),
    )
    yield (
        "debug-bridge-over-network",
        "the debug bridge listens on the network",
        append(f"{SYSTEM}build.prop", "persist.adb.tcp.port=5555\n"),
        ("remote-access",),
        ("local-access",),
    )
    yield (
        "debug-key",
        "a stranger's key allowed for the debug bridge",
        add(f"{RAMDISK}adb_keys", _KEY),
        ("local-access", "remote-access"),
        ("remote-access", "local-access", "trust-anchor-added"),
    )
    yield (
        "su",
        "a set-uid program called su",
        add(f"{SYSTEM}xbin/su", partial(build, IDLE, "-O2", "-Wl,--build-id=none"), 0o6755),
        ("privilege-opened",),
        ("program-altered",),
    )
    yield (
        "root-manager",
        "a root manager's place in the ramdisk: its init in front, the real one aside",
        both(
            move(f"{RAMDISK}init", f"{RAMDISK}.backup/init"),
            add(f"{RAMDISK}init", partial(build, IDLE, "-O1", "-static", "-s", "-Wl,--build-id=none"), 0o750),
            add(f"{RAMDISK}overlay.d/sbin/magisk.xz", b"\xfd7zXZ\0" + bytes(64)),
        ),
        ("privilege-opened",),
        ("boot-altered", "start-up-persistence", "program-altered"),
    )
    yield (
        "init-service",
        "a service added to init's script",
        append(
            f"{RAMDISK}init.rc",
            "\nservice extra /system/bin/extra\n    class late_start\n    user root\n    seclabel u:r:su:s0\n",
        ),
        ("start-up-persistence",),
        ("privilege-opened",),
    )
    yield (
        "install-recovery",
        "the script that init runs for the recovery put in",
        add(f"{SYSTEM}bin/install-recovery.sh", "#!/system/bin/sh\n/system/bin/log started\n", 0o750),
        ("start-up-persistence",),
        (),
    )
    yield (
        "policy-permissive",
        "one domain of SELinux's policy made permissive",
        append(f"{SYSTEM}etc/selinux/plat_sepolicy.cil", "(typepermissive su)\n"),
        ("privilege-opened",),
        ("verification-disabled",),
    )
    yield (
        "loader-of-phone",
        "one bit in the boot loader changed",
        patch("lk.img"),
        ("boot-altered",),
        ("program-altered",),
    )
    yield (
        "kernel-of-phone",
        "one bit in the kernel changed",
        patch("boot.img!/kernel"),
        ("kernel-altered",),
        ("boot-altered", "program-altered"),
    )


def _theft() -> Iterator[_Row]:
    yield (
        "setup-wizard-removed",
        "the setup wizard removed, which asks for the former owner",
        remove(f"{SYSTEM}priv-app/SetupWizard"),
        ("anti-theft-removed",),
        ("component-removed",),
    )
    yield (
        "setup-wizard-off",
        "the setup wizard switched off by a property",
        substitute(_PROPERTIES, "ro.setupwizard.mode=REQUIRED", "ro.setupwizard.mode=DISABLED"),
        ("anti-theft-removed",),
        (),
    )
    yield (
        "frp-partition-unnamed",
        "the property removed that names where the former owner is kept",
        substitute(_PROPERTIES, "ro.frp.pst=/dev/block/by-name/frp\n", ""),
        ("anti-theft-removed",),
        (),
    )
    yield (
        "finder-removed",
        "the app removed that finds and wipes a lost phone",
        remove(f"{SYSTEM}priv-app/FindMyDevice"),
        ("anti-theft-removed",),
        ("component-removed",),
    )
    yield (
        "frp-wiped-at-start",
        "init's script empties the former owner's record at each start",
        append(
            f"{RAMDISK}init.bigfish.rc",
            "\non post-fs\n    exec - root root -- /system/bin/dd if=/dev/zero of=/dev/block/by-name/frp\n",
        ),
        ("anti-theft-removed",),
        ("start-up-persistence",),
    )


def _identity() -> Iterator[_Row]:
    noise = random.Random(23)  # noqa: S311 (the same in every run)
    yield (
        "imei-data",
        "the stored IMEI exchanged",
        rewrite(f"{NVDATA}md/NVRAM/NVD_IMEI/MP0B_001", noise.randbytes(384)),
        ("identity-rewritten",),
        ("radio-altered",),
    )
    yield (
        "imei-property",
        "another IMEI given by a property",
        append(_PROPERTIES, "ro.ril.oem.imei=004999010640000\npersist.radio.imei=004999010640000\n"),
        ("identity-rewritten",),
        (),
    )
    yield (
        "calibration",
        "the radio's calibration exchanged",
        rewrite(f"{NVDATA}md/NVRAM/CALIBRAT/ST33A004", noise.randbytes(2048)),
        ("radio-altered",),
        ("identity-rewritten",),
    )
    yield (
        "patch-level",
        "a later security patch level claimed",
        substitute(_PROPERTIES, "security_patch=2021-05-19", "security_patch=2023-11-05"),
        ("provenance-falsified",),
        (),
    )
    yield (
        "model-falsified",
        "the fingerprint of a certified device claimed",
        substitute(
            _PROPERTIES,
            "ro.build.fingerprint=HiDPT/Hi3751V811_DMO/Hi3751V811:8.0.0/OPR6.170623.013/5.5.0.56:user/release-keys",
            "ro.build.fingerprint=google/walleye/walleye:8.1.0/OPM1.171019.011/4448085:user/release-keys",
        ),
        ("provenance-falsified",),
        (),
    )


def _apps() -> Iterator[_Row]:
    sms = component("receiver", "org.example.helper.In", "android.provider.Telephony.SMS_RECEIVED")
    yield (
        "app-reads-messages",
        "an app of the system added that receives and reads messages",
        add(
            f"{SYSTEM}priv-app/Helper/Helper.apk",
            partial(app, "org.example.helper", "stranger", [permission("READ_SMS"), permission("RECEIVE_SMS")], [sms]),
        ),
        ("communications-read",),
        ("app-injected", "program-altered", "start-up-persistence"),
    )
    yield (
        "app-follows",
        "an app of the system added that may hear and locate, and starts with the phone",
        add(
            f"{SYSTEM}app/Care/Care.apk",
            partial(
                app,
                "org.example.care",
                "stranger",
                [
                    permission("RECORD_AUDIO"),
                    permission("ACCESS_BACKGROUND_LOCATION"),
                    permission("RECEIVE_BOOT_COMPLETED"),
                ],
                [component("receiver", "org.example.care.Boot", "android.intent.action.BOOT_COMPLETED")],
            ),
        ),
        ("surveillance",),
        ("start-up-persistence", "app-injected", "program-altered"),
    )
    yield (
        "permission-granted",
        "a permission to read messages granted to an app of the system",
        substitute(
            f"{SYSTEM}etc/permissions/privapp-permissions-platform.xml",
            '<permission name="android.permission.WRITE_SECURE_SETTINGS"/>',
            '<permission name="android.permission.WRITE_SECURE_SETTINGS"/>\n        <permission name="android.permission.READ_SMS"/>',
        ),
        ("privilege-opened", "communications-read"),
        ("communications-read", "privilege-opened"),
    )
    yield (
        "widevine-removed",
        "the library removed that protects films",
        remove(f"{VENDOR}lib/mediadrm/libwvdrmengine.so"),
        ("content-protection-bypassed",),
        ("component-removed",),
    )
