#!/usr/bin/env bash
# Removes what kind/up.sh made: the cluster, the registry, and the archives in kind/checkpoints.
#
#   kind/down.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source ./common.sh

main() {
  help_or_no_arguments "$@"
  require_tools docker kind
  if cluster_exists; then
    empty_checkpoints
    kind delete cluster --name "$CLUSTER" --kubeconfig "$KUBECONFIG"
  fi
  docker rm --force --volumes "$REGISTRY" >/dev/null 2>&1 || true # it is gone already
  rm -rf address "$KUBECONFIG"
  rm -rf checkpoints 2>/dev/null ||
    fail 'kind/checkpoints holds files of root that a stopped or removed node has left: remove them with "sudo rm -r kind/checkpoints"'
}

# The archives are root's, and a node is root. It gives the folder back to whoever runs this.
empty_checkpoints() {
  local node
  for node in $(workers); do
    is_running "$node" || continue
    # The disk that for-tests.sh has laid over it.
    if docker exec "$node" findmnt --type tmpfs "$CHECKPOINTS" >/dev/null; then
      docker exec "$node" umount --lazy "$CHECKPOINTS"
    fi
    docker exec "$node" find "$CHECKPOINTS" -mindepth 1 -delete
    docker exec "$node" chown "$(id -u):$(id -g)" "$CHECKPOINTS"
  done
}

main "$@"
