"""TamperBench: kinds of tampering and of legitimate variation, each made from genuine software and with what must be said of it.

`genuine` has the software they are made from, `kinds` what is done to it, `variations` what a device or its owner does by right,
`making` the programs, packages and images that this takes, `peers` the other tools asked, `trial` and `report` the rest.
Everything is made from fixed seeds. No payload does anything: scripts echo, programs return 0, no line can be reached that would
listen, send or fetch; addresses are those reserved for documentation (RFC 5737, RFC 2606).
"""
