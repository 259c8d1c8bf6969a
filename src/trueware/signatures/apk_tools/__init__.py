"""Packages and indexes of apk-tools, Alpine's and OpenWrt's: what is signed in version 3 and in version 2."""
