#!/bin/sh
# Lists what is on a device: every file with its SHA-256, some small files, and what runs. Writes to standard output only;
# makes no file, changes nothing. Needs a POSIX shell with find, sed, readlink, tee, wc and sha256sum, as busybox and toybox have them.
# What comes out is described in docs/reference/listing.md.
#
#   sh collect.sh > device.twl             by hand; settings go before it: ROOT=/mnt sh collect.sh
#
# ROOT         folder taken for the root of the device (default /)
# TREES        mount points to list, separated by spaces (default: "/" and the mounted file systems that hold software)
# CONTENTS     0: print the content of no file
# MAX_CONTENT  bytes of the largest file whose content is printed (default 65536)
# RUNNING      0: say nothing of what runs
# ARGUMENTS    1: also print the arguments of running programs, in which secrets may stand
# PARTITIONS   1: digest flash and system partitions too
# MAX_SECONDS  stop listing after so long (default 1800)

LC_ALL=C; export LC_ALL
command -v find >/dev/null 2>&1 || PATH=$PATH:/usr/sbin:/usr/bin:/sbin:/bin:/system/bin; export PATH
: "${ROOT:=/}" "${TREES:=}" "${CONTENTS:=1}" "${MAX_CONTENT:=65536}" "${RUNNING:=1}" "${ARGUMENTS:=0}" "${PARTITIONS:=0}" "${MAX_SECONDS:=1800}"
N='
'
T=$(printf '\t')
C=$(printf '\r')
export N T C MAX_CONTENT

# Names are taken from find line by line. Those with a line end in them, and what is below them, are found apart, and each is given
# to a shell of its own, as an argument, with this text.
CODE='
case ${KSH_VERSION-} in *MIRBSD*) out() { print -r -- "$1"; } ;; *) out() { printf "%s\n" "$1"; } ;; esac
rep() {
  S=$E; E=
  while :; do case $S in *"$1"*) E=$E${S%%"$1"*}$2; S=${S#*"$1"} ;; *) break ;; esac; done
  E=$E$S
}
esc() { # leaves in E a name as a listing has it
  E=$1
  case $E in *"\\"* | *"$N"* | *"$C"* | *"$T"*) rep "\\" "\\\\"; rep "$N" "\\n"; rep "$C" "\\r"; rep "$T" "\\t" ;; esac
}
attributes() { # of what is called E in a listing
  if [ "$STAT" = stat ]; then X=$(stat -c "%f %u %g %s %Y %t %T" "$1" 2>/dev/null); K=s
  else X=$(ls -lnd "$1" 2>/dev/null); X=${X%%" ./"*}; X=${X%" ."}; K=m; fi
  out "$K $X$T$E"
}
target() {
  P=$E; L=$(readlink "$1"; echo x); esc "${L%"${N}x"}"; out "l $P$T$E"
}
list() { # one record of attributes for each argument, the target of each link, the digest of each file; plain names many at a time
  [ "$(date +%s)" -lt "$DEADLINE" ] || return 1
  for f do
    shift
    if [ -d "$f" ] && [ ! -L "$f" ] && ! { [ -r "$f" ] && [ -x "$f" ]; }; then esc "$f"; out "u $E"; fi
    case $f in
      *[!\ -~]* | *"\\"*)
        esc "$f"; attributes "$f"
        if [ -L "$f" ]; then target "$f"
        elif [ -f "$f" ] && [ "$DIGEST" ] && X=$($DIGEST <"$f" 2>/dev/null); then out "f ${X%% *}  $E"
        fi ;;
      *) set -- "$@" "$f" ;;
    esac
  done
  [ $# -gt 0 ] || return 0
  [ "$STAT" = ls ] || stat -c "s %f %u %g %s %Y %t %T$T%n" "$@" 2>/dev/null
  for f do
    shift
    if [ -f "$f" ] && ! [ -L "$f" ]; then set -- "$@" "$f"; continue; fi
    E=$f
    [ "$STAT" = stat ] || attributes "$f"
    [ ! -L "$f" ] || target "$f"
  done
  [ $# -gt 0 ] || return 0
  [ "$STAT" = stat ] || ls -lnd "$@" 2>/dev/null | sed "s/^/m /; s| \./|$T./|"
  [ -z "$DIGEST" ] || $DIGEST "$@" 2>/dev/null | sed "s/^/f /"
  return 0
}
'
eval "$CODE"

secret() { # the lines of a file of accounts, each hash replaced by one that is made of its digest
  R=
  while IFS= read -r line || { R=1; [ "$line" ]; }; do
    user=${line%%:*}; rest=${line#*:}; hash=${rest%%:*}
    case $hash in
      "" | "*"* | "$line") X=$hash ;;
      "!"*) X="!" ;;
      "\$"* | ?????????????*)
        X=0000000000000000000000000000000000000000000
        case $hash in "\$"*) if [ "$DIGEST" ]; then X=$(printf %s "$hash" | $DIGEST); X=${X%% *}; X=${X%?????????????????????}; fi ;; esac
        X="\$5\$redacted\$$X" ;;
      *) X=$hash ;;
    esac
    case $rest in *:*) tail=:${rest#*:} ;; *) tail= ;; esac
    [ "$user" = "$line" ] || line="$user:$X$tail"
    out "|$line"
    [ -z "$R" ] || break
  done <"$1"
}

