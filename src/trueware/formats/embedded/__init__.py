"""Boot firmware, and images as programmers of flash memories, boot loaders and update programs take them."""
