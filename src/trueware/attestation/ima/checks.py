"""What is checked of an IMA measurement list. The ids are on the wire and never change."""

from trueware.model.check import Aspect, CheckRule, Distrust

IMA_READ = CheckRule(
    "ima-read",
    Aspect.EVIDENCE,
    "The list of measured files can be read to its end",
    contradicted=99,
    supported=0,
    help="It is damaged or was cut off. Fetch it again; read it in one go, after the quote.",
)
IMA_SENT = CheckRule(
    "ima-sent",
    Aspect.EXECUTABLES,
    "The list of files that ran was sent",
    supported=0,
    help="The quoted PCR 10 says that files were measured, or the device sent their list before. Ask for it; who withholds it "
    "may hide what ran.",
    compares=True,
)
IMA_REPLAY = CheckRule(
    "ima-replay",
    Aspect.EVIDENCE,
    "The list of measured files leads to the value of PCR 10 that was quoted",
    contradicted=99,
    supported=0,
    help="Entries were changed, taken out or put in, or the list is another device's.",
    distrust=Distrust.PCRS,
)
IMA_TEMPLATE_HASH = CheckRule(
    "ima-template-hash",
    Aspect.EVIDENCE,
    "Each entry has the digest that its content gives",
    contradicted=99,
    supported=0,
    help="What an entry says was changed after it was measured.",
)
IMA_TRAILING = CheckRule(
    "ima-trailing",
    Aspect.EXECUTABLES,
    "The quote covers the list to its end",
    supported=0,
    help="Entries that came after the quote are nobody's word yet: the next quote covers them.",
)
IMA_BANK = CheckRule(
    "ima-bank",
    Aspect.EXECUTABLES,
    "PCR 10 of a bank with a hash that cannot be forged was quoted",
    supported=0,
    help="Quote PCR 10 of the SHA-256 bank.",
    compares=True,
)
IMA_FILE_KNOWN = CheckRule(
    "ima-file-known",
    Aspect.EXECUTABLES,
    "Every measured file is of a release, or signed by somebody who may",
    supported=2,
    help="A file that no release has was run or read by root. It was added, or belongs to software that nobody registered.",
    distrust=Distrust.KNOWN_GOOD,
    compares=True,
)
IMA_DATA_KNOWN = CheckRule(
    "ima-data-known",
    Aspect.FILE_SYSTEM,
    "Every measured file that is no program is of a release",
    contradicted=32,
    supported=0,
    help="A file that no release has was read by root; its name does not look like a program's.",
    distrust=Distrust.KNOWN_GOOD,
)
IMA_FILE_CHANGED = CheckRule(
    "ima-file-changed",
    Aspect.EXECUTABLES,
    "Every measured file has the content that its release has at that path",
    supported=0,
    help="A file of the release has another content on this device.",
    distrust=Distrust.KNOWN_GOOD,
)
IMA_FILE_SIGNATURE = CheckRule(
    "ima-file-signature",
    Aspect.EXECUTABLES,
    "Every signature of a file fits its content",
    supported=0,
    help="The file was changed and kept the signature of what it was.",
)
IMA_VIOLATION = CheckRule(
    "ima-violation",
    Aspect.EXECUTABLES,
    "No file was written while it was measured",
    contradicted=32,
    supported=0,
    help="The kernel could not say what was in the file: it was open for writing while it was measured, or measured while open.",
)
IMA_WEAK_DIGEST = CheckRule(
    "ima-weak-digest",
    Aspect.EXECUTABLES,
    "Files are measured with a hash that releases are found by",
    supported=0,
    help="Set ima_hash=sha256: releases are found by SHA-256.",
    compares=True,
)
IMA_COVERAGE = CheckRule(
    "ima-coverage",
    Aspect.EXECUTABLES,
    "The device measures all that runs",
    supported=0,
    help="What the device's own policy leaves out, the list cannot show.",
)
IMA_CRITICAL_DATA = CheckRule(
    "ima-critical-data",
    Aspect.CONFIGURATION,
    "What the kernel measured of its own settings speaks against nothing",
    contradicted=32,
    supported=0,
    help="The kernel found content that dm-verity does not allow. Compare the root of the tree with the release's.",
)

RULES = (
    IMA_READ,
    IMA_SENT,
    IMA_REPLAY,
    IMA_TEMPLATE_HASH,
    IMA_TRAILING,
    IMA_BANK,
    IMA_FILE_KNOWN,
    IMA_DATA_KNOWN,
    IMA_FILE_CHANGED,
    IMA_FILE_SIGNATURE,
    IMA_VIOLATION,
    IMA_WEAK_DIGEST,
    IMA_COVERAGE,
    IMA_CRITICAL_DATA,
)