content() { # FILE: what is in it, if it is small enough
  [ -f "$1" ] && [ ! -L "$1" ] && [ -r "$1" ] && [ "$(wc -c <"$1")" -le "$MAX_CONTENT" ] || return 0
  esc "$1"
  case $1 in
    */passwd | */passwd- | */shadow | */shadow- | */gshadow | */gshadow-) out "r $E"; secret "$1"; [ "$R" ] && [ "$line" ] || out '' ;;
    ./etc/config/*)
      out "r $E"
      B="[ $T]"; W="[^ $T]"
      S="s/^|\($B*option$B$B*$W*"; R="$W*$B$B*\).*/|\1redacted/"
      sed -e 's/^/|/' -e "${S}key$R" -e "${S}pass$R" -e "${S}secret$R" -e "${S}psk$R" -e "${S}pin$R" -e "${S}token$R" "$1"
      out '' ;;
    *) out "c $E"; sed 's/^/|/' "$1"; out '' ;;
  esac
}

scripts() { # of those whose names come in, the content of each that begins like a script
  while IFS= read -r f; do
    first=; IFS= read -r first <"$f"
    case $first in '#!'*) content "$f" ;; esac
  done
}

text() { # NAME FILE: lines of a text
  [ -r "$2" ] || return 0
  esc "$1"; out "x $E"; sed 's/^/|/' "$2" 2>/dev/null; out ''
}

filter() { # NAME COMMAND...: the lines that a command says
  E=$1; shift
  out "x $E"; "$@" 2>/dev/null | sed 's/^/|/'; out ''
}

choose() { # tools
  DIGEST=
  for try in sha256sum 'busybox sha256sum' 'toybox sha256sum' 'openssl dgst -sha256 -r'; do
    case $(printf x | $try 2>/dev/null) in
      2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881*) DIGEST=$try; break ;;
    esac
  done
  STAT=ls
  case $(stat -c 's %f %u %g %s %Y %t %T' / 2>/dev/null) in 's 4'*' '*' '*' '*' '*' '*) STAT=stat ;; esac
  DEADLINE=$(($(date +%s) + MAX_SECONDS))
  export DIGEST STAT DEADLINE
}

