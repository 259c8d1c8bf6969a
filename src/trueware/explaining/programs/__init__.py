"""What changed in an ELF file, subject by subject; `trueware.explaining.detectors.programs` and `.kernel_modules` ask all of them."""
