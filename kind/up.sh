#!/usr/bin/env bash
# Makes a cluster of three nodes with kind, in which a kubelet can checkpoint containers, and a local image registry.
# What is there already stays: run it again after a change or an interruption.
#
#   kind/up.sh      then kind/load.sh for the image, and kind/down.sh when done
#
# Needs Docker with root on Linux, kind 0.33 or later, and kubectl. Leaves kind/kubeconfig, and in kind/checkpoints the
# archives of each worker, which are root's: they hold the memory of processes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source ./common.sh

main() {
  help_or_no_arguments "$@"
  require_tools docker kind kubectl
  require_checkpoints_can_work
  docker build --tag "$NODE_IMAGE" .
  start_registry
  create_cluster
  connect_registry
  prepare_workers
  cat <<END
The cluster is ready: two workers with CRIU, a registry at localhost:$REGISTRY_PORT. Next:

  export KUBECONFIG=$KUBECONFIG
  kind/load.sh                      # builds the image and puts it into the registry

then as docs/how-to/try-on-kind.md says.
END
}

require_checkpoints_can_work() {
  [[ $(uname -s) == Linux ]] || fail 'CRIU needs Linux; run this in a Linux virtual machine'
  if docker info --format '{{.SecurityOptions}}' | grep -q rootless; then
    fail 'CRIU needs root, and this Docker is rootless: use one that is not ("docker context use default")'
  fi
  local version
  version=$(kind version | grep -oE '[0-9]+\.[0-9]+' | head -n 1)
  if [[ $(printf '%s\n' "$KIND_AT_LEAST" "$version" | sort -V | head -n 1) != "$KIND_AT_LEAST" ]]; then
    fail "kind is $version, and the node image needs $KIND_AT_LEAST or later: install it ($(where_from kind))"
  fi
}

start_registry() {
  is_running "$REGISTRY" && return
  say "starting the registry at localhost:$REGISTRY_PORT"
  docker rm --force "$REGISTRY" >/dev/null 2>&1 || true # one that was stopped, or was made with other settings
  docker run --detach --restart always --publish "127.0.0.1:$REGISTRY_PORT:5000" --name "$REGISTRY" registry:3 >/dev/null
}

create_cluster() {
  if cluster_exists; then
    say "there is a cluster $CLUSTER already: it stays"
    kind export kubeconfig --name "$CLUSTER" --kubeconfig "$KUBECONFIG" >/dev/null 2>&1
    return
  fi
  # Docker would make them root's, and down.sh could not remove them.
  mkdir -p checkpoints/"$CLUSTER"-worker checkpoints/"$CLUSTER"-worker2
  kind create cluster --config cluster.yaml --image "$NODE_IMAGE" --kubeconfig "$KUBECONFIG" --wait 3m
}

# Nodes know localhost:5001 as the registry, and it is on their network. https://kind.sigs.k8s.io/docs/user/local-registry/
connect_registry() {
  local node hosts=/etc/containerd/certs.d/localhost:$REGISTRY_PORT
  for node in $(kind get nodes --name "$CLUSTER"); do
    docker exec "$node" mkdir -p "$hosts"
    docker exec --interactive "$node" cp /dev/stdin "$hosts/hosts.toml" <<<"[host.\"http://$REGISTRY:5000\"]"
  done
  if [[ $(docker container inspect --format '{{json .NetworkSettings.Networks.kind}}' "$REGISTRY") == null ]]; then
    docker network connect kind "$REGISTRY"
  fi
  # Where tools look for a local registry: KEP-1755.
  kubectl apply --filename - >/dev/null <<END
apiVersion: v1
kind: ConfigMap
metadata: {name: local-registry-hosting, namespace: kube-public}
data:
  localRegistryHosting.v1: |
    host: "localhost:$REGISTRY_PORT"
    help: "https://kind.sigs.k8s.io/docs/user/local-registry/"
END
}

# The checkpoint directory is a folder of the machine's user. On a real node it is root's, and the agent has no capability to
# get past the permissions of somebody else's.
prepare_workers() {
  local node
  for node in $(workers); do
    docker exec "$node" chown root:root "$CHECKPOINTS"
    docker exec "$node" chmod 700 "$CHECKPOINTS"
    docker exec "$node" criu check >/dev/null 2>&1 ||
      fail "CRIU cannot work on the kernel of this machine: \`docker exec $node criu check\` says why"
  done
}

main "$@"
