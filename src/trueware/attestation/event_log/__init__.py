"""The boot event log: what firmware, boot loaders and kernels say they measured into a TPM, or into a TD's registers.

A log is no evidence by itself. It is believed as far as it replays to register values that somebody signed, and what its events
*say* only where the digest that was extended is the hash of what they say. So the parts build on each other:

* `reading` reads bytes into an `EventLog`, and keeps what came before damage.
* `replaying` computes the registers, and finds the part of the log that a quote covers.
* `proving` tells for each event whether its data is what was measured.
* `telling` and the modules that it uses say in words what an event says; `facts` what matters of it for security.
* `comparing` names the first events that differ from those of a log that is known to be good; `referencing` makes reference values.
"""
