#!/bin/sh
# PID 1 of the root: quotes from inside, does what the scenario says, quotes again, writes all to the third disk, and ends.
# The fourth disk holds lines: name of the scenario, and a nonce for each snapshot.
export PATH=/usr/sbin:/usr/bin HOME=/ TPM2TOOLS_TCTI=device:/dev/tpmrm0
SECURITY=/sys/kernel/security
KEY=0x81010002
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
mount -t securityfs securityfs $SECURITY
mkdir /run/out
cd /run/out || exit 1
dd if=/dev/vdd bs=512 count=1 2>/dev/null | tr -d '\000' > /run/asked
{ read -r scenario; read -r nonce_boot; read -r nonce_service; read -r nonce_after; } < /run/asked

cat /proc/cmdline > cmdline.txt
cat /proc/version > version.txt
dmesg > dmesg.txt
cat $SECURITY/tpm0/binary_bios_measurements > binary_bios_measurements
cat $SECURITY/ima/policy > ima_policy.txt 2>/dev/null || rm -f ima_policy.txt

tpm2 nvread 0x01c00002 -C o > ek_rsa_cert.der
tpm2 nvread 0x01c00016 -C o > ek_ecc_cert.der
tpm2 nvread 0x01c08000 -C o > platform_cert.der
tpm2 createek -c /run/ek.ctx -G rsa -u ek.pub
if ! tpm2 readpublic -c $KEY > /dev/null 2>&1; then # a machine has one attestation key, made when it boots first
    tpm2 createak -C /run/ek.ctx -c /run/ak.ctx -G ecc -g sha256 -s ecdsa > /dev/null
    tpm2 evictcontrol -C o -c /run/ak.ctx $KEY > /dev/null
fi
tpm2 readpublic -c $KEY -o ak.pub -n ak.name > ak.yaml

snapshot() { # folder nonce
    mkdir "$1"
    echo "$2" > "$1/nonce.hex"
    tpm2 quote -c $KEY -l sha256:0,1,2,3,4,5,6,7,8,9,10,11,12,13,14 -g sha256 -q "$2" \
        -m "$1/quote.msg" -s "$1/quote.sig" -o "$1/quote.pcrs" > "$1/quote.yaml"
    cat $SECURITY/ima/binary_runtime_measurements > "$1/binary_runtime_measurements"
    cat $SECURITY/ima/ascii_runtime_measurements > "$1/ascii_runtime_measurements"
    echo "evidence: $1 after $(cut -d' ' -f1 /proc/uptime) s, $(cat $SECURITY/ima/runtime_measurements_count) files"
}

implant() { # path: a program that no release has
    mkdir -p "${1%/*}"
    cp /usr/bin/id "$1"
    echo implant >> "$1"
    chmod 755 "$1"
    "$1" > /dev/null
}

snapshot 0_boot "$nonce_boot"
for program in id uname date sha256sum; do "/usr/bin/$program" --version > /dev/null; done
snapshot 1_service "$nonce_service"
case "$scenario" in
    added-on-disk)
        mount -o remount,rw /
        implant /opt/implant/id
        implant /usr/bin/implant
        snapshot 2_after "$nonce_after"
        ;;
    added-in-memory)
        implant /run/implant/id
        snapshot 2_after "$nonce_after"
        ;;
esac
tar cf /dev/vdc .
sync
echo "evidence: done"
echo o > /proc/sysrq-trigger
sleep 60
