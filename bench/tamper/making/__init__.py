"""What has to be made: programs, packages, manifests, keys, file systems, boot images."""
