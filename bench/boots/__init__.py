"""Virtual machines that boot with a TPM and IMA, and evidence that is taken inside them."""
