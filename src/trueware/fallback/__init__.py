"""A reader for what trueware itself does not read: another program, confined, on bytes that would else stay opaque.

It is asked for, never used by itself. What it finds is reported and measured, and is marked as found so: its names, attributes and
contents are that program's word, no reading of ours, and nothing becomes genuine by them.

============  ==============================================================
module        what it does
============  ==============================================================
unblob        runs unblob and reads what it wrote
sandbox       runs a program so that it can write to one folder, and reach no network
confine       the step between: takes its own rights away, then becomes the program
============  ==============================================================
"""

from trueware.fallback.sandbox import Sandbox, SandboxUnavailable
from trueware.fallback.unblob import Unblob

__all__ = ["Sandbox", "SandboxUnavailable", "Unblob"]