holds_software() { # MOUNT FS: whether a mounted file system is listed unasked
  case $1 in
    / | /rom) return 0 ;;
    /overlay | /overlay/* | /data | /data/* | /data_mirror/* | /apex/* | /mnt/* | /media/* | /storage/* | /home | /home/* | /run/* | /tmp/* | /var/lib/*) return 1 ;;
  esac
  case $2 in
    ext2 | ext3 | ext4 | f2fs | squashfs | jffs2 | ubifs | yaffs | yaffs2 | cramfs | romfs | erofs | btrfs | xfs | overlay | vfat | msdos | iso9660) return 0 ;;
  esac
  return 1
}

tree() { # MOUNT FS
  esc "$1"; out "t $2$T$E"
  cd "$ROOT/$1" 2>/dev/null || { out "h unread cannot enter $E"; return 0; }
  # a shell of its own for some names at a time: what it takes is free again, and few shells are thrifty with long loops
  find . -xdev -name "*$N*" -prune -o -print | while (
    set --
    while [ $# -lt 64 ] && IFS= read -r name; do set -- "$@" "$name"; done
    [ $# -gt 0 ] && list "$@"
  ); do :; done
  find . -xdev -path "*$N*" -exec sh -c "$CODE"'list "$@"' sh {} \;
  [ "$(date +%s)" -lt "$DEADLINE" ] || out "h stopped MAX_SECONDS=$MAX_SECONDS"
}

contents() {
  cd "$ROOT" || return 0
  for f in ./etc/os-release ./usr/lib/os-release ./etc/openwrt_release ./etc/openwrt_version ./etc/device_info \
    ./etc/lsb-release ./etc/version ./etc/image-version ./usr/lib/enigma.info ./lib/gluon/release \
    ./build.prop ./default.prop ./prop.default ./system/build.prop ./vendor/build.prop ./vendor/default.prop ./odm/etc/build.prop \
    ./product/etc/build.prop ./system_ext/etc/build.prop \
    ./etc/passwd ./etc/shadow ./etc/group ./etc/gshadow ./etc/securetty ./etc/shells ./etc/sudoers ./etc/sudoers.d/* ./etc/doas.conf \
    ./etc/inittab ./etc/preinit ./etc/profile ./etc/profile.d/* ./etc/rc.local ./etc/rc.common ./etc/rc ./etc/fstab ./etc/inetd.conf \
    ./etc/xinetd.d/* ./etc/ld.so.preload ./etc/environment ./etc/init.d/* ./etc/uci-defaults/* ./etc/hotplug.d/*/* ./etc/modules.d/* \
    ./etc/crontab ./etc/crontabs/* ./etc/cron.d/* ./var/spool/cron/* ./var/spool/cron/crontabs/* ./init*.rc ./etc/init/*.rc \
    ./etc/systemd/system/*.service ./etc/systemd/system/*.timer ./etc/systemd/system/*.socket \
    ./etc/hosts ./etc/nsswitch.conf ./etc/resolv.conf ./etc/sysctl.conf ./etc/sysctl.d/* ./etc/sysupgrade.conf \
    ./etc/firewall.user ./etc/nftables.conf ./etc/nftables.d/* ./etc/config/* \
    ./etc/opkg.conf ./etc/opkg/*.conf ./etc/opkg/keys/* ./etc/apk/repositories ./etc/apk/repositories.d/* ./etc/apk/keys/* \
    ./etc/apt/sources.list ./etc/apt/sources.list.d/* ./etc/pam.d/* ./etc/ssh/sshd_config ./etc/ssh/sshd_config.d/* \
    ./etc/dropbear/authorized_keys ./root/.ssh/authorized_keys ./home/*/.ssh/authorized_keys ./etc/swupdate.cfg
  do content "$f"; done
  find . -xdev -name "*$N*" -prune -o -type f -perm -0100 -size -128 -print | scripts
  for d in ./www ./usr/lib/cgi-bin; do
    [ ! -d $d ] || find $d -xdev -name "*$N*" -prune -o -type f ! -perm -0100 -size -128 -print | scripts
  done
}

running() {
  for name in mounts version cmdline mtd modules partitions net/tcp net/tcp6 net/udp net/udp6 sys/kernel/tainted; do
    text "/proc/$name" "/proc/$name"
  done
  for file in /tmp/sysinfo/board_name /tmp/sysinfo/model /proc/device-tree/model; do text "$file" "$file"; done
  for file in /usr/lib/opkg/status /var/lib/dpkg/status; do
    [ ! -r $file ] || filter "$file" grep -E '^(Package|Version|Status):' $file
  done
  [ ! -r /lib/apk/db/installed ] || filter /lib/apk/db/installed grep -E '^[PV]:' /lib/apk/db/installed
  if command -v getprop >/dev/null 2>&1; then android; fi
  SEEN='|'
  for d in /proc/[0-9]*; do
    exe=$(readlink "$d/exe" 2>/dev/null) && [ "$exe" ] || continue
    X=-
    case $SEEN in
      *"|$exe|"*) ;;
      *) [ -z "$DIGEST" ] || { X=$($DIGEST <"$d/exe" 2>/dev/null) && X=${X%% *} || X=-; }; SEEN="$SEEN$exe|" ;;
    esac
    esc "$exe"; line="p ${d#/proc/} $X$T$E"
    if [ "$ARGUMENTS" = 1 ]; then esc "$(tr '\000' ' ' <"$d/cmdline" 2>/dev/null)"; line="$line$T$E"; fi
    out "$line"
  done
}

