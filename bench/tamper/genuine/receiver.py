"""A receiver as enigma2 boxes are laid out, in jffs2: busybox and dropbear are Debian's, all else is ours.

The programs `enigma2` and `libciplus.so` are stand-ins made here: they have the place and the shape of the real ones.
"""

import tarfile
from collections.abc import Callable, Mapping
from typing import ClassVar

from remake import Item, Tree, read_ar, read_tar, unpack_stream
from tamper.edits import MOMENT, Edit, add, both, link
from tamper.genuine.debian import fetch
from tamper.genuine.form import Genuine
from tamper.making.filesystems import write_jffs2
from tamper.making.programs import library, status

_RC = "#!/bin/sh\nfor script in /etc/rc3.d/S*; do\n\t$script start\ndone\n"
_FILES: Mapping[str, tuple[int, str]] = {
    "etc/image-version": (0o644, "box_type=examplebox\nbuild_type=0\nversion=064\nbuild=000\ndate=20231101120000\ncreator=Example TV\n"),
    "etc/issue": (0o644, "Example TV 6.4 %h\n"),
    "etc/os-release": (0o644, 'ID="exampletv"\nNAME="Example TV"\nVERSION="6.4"\nVERSION_ID="6.4"\nPRETTY_NAME="Example TV 6.4"\n'),
    "etc/passwd": (0o644, "root:x:0:0:root:/home/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nnobody:x:65534:65534:nobody:/:/bin/false\n"),
    "etc/shadow": (0o600, "root:*:19600:0:99999:7:::\ndaemon:*:19600:0:99999:7:::\nnobody:*:19600:0:99999:7:::\n"),
    "etc/group": (0o644, "root:x:0:\ndaemon:x:1:\nnogroup:x:65534:\n"),
    "etc/hosts": (0o644, "127.0.0.1\tlocalhost\n"),
    "etc/hostname": (0o644, "examplebox\n"),
    "etc/inittab": (0o644, "id:3:initdefault:\nsi::sysinit:/etc/init.d/rcS\nl3:3:wait:/etc/init.d/rc 3\ngui:3:respawn:/usr/bin/enigma2.sh\n"),
    "etc/init.d/rcS": (0o755, "#!/bin/sh\nmount -a\n"),
    "etc/init.d/rc": (0o755, _RC),
    "etc/init.d/networking": (0o755, "#!/bin/sh\nifup -a\n"),
    "etc/init.d/dropbear": (0o755, '#!/bin/sh\n[ "$1" = start ] && dropbear -w -s\n'),
    "etc/init.d/syslog": (0o755, '#!/bin/sh\n[ "$1" = start ] && syslogd -O /var/log/messages\n'),
    "etc/opkg/opkg.conf": (0o644, "dest root /\nlists_dir ext /var/lib/opkg/lists\noption check_signature 1\n"),
    "etc/opkg/all-feed.conf": (0o644, "src/gz exampletv-all https://feeds.exampletv.example.org/6.4/all\n"),
    "etc/enigma2/settings": (0o644, "config.misc.firstrun=false\nconfig.osd.language=en_GB\nconfig.usage.setup_level=expert\n"),
    "etc/enigma2/lamedb": (0o644, "eDVB services /4/\ntransponders\n00c00000:044d:0001\n\ts 11836500:27500000:0:4:192:2:0\n/\nend\nservices\nend\n"),
    "etc/enigma2/bouquets.tv": (0o644, '#NAME Bouquets (TV)\n#SERVICE 1:7:1:0:0:0:0:0:0:0:FROM BOUQUET "userbouquet.favourites.tv" ORDER BY bouquet\n'),
    "etc/enigma2/userbouquet.favourites.tv": (0o644, "#NAME Favourites\n#SERVICE 1:0:19:283D:3FB:1:C00000:0:0:0:\n"),
    "etc/tuxbox/satellites.xml": (0o644, '<satellites><sat name="Astra 19.2E" flags="0" position="192"/></satellites>\n'),
    "usr/bin/enigma2.sh": (0o755, "#!/bin/sh\nexec /usr/bin/enigma2\n"),
    "usr/share/enigma2/skin.xml": (0o644, '<skin><screen name="Main" position="center,center" size="720,576"/></skin>\n'),
    "usr/share/enigma2/keymap.xml": (0o644, '<keymap><map context="Global"><key id="KEY_POWER" mapto="power" flags="m"/></map></keymap>\n'),
    "usr/lib/enigma2/python/Plugins/Extensions/Guide/__init__.py": (0o644, "\n"),
    "usr/lib/enigma2/python/Plugins/Extensions/Guide/plugin.py": (
        0o644,
        'GUIDE = "https://guide.exampletv.example.org/epg"\n\n\ndef Plugins(**kwargs):\n    return []\n',
    ),
    "var/lib/opkg/status": (0o644, "Package: enigma2\nVersion: 6.4-r0\nStatus: install ok installed\nArchitecture: all\n"),
}  # fmt: skip
_APPLETS = ("sh", "cat", "ls", "mount", "syslogd", "ifup", "wget", "crond", "telnetd", "login")
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc000000301010018dd8db0"
    "0000000049454e44ae426082"
)


