"""Programs known by what they are for."""

import pytest
from tests.unit.explaining.cases import case, rules

from trueware.explaining.detectors.lending_and_recording import LendingAndRecording

PATH, HEAD = "etc/init.d/relay", "#!/bin/sh /etc/rc.common\nstart() {\n"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("microsocks -i 0.0.0.0 -p 1080", ["line-lent"]),
        ("start-stop-daemon -S -x /usr/sbin/tinyproxy -- -c /etc/tinyproxy.conf", ["line-lent"]),
        ("arecord -D hw:0,0 -f cd -d 600 /media/a.wav", ["sound-or-picture-recorded"]),
        ("ffmpeg -f v4l2 -i /dev/video0 /tmp/a.mkv", ["sound-or-picture-recorded"]),
        ("gst-launch-1.0 alsasrc ! filesink location=/tmp/a", ["sound-or-picture-recorded"]),
        # near misses
        ("aplay -D hw:0,0 /usr/share/a.wav", []),
        ("arecord -l", []),
        ("ffmpeg -i /tmp/a.mkv -f alsa default", []),
        ("echo microsocks", []),
        ("privoxy /etc/privoxy.conf", []),
        ("gst-launch-1.0 filesrc location=/a ! alsasink", []),
    ],
)
def test_a_line_that_came(line: str, expected: list[str]) -> None:
    before, after = f"{HEAD}true\n}}\n", f"{HEAD}true\n{line}\n}}\n"
    assert rules(LendingAndRecording, case({PATH: before.encode()}, {PATH: after.encode()})) == expected
    assert rules(LendingAndRecording, case({}, {PATH: after.encode()})) == expected


def test_other_arguments_of_what_runs_anyway_are_no_news() -> None:
    before, after = (f"{HEAD}tinyproxy -c {name}\n}}\n".encode() for name in ("a", "b"))
    assert rules(LendingAndRecording, case({PATH: before}, {PATH: after})) == []
