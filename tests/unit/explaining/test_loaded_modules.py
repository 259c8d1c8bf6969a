"""Modules that lists load."""

import pytest
from tests.unit.explaining.cases import Tree, case, rules

from trueware.explaining.detectors.loaded_modules import LoadedModules

BASE: Tree = {"etc/passwd": b"x", "bin/x": b"x", "lib/x": b"x", "usr/x": b"x", "etc/modules.d/wifi": b"cfg80211\n"}
KO = "lib/modules/6.1/net-extra.ko"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"etc/modules-load.d/x.conf": b"net_extra\n", KO: b"x"}, ["new-module-loaded"]),
        ({KO: b"x"}, {"etc/modules-load.d/x.conf": b"net_extra\n", KO: b"y"}, ["new-module-loaded"]),
        ({KO: b"x"}, {"etc/modules-load.d/x.conf": b"net_extra\n", KO: b"x"}, ["module-loaded"]),
        ({"etc/modules": b"loop\n"}, {"etc/modules": b"loop max_loop=8\n"}, []),
        ({"etc/modules": b"loop\n"}, {"etc/modules": b"# net_extra\nloop\n"}, []),
        ({"etc/modules": b"loop\n"}, {"etc/modules": b"loop\ncfg80211 ieee80211_regdom=BO\n"}, []),
        ({"etc/modules": b"loop\n"}, {"etc/modules": b"loop\nmac80211 nohwcrypt=1\n"}, []),
        ({}, {"etc/modules": b"net_extra debug=1\n", KO: b"x"}, ["new-module-loaded"]),
        ({}, {"etc/modprobe.d/x.conf": b"net_extra\n", KO: b"x"}, []),
    ],
)
def test_lists_of_modules(before: Tree, after: Tree, expected: list[str]) -> None:
    assert rules(LoadedModules, case({**BASE, **before}, {**BASE, **after})) == expected
