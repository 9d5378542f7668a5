#!/usr/bin/env bash
# Makes the cluster of kind/up.sh one that the end-to-end tests of this repository take for theirs: loads the images they use
# under the names they have there, gives each node a small disk for archives (kind/checkpoints shows none from then on),
# writes where the cluster is into kind/address, and prints the variable that leads there.
#
# A node of kind is a process of this machine, as one of theirs is: with root they reach its files and network the same way.
#
#   kind/for-tests.sh      then, as root and with that variable: npm run test:cluster -- --e2e
#
# Needs Node.js beside what kind/up.sh needs, and the image of kind/load.sh. kind/address holds the key of the cluster.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source ./common.sh

FOLDER=$PWD/address
WARDEN_TEST_IMAGE=localhost/checkpoint-warden:test # as in test/image
BUSYBOX_TEST_IMAGE=localhost/busybox:test

main() {
  help_or_no_arguments "$@"
  require_tools docker kind kubectl node
  cluster_exists || fail 'there is no cluster: run kind/up.sh first'
  load_images
  limit_checkpoint_disks
  umask 077
  mkdir -p "$FOLDER/credentials" "$FOLDER/daemons"
  save_authority
  local nodes='' node
  for node in $(all_nodes); do nodes+="${nodes:+,}$(describe_node "$node")"; done
  cat >"$FOLDER/cluster.json" <<END
{
  "api": {
    "url": "$(kubectl config view --minify --output 'jsonpath={.clusters[0].cluster.server}')",
    "credentials": "$FOLDER/credentials",
    "assets": "$(dirname "$(command -v kubectl)")"
  },
  "network": 1,
  "nodes": [$nodes],
  "daemons": "$FOLDER/daemons"
}
END
  echo "export WARDEN_DEV_CLUSTER=$FOLDER"
}

load_images() {
  docker image inspect "$IMAGE" >/dev/null 2>&1 || fail "there is no image $IMAGE: run kind/load.sh first"
  docker tag "$IMAGE" "$WARDEN_TEST_IMAGE"
  docker pull --quiet busybox:1.37 >/dev/null
  docker tag busybox:1.37 "$BUSYBOX_TEST_IMAGE"
  kind load docker-image --name "$CLUSTER" "$WARDEN_TEST_IMAGE" "$BUSYBOX_TEST_IMAGE"
}

# Workers first: tests take the nodes they need from the beginning. The control plane has an agent, too.
all_nodes() {
  workers
  echo "$CLUSTER-control-plane"
}

# A filesystem of its own for the archives, as on the nodes of the tests (node.sh): scenarios fill it.
limit_checkpoint_disks() {
  local node
  for node in $(all_nodes); do
    docker exec "$node" mkdir -p "$CHECKPOINTS"
    docker exec "$node" findmnt --type tmpfs "$CHECKPOINTS" >/dev/null ||
      docker exec "$node" mount -t tmpfs -o size=512m,mode=700 checkpoints "$CHECKPOINTS"
  done
}

save_authority() {
  local pki=/etc/kubernetes/pki
  docker exec "$CLUSTER-control-plane" cat "$pki/ca.crt" >"$FOLDER/credentials/ca.crt"
  docker exec "$CLUSTER-control-plane" cat "$pki/ca.key" | as_pkcs8 >"$FOLDER/credentials/ca.key"
}

# kubeadm writes keys on elliptic curves in a form of their own, which WebCrypto does not take.
as_pkcs8() {
  node --eval "
    const key = require('node:crypto').createPrivateKey(require('node:fs').readFileSync(0));
    process.stdout.write(key.export({ type: 'pkcs8', format: 'pem' }));"
}

# The name, the address, the first process as this machine numbers it, and the end of the cable that is not in the node.
describe_node() {
  local ip pid cable
  ip=$(docker container inspect --format '{{.NetworkSettings.Networks.kind.IPAddress}}' "$1")
  pid=$(docker container inspect --format '{{.State.Pid}}' "$1")
  cable=$(grep -lx "$(docker exec "$1" cat /sys/class/net/eth0/iflink)" /sys/class/net/*/ifindex)
  echo "{\"name\": \"$1\", \"ip\": \"$ip\", \"init\": $pid, \"cable\": \"$(basename "$(dirname "$cable")")\"}"
}

main "$@"
