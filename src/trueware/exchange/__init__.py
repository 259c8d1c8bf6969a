"""Documents that travel between registries, laboratories and states: CoRIM, CoSWID, CoSERV, SBOMs. Bytes in, values out, and back."""
