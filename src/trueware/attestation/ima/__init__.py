"""Linux IMA: the list of files that the kernel measured before they ran or were read, and its replay."""
