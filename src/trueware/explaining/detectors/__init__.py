"""Detectors: one file for each subject; `trueware.explaining.contract` says what one is."""
