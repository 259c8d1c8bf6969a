"""Firmware images and partition tables: headers around regions."""
