"""Fleet consensus: what most devices of one model agree on, without any maker's help, and who differs.

`agree` is the way in: devices (`evidence.Device`) and a rule (`rule.Rule`) in, a `told.Consensus` out.
"""
