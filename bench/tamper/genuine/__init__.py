"""The genuine software: one file for each group, and all by name in `GENUINE`."""

from tamper.genuine.apps import AndroidApp, BootSet, TvApp
from tamper.genuine.debian import Debian
from tamper.genuine.form import Genuine
from tamper.genuine.phone import Phone
from tamper.genuine.receiver import Receiver
from tamper.genuine.routers import Demo, Onu, OpenWrt

GENUINE: dict[str, type[Genuine]] = {
    each.name: each for each in (OpenWrt, Onu, Debian, Demo, Phone, Receiver, BootSet, TvApp, AndroidApp)
}
