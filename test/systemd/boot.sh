#!/bin/bash
# boot.sh FOLDER CGROUP NODE: systemd as process 1 of new namespaces, on this machine's files below a writable layer.
#
# FOLDER/upper is that layer, and FOLDER/units is /etc/systemd/system: both stay for the next boot. The file NODE is bound to
# /opt/node. CGROUP is made, and holds all of its processes. Devices are those of a new network namespace; what sysctl sets
# for the whole kernel is read-only.
set -e
folder=$1
cgroup=$2
mkdir -p "$cgroup"
echo $$ > "$cgroup/cgroup.procs"
# shellcheck disable=SC2016
exec unshare --pid --fork --kill-child --mount --propagation private --uts --ipc --net --cgroup bash -ec '
folder=$0
mount -t overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" overlay "$folder/root"
cd "$folder/root"
touch opt/node
mount --bind "$1" opt/node
mount --bind "$folder/units" etc/systemd/system
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount -t proc proc proc
for each in sys/fs sys/kernel sysrq-trigger; do
  [ -e proc/$each ] || continue
  mount --bind proc/$each proc/$each
  mount -o remount,bind,ro proc/$each
done
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs tmpfs dev
for each in null zero full random urandom tty; do
  touch dev/$each
  mount --bind /dev/$each dev/$each
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
# Journals of the tunings of this machine itself.
if [ ! -e "$folder/booted" ]; then
  rm -rf var/lib/locality-tune
  touch "$folder/booted"
fi
# Of what a distribution starts, only the journal: no udev, no sysctl, no modules.
for wants in sysinit multi-user sockets timers; do
  mount -t tmpfs tmpfs usr/lib/systemd/system/$wants.target.wants
done
ln -s ../systemd-journald.service usr/lib/systemd/system/sysinit.target.wants/
ln -s ../systemd-journald.socket usr/lib/systemd/system/sockets.target.wants/
# No generator makes units of what this machine mounts.
rm -f etc/fstab
mkdir -p old
pivot_root . old
umount -l /old
hostname booted
ip link set lo up
if [ -x /etc/before-boot ]; then /etc/before-boot; fi
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin container=locality-tune \
  /lib/systemd/systemd --unit=multi-user.target --log-target=journal
' "$folder" "$3"
