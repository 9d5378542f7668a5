#!/bin/bash
# node.sh ROOTFS FOLDER KUBERNETES NAME: makes a node of the mount, PID, network, UTS and IPC namespace that it is started in
# (unshare --fork): the root filesystem ROOTFS under a layer of its own in memory, with /proc, /sys, /dev and the folder
# KUBERNETES as /opt/kubernetes. FOLDER is an empty folder to mount it on; nobody else sees what is mounted there.
set -eu
rootfs=$1 folder=$2 kubernetes=$3 name=$4

hostname "$name"
mount -t tmpfs tmpfs "$folder"
mkdir "$folder"/{upper,work,root}
mount -t overlay overlay -o "lowerdir=$rootfs,upperdir=$folder/upper,workdir=$folder/work" "$folder/root"

cd "$folder/root"
mkdir -p old opt/kubernetes
mount --bind "$kubernetes" opt/kubernetes
mount -t proc proc proc
mount -t sysfs sysfs sys
mount --rbind /sys/fs/cgroup sys/fs/cgroup
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount -t tmpfs tmpfs dev
mkdir dev/{pts,shm,mqueue}
for device in null zero full random urandom tty kmsg; do
  [[ -e /dev/$device ]] || continue
  touch "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mount -t devpts devpts dev/pts -o newinstance,ptmxmode=0666
mount -t tmpfs shm dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd

pivot_root . old
umount -l /old
rmdir /old
cd /
# The kubelet and containerd mount into folders that pods see.
mount --make-rshared /
# The layers of containers cannot lie on an overlay filesystem.
mount -t tmpfs tmpfs /var/lib
mkdir -p /var/lib/{containerd,kubelet/checkpoints}
chmod 700 /var/lib/kubelet/checkpoints
# A filesystem of its own: a test gives it another size, and pods that have it mounted see that.
mount -t tmpfs -o size=512m,mode=700 checkpoints /var/lib/kubelet/checkpoints
mkdir -p /etc/containerd /etc/cni/net.d /var/log/pods

touch /run/node-is-made
exec tini -- sleep infinity
