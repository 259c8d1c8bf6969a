"""Rules of what an appraisal checks of proved evidence, whatever type it is of."""

from trueware.model.check import Aspect, CheckRule, Distrust

BOOT_RELEASE = CheckRule(
    "boot-release",
    Aspect.BOOT,
    "What was measured while booting equals a release",
    help="PCR values are matched with the releases in the registry. Publish the event log of a genuine boot of each release, or "
    "import reference values; an update that nobody registered looks like this too.",
    distrust=Distrust.KNOWN_GOOD,
    compares=True,
)
BOOT_MIXED = CheckRule(
    "boot-mixed",
    Aspect.BOOT,
    "All of the boot is of one version of each product",
    contradicted=32,
    supported=0,
    help="Each part is genuine, but the publisher never shipped them together: an old loader with a known fault under a new "
    "system is an attack that looks like this. So does an update that was broken off.",
)
BOOT_WITHDRAWN = CheckRule(
    "boot-withdrawn",
    Aspect.BOOT,
    "The release that booted stands",
    contradicted=32,
    supported=0,
    help="The release is genuine, and its publisher or the registry says not to run it any more. Update the device.",
)
BOOT_ROLLBACK = CheckRule(
    "boot-rollback",
    Aspect.BOOT,
    "The device runs what it ran before, or a later release",
    contradicted=32,
    supported=0,
    help="A genuine release older than the one this device ran before: somebody put it back. Faults that were mended since are "
    "open again.",
)
RUNTIME_MIXED = CheckRule(
    "runtime-mixed",
    Aspect.EXECUTABLES,
    "The files that ran are of one version of each product",
    contradicted=32,
    supported=0,
    help="Each file is genuine. An update that was put in without a restart looks like this (--update-window says that it is in "
    "order); so does an old program with a known fault that somebody put back.",
)
RUNTIME_WITHDRAWN = CheckRule(
    "runtime-withdrawn",
    Aspect.EXECUTABLES,
    "The releases that the files are of stand",
    contradicted=32,
    supported=0,
    help="The files are genuine, and their release is withdrawn. Update the device.",
)
COMPONENT_RELEASE = CheckRule(
    "component-release",
    Aspect.EXECUTABLES,
    "A measured component is part of a release",
    contradicted=33,
    help="Its digest is looked up in the registry. Publish the component, or import the maker's CoRIM.",
    distrust=Distrust.KNOWN_GOOD,
    compares=True,
)
COMPONENT_MIXED = CheckRule(
    "component-mixed",
    Aspect.EXECUTABLES,
    "All components are of one version of each product",
    contradicted=32,
    supported=0,
    help="Each component is genuine, but no release has them together: an old one with a known fault beside a new one is an attack "
    "that looks like this. So does an update that was broken off.",
)
COMPONENT_WITHDRAWN = CheckRule(
    "component-withdrawn",
    Aspect.EXECUTABLES,
    "The release that a component is of stands",
    contradicted=32,
    supported=0,
    help="The component is genuine, and its release is withdrawn. Update the device.",
)
BOOT_DISTRUSTED = CheckRule(
    "boot-distrusted",
    Aspect.BOOT,
    "Nothing that was measured is on the never-trust list",
    supported=0,
    help="A digest or key of it is known not to be trustworthy, whoever vouches for it.",
)
DEVICE_CLAIMED = CheckRule(
    "device-claimed",
    Aspect.IDENTITY,
    "The device is the one it is said to be",
    contradicted=97,
    help="What the hardware says of itself differs from what was reported. Either the report is about another device, or its "
    "identity was rewritten.",
)
DEVICE_KEPT = CheckRule(
    "device-kept",
    Aspect.IDENTITY,
    "The device is the one that was appraised before under that name",
    contradicted=97,
    supported=0,
    help="Another device answers in its place.",
)

EVIDENCE_READ = CheckRule(
    "evidence-read",
    Aspect.EVIDENCE,
    "Every piece of evidence is laid out as its standard says",
    contradicted=99,
    supported=0,
    help="A piece is damaged, cut off or made up. Fetch the evidence again.",
)
EVIDENCE_PIECE = CheckRule(
    "evidence-piece",
    Aspect.EVIDENCE,
    "Every piece of evidence is known",
    supported=0,
    help="Send what the device's tool writes: quote, signature, PCR values and logs, or a token.",
)
EVIDENCE_ONE = CheckRule(
    "evidence-one-device",
    Aspect.EVIDENCE,
    "All evidence is of one device",
    contradicted=99,
    supported=0,
    help="Pieces of several devices were put together, or one device answers for another. Appraise each by itself.",
)
REFERENCES = CheckRule(
    "references",
    Aspect.BOOT,
    "What the registry says of releases can be proved",
    supported=0,
    help="Check the registry (trueware registry fsck).",
)
CASE_IDENTITY = CheckRule(
    "case-identity",
    Aspect.IDENTITY,
    "All evidence of a case is of one device",
    contradicted=97,
    supported=0,
    help="Pieces of evidence name different devices: they were mixed up, or one device answers for another.",
)
CASE_RUNNING = CheckRule(
    "case-running",
    Aspect.EXECUTABLES,
    "A device whose image is genuine runs genuine software",
    supported=0,
    help="What lies in its storage is genuine and what runs is not: something is loaded from elsewhere, or changed in memory.",
)
CASE_BOOT = CheckRule(
    "case-image",
    Aspect.EXECUTABLES,
    "A device that attests genuine software has a genuine image",
    supported=0,
    help="The image is not this device's, or was changed after it booted, or the evidence is another device's.",
)
CASE_VERIFIED = CheckRule(
    "case-verified-boot",
    Aspect.BOOT,
    "The image is what the phone's boot loader verified",
    contradicted=32,
    supported=0,
    help="The phone runs other software than this image: an update, another slot, or the image is of another phone.",
)
CASE_RELEASE = CheckRule(
    "case-release",
    Aspect.EXECUTABLES,
    "The device runs the release that its image is",
    contradicted=32,
    supported=0,
    help="An update that waits for a restart looks like this; so does an image of another device.",
)
CASE_MODEL = CheckRule(
    "case-model",
    Aspect.HARDWARE,
    "The image is for the model that the hardware says it is",
    contradicted=97,
    supported=0,
    help="The software claims to be another product than the hardware: a cheap device dressed up, or an image of another device.",
)

RULES = (
    EVIDENCE_READ,
    EVIDENCE_PIECE,
    EVIDENCE_ONE,
    REFERENCES,
    CASE_IDENTITY,
    CASE_RUNNING,
    CASE_VERIFIED,
    CASE_BOOT,
    CASE_RELEASE,
    CASE_MODEL,
    BOOT_RELEASE,
    BOOT_MIXED,
    BOOT_WITHDRAWN,
    BOOT_ROLLBACK,
    BOOT_DISTRUSTED,
    RUNTIME_MIXED,
    RUNTIME_WITHDRAWN,
    COMPONENT_RELEASE,
    COMPONENT_MIXED,
    COMPONENT_WITHDRAWN,
    DEVICE_CLAIMED,
    DEVICE_KEPT,
)
