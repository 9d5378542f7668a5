#!/usr/bin/env bash
# Builds the image from this checkout and puts it into the registry of the cluster that kind/up.sh made, as
# localhost:5001/checkpoint-warden:dev. Prints its name with its digest.
#
#   kind/load.sh      again after a change, with a restart of the pods
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source ./common.sh

main() {
  help_or_no_arguments "$@"
  require_tools docker
  is_running "$REGISTRY" || fail 'the registry is not running: run kind/up.sh first'
  docker build --file ../packages/cli/Dockerfile --build-arg "COMMIT=$(commit)" --tag "$IMAGE" ..
  docker push --quiet "$IMAGE" >/dev/null
  docker image inspect --format '{{index .RepoDigests 0}}' "$IMAGE"
}

commit() { git rev-parse --short=12 HEAD 2>/dev/null || echo unknown; }

main "$@"
