"""Apps of Android systems that keep a stolen or unpaid device from being used, by package, and by file where that is all.

Sources: AOSP (``packages/apps/Provision``, ``packages/modules/DeviceLock``); the makers' own names, as their software and lists of
system apps have them (github.com/Universal-Debloater-Alliance, samsungknox.com).
"""

from enum import Enum


class Guard(Enum):
    """What an app does for the owner, or for whoever lent the device."""

    SETUP = "asks for the former owner's account after a reset"
    FIND = "finds, locks and erases a lost device"
    LOCK = "locks a device that is stolen, unpaid or a company's"


PACKAGES: dict[str, Guard] = {
    "com.android.provision": Guard.SETUP,
    "com.google.android.setupwizard": Guard.SETUP,
    "com.sec.android.app.SecSetupWizard": Guard.SETUP,
    "com.huawei.hwstartupguide": Guard.SETUP,
    "com.coloros.bootreg": Guard.SETUP,
    "com.oneplus.setupwizard": Guard.SETUP,
    "com.motorola.setup": Guard.SETUP,
    "org.lineageos.setupwizard": Guard.SETUP,
    "com.google.android.gms": Guard.FIND,
    "com.google.android.apps.adm": Guard.FIND,
    "com.samsung.android.fmm": Guard.FIND,
    "com.xiaomi.finddevice": Guard.FIND,
    "com.coloros.findmyphone": Guard.FIND,
    "com.huawei.android.findmyphone": Guard.FIND,
    "com.android.devicelockcontroller": Guard.LOCK,
    "com.google.android.devicelockcontroller": Guard.LOCK,
    "com.samsung.android.kgclient": Guard.LOCK,
    "com.samsung.klmsagent": Guard.LOCK,
    "com.samsung.android.mdm": Guard.LOCK,
    "com.sec.enterprise.knox.cloudmdm.smdms": Guard.LOCK,
    "com.google.android.apps.work.oobconfig": Guard.LOCK,
}

FILES: dict[str, Guard] = {
    "provision": Guard.SETUP,
    "setupwizard": Guard.SETUP,
    "secsetupwizard": Guard.SETUP,
    "secsetupwizard_global": Guard.SETUP,
    "setupwizardprebuilt": Guard.SETUP,
    "hwstartupguide": Guard.SETUP,
    "prebuiltgmscore": Guard.FIND,
    "gmscore": Guard.FIND,
    "fmm": Guard.FIND,
    "finddevice": Guard.FIND,
    "knoxguard": Guard.LOCK,
    "kgclient": Guard.LOCK,
    "devicelockcontroller": Guard.LOCK,
}
"""By the name of the file without its ending, in lower case; makers are free to name it otherwise."""
