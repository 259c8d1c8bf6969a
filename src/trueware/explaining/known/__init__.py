"""What detectors know by name: small reviewed tables, one file for each kind of thing, every row with what it is or its source."""
