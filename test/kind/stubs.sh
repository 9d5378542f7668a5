#!/usr/bin/env bash
# Stands for docker, kind and kubectl, by the name it is called with: writes down each call, and knows of a cluster and a
# registry what it was told to make and remove.
set -euo pipefail
called="$(basename "$0") $*"
echo "$called" >>"$STUB_STATE/calls"
remember() { touch "$STUB_STATE/$1"; }
forget() { rm -f "$STUB_STATE/$1"; }
knows() { [[ -e $STUB_STATE/$1 ]]; }

case $called in
  'docker info') ! knows docker-is-down ;;
  'docker info --format'*) knows rootless && echo '[name=seccomp name=rootless]' || echo '[name=seccomp]' ;;
  'docker container inspect --format {{.State.Running}} checkpoint-warden-registry') knows registry && echo true ;;
  'docker container inspect --format {{.State.Running}} '*) knows cluster && echo true ;;
  'docker container inspect --format {{json '*) knows connected && echo '{}' || echo null ;;
  'docker run '*) remember registry ;;
  'docker rm '*) forget registry && forget connected ;;
  'docker network connect '*) remember connected ;;
  'docker exec checkpoint-warden-worker2 criu check') ! knows no-criu ;;
  'docker container inspect --format {{.NetworkSettings.Networks.kind.IPAddress}} checkpoint-warden-worker') echo 172.18.0.3 ;;
  'docker container inspect --format {{.NetworkSettings.Networks.kind.IPAddress}} checkpoint-warden-worker2') echo 172.18.0.4 ;;
  'docker container inspect --format {{.State.Pid}} checkpoint-warden-worker') echo 4711 ;;
  'docker container inspect --format {{.State.Pid}} checkpoint-warden-worker2') echo 4712 ;;
  'docker container inspect --format {{.NetworkSettings.Networks.kind.IPAddress}} checkpoint-warden-control-plane') echo 172.18.0.2 ;;
  'docker container inspect --format {{.State.Pid}} checkpoint-warden-control-plane') echo 4710 ;;
  'docker exec '*' findmnt --type tmpfs '*) knows "disk-$2" ;;
  'docker exec '*' umount --lazy '*) forget "disk-$2" ;;
  'docker exec '*' mount -t tmpfs '*) remember "disk-$2" ;;
  'docker exec '*' cat /sys/class/net/eth0/iflink') cat /sys/class/net/lo/ifindex ;;
  'docker exec checkpoint-warden-control-plane cat /etc/kubernetes/pki/'*) cat "$STUB_STATE/${called##*/}" ;;
  'docker exec --interactive '*) cat >>"$STUB_STATE/stdin" ;;
  'docker image inspect '*) echo 'localhost:5001/checkpoint-warden@sha256:cafe' ;;
  'kind version') echo "kind v$(cat "$STUB_STATE/kind-version" 2>/dev/null || echo 0.33.0) go1.26.8 linux/amd64" ;;
  'kind get clusters') if knows cluster; then echo checkpoint-warden; else echo 'No kind clusters found.' >&2; fi ;;
  'kind get nodes '*) printf '%s\n' checkpoint-warden-control-plane checkpoint-warden-worker checkpoint-warden-worker2 ;;
  'kind create cluster '*) remember cluster ;;
  'kind delete cluster '*) forget cluster ;;
  'kubectl config view '*) echo -n https://127.0.0.1:6443 ;;
  'kubectl apply '*) cat >"$STUB_STATE/applied" ;;
esac
