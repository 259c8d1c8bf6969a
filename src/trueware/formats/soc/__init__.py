"""What makers of chips for phones, tablets and receivers define: boot loaders, partitions and whole upgrades."""
