# shellcheck shell=bash disable=SC2034 # who sources this uses the names
# Names and checks that the scripts of this folder share. Sourced, not run.

CLUSTER=checkpoint-warden # the name in cluster.yaml
REGISTRY=checkpoint-warden-registry
REGISTRY_PORT=5001 # as localhost:5001 on this machine and, through hosts.toml, on the nodes
NODE_IMAGE=checkpoint-warden-node
KIND_AT_LEAST=0.33 # what the node image in Dockerfile is made for
IMAGE=localhost:$REGISTRY_PORT/checkpoint-warden:dev
CHECKPOINTS=/var/lib/kubelet/checkpoints

# The context of other clusters stays as it is: this one has a kubeconfig of its own.
export KUBECONFIG=$PWD/kubeconfig

say() { printf '%s: %s\n' "$(basename "$0" .sh)" "$*" >&2; }

fail() {
  say "$*"
  exit 1
}

# One that only wants to know gets the comment at the top of the script.
help_or_no_arguments() {
  case ${1-} in
    '') ;;
    -h | --help)
      sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
      exit 0
      ;;
    *) fail "there is no argument \"$1\": see --help" ;;
  esac
}

require_tools() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || fail "there is no $tool on PATH: install it ($(where_from "$tool"))"
  done
  docker info >/dev/null 2>&1 ||
    fail 'Docker does not answer: start it, and check that you may use it ("docker info" says what is wrong)'
}

where_from() {
  case $1 in
    docker) echo https://docs.docker.com/engine/install/ ;;
    kind) echo "go install sigs.k8s.io/kind@v$KIND_AT_LEAST.0, or https://kind.sigs.k8s.io/docs/user/quick-start/#installation" ;;
    kubectl) echo https://kubernetes.io/docs/tasks/tools/ ;;
    node) echo https://nodejs.org/ ;;
    *) echo 'from your distribution' ;;
  esac
}

cluster_exists() { kind get clusters 2>/dev/null | grep -qxF "$CLUSTER"; }

workers() { kind get nodes --name "$CLUSTER" 2>/dev/null | grep -v control-plane; }

is_running() { [[ $(docker container inspect --format '{{.State.Running}}' "$1" 2>/dev/null) == true ]]; }
