"""Fleet consensus: what most devices of one model agree on, without any maker's help, and who differs."""
