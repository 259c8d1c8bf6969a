#!/bin/sh
# PID 1 of the initrd: loads what reaches the disks, mounts the root, and goes there.
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
while read -r module; do insmod "/modules/$module"; done < /modules/order
tries=0
while [ ! -b /dev/vdd ] && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
mount -t ext4 -o ro /dev/vdb /root
for each in dev proc sys; do mount --move /$each /root/$each; done
exec switch_root /root /usr/sbin/evidence