class Receiver(Genuine):
    """See the module."""

    name: ClassVar[str] = "receiver"
    title: ClassVar[str] = (
        "a receiver laid out like enigma2, in jffs2: busybox and dropbear of Debian, all else made by us"
    )
    publisher: ClassVar[str] = "Example TV"
    product: ClassVar[str] = "Example TV box"
    version: ClassVar[str] = "6.4"
    suffix: ClassVar[str] = ".jffs2"
    mutable: ClassVar[str] = "set-top-box"

    def unpacked(self) -> Tree:
        """Return its files."""
        busybox, dropbear = (
            read_tar(unpack_stream(read_ar(each)["data.tar.xz"]))
            for each in fetch(("busybox-static", "dropbear-bin"), self.workshop.store)
        )
        edits: list[Edit] = [add(path, text, mode) for path, (mode, text) in _FILES.items()]
        edits += [link(f"bin/{name}", "busybox") for name in _APPLETS]
        edits += [
            link(f"etc/rc3.d/S{number}{name}", f"../init.d/{name}")
            for number, name in ((10, "networking"), (20, "syslog"), (30, "dropbear"))
        ]
        edits += [
            add("bin/busybox", busybox["bin/busybox"].data, 0o755),
            add("usr/sbin/dropbear", dropbear["usr/sbin/dropbear"].data, 0o755),
            add("usr/bin/enigma2", status(place="https://box.exampletv.example.org/hello"), 0o755),
            add("usr/lib/libciplus.so", library(), 0o755),
            add("usr/share/enigma2/bootlogo.png", PICTURE),
        ]
        tree = both(*edits)({"": Item(tarfile.DIRTYPE, 0o755)})
        for folder in ("dev", "proc", "sys", "tmp", "media", "home", "home/root", "etc/dropbear", "usr/keys"):
            tree.setdefault(folder, Item(tarfile.DIRTYPE, 0o755, mtime=MOMENT))
        return dict(sorted(tree.items()))

    def pack(self, tree: Tree) -> bytes:
        """Return a jffs2 image."""
        return write_jffs2(tree, self.workshop.scratch)

    def packings(self) -> Mapping[str, Callable[[], bytes]]:
        """Return other compression, erase blocks and padding."""
        return {
            "jffs2, uncompressed": lambda: write_jffs2(
                self.tree, self.workshop.scratch, "-l", "-e", "128KiB", "-m", "none"
            ),
            "jffs2, padded to 8 MiB": lambda: write_jffs2(
                self.tree, self.workshop.scratch, "-l", "-e", "128KiB", "--pad=0x800000"
            ),
        }
