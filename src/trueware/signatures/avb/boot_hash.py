"""The digest that a boot loader hands on of the vbmeta structures it verified, and a phone's hardware attests (``verifiedBootHash``).

It is over the structure and then those of the partitions that it chains to, in the order of the descriptors: each header with its two
blocks and nothing behind them, by the hash that the first one is signed with. Where verification is switched off, a boot loader
hands on none. Sources: AOSP external/avb ``libavb/avb_slot_verify.c`` (``load_and_verify_vbmeta``), ``libavb/avb_cmdline.c``
(``androidboot.vbmeta.digest``), ``avbtool calculate_vbmeta_digest``. No vector confirms it: no image at hand comes with the
attestation of a phone that runs it.
"""

from hashlib import new

from trueware.errors import InputError
from trueware.formats.avb import ALGORITHMS, Chain, VbMeta, read_vbmeta
from trueware.formats.contract import Reading
from trueware.signatures.avb.partitions import Surroundings
from trueware.signatures.contract import Site

_VERIFICATION_DISABLED = 2
_HASHES = frozenset({"sha256", "sha512"})
_MOST_CHAINED = 32
"""``MAX_NUMBER_OF_VBMETA_IMAGES`` of libavb."""


def boot_hash(view: memoryview, meta: VbMeta, around: Surroundings) -> bytes | None:
    """Return the digest over a structure and those it chains to.

    None where a boot loader would hand on none, or where not all of it is there, once.
    """
    name = ALGORITHMS[meta.algorithm].partition("-")[0] if meta.algorithm < len(ALGORITHMS) else ""
    if meta.flags & _VERIFICATION_DISABLED or name not in _HASHES:
        return None
    made = new(name, view[: meta.end])
    chained = [each for each in meta.descriptors if isinstance(each, Chain)]
    if len(chained) > _MOST_CHAINED:
        return None
    for descriptor in chained:
        found, _ = around.find(descriptor.partition)
        structures = {_structure(each) for each in found}
        if len(structures) != 1 or (structure := structures.pop()) is None:
            return None
        made.update(structure)
    return made.digest()


def _structure(site: Site) -> bytes | None:
    """Return the structure of a chained partition, where it has one that chains no further."""
    own = site.child("vbmeta") if site.format == "avb-footer" else site
    if own is None or own.format != "vbmeta":
        return None
    try:
        view = own.view()
        meta = read_vbmeta(view, Reading(), "vbmeta")
    except InputError:
        return None
    return None if any(isinstance(each, Chain) for each in meta.descriptors) else bytes(view[: meta.end])