android() { # properties without what names the owner's device, packages, settings, and the digests of installed apps
  out 'x getprop'
  getprop 2>/dev/null | sed -e 's/^/|/' -e '/^|\[[^]]*\(serial\|imei\|meid\|iccid\|imsi\|macaddr\|mac_addr\|hostname\|phone\|gsm\.\)/s/: \[.*/: [redacted]/'
  out ''
  out 'x pm list packages'
  { pm list packages -f -U --show-versioncode || pm list packages -f; } 2>/dev/null | sed 's/^/|/'
  out ''
  filter getenforce getenforce
  for key in adb_enabled adb_wifi_enabled development_settings_enabled package_verifier_enable verifier_verify_adb_installs; do
    filter "settings global $key" settings get global $key
  done
  filter 'settings secure enabled_accessibility_services' settings get secure enabled_accessibility_services
  filter 'settings secure install_non_market_apps' settings get secure install_non_market_apps
  text /proc/bootconfig /proc/bootconfig
  [ -z "$DIGEST" ] || pm list packages -f -3 2>/dev/null | while IFS= read -r line; do
    apk=${line#package:}; apk=${apk%=*}
    X=$($DIGEST <"$apk" 2>/dev/null) && { esc "$apk"; out "d ${X%% *}$T$E"; }
  done
}

partitions() {
  for d in /dev/mtd*ro /dev/mtd/*ro /dev/block/by-name/* /dev/block/bootdevice/by-name/*; do
    [ -r "$d" ] || continue
    case $d in */userdata* | */cache* | */metadata* | */persist* | */misc) continue ;; esac
    X=$($DIGEST <"$d" 2>/dev/null) && { esc "$d"; out "d ${X%% *}$T$E"; }
  done
}

listing() {
  choose
  out 'trueware-listing 1'
  out "h root $ROOT"
  out "h uid $(id -u)"
  out "h time $(date +%s)"
  out "h digest ${DIGEST:-none}"
  out "h stat $STAT"
  out "h system $(uname -srm)"
  if [ "$TREES" ] || [ "$ROOT" != / ]; then
    for mount in ${TREES:-/}; do (tree "$mount" -); done
  else
    fs=-
    while read -r _ mount kind _; do [ "$mount" != / ] || fs=$kind; done </proc/mounts
    (tree / "$fs")
    done_='|/|'
    while read -r _ mount kind _; do
      case $done_ in *"|$mount|"*) continue ;; esac
      done_="$done_$mount|"
      if holds_software "$mount" "$kind"; then (tree "$mount" "$kind"); else out "k $kind$T$mount"; fi
    done </proc/mounts
  fi
  [ "$CONTENTS" != 1 ] || (contents)
  [ "$RUNNING" != 1 ] || [ "$ROOT" != / ] || running
  [ "$PARTITIONS" != 1 ] || [ -z "$DIGEST" ] || partitions
}

summed() { # the listing, its digest and its length, through pipes alone
  choose
  if [ "$DIGEST" ] && [ "$({ echo x | tee /proc/self/fd/3 2>/dev/null | cat >/dev/null; } 3>&1)" = x ]; then
    {
      listing | tee /proc/self/fd/3 | {
        { tee /proc/self/fd/4 | wc -c | sed 's/^ */z bytes /; s/ *$//' >&3; } 4>&1 | $DIGEST | sed 's/^\([0-9a-f]*\).*/z sha256 \1/' >&3
      }
      echo 'z end'
    } 3>&1 | cat
  else
    { listing; echo 'z unsummed'; echo 'z end'; } | cat
  fi
}

summed </dev/null 2>/dev/null
