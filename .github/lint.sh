#!/usr/bin/env bash
# Checks what TypeScript and Biome do not see: shell scripts, Dockerfiles and the workflows. `npm test` leaves these out, as
# they need Go, and Python with venv. With GH_TOKEN, zizmor also asks GitHub whether the pinned actions are what their
# comments say.
#
#   .github/lint.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

ACTIONLINT=github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

tools=${XDG_CACHE_HOME:-$HOME/.cache}/checkpoint-warden/lint
python3 -m venv "$tools"
"$tools/bin/pip" install --quiet --disable-pip-version-check --requirement .github/lint-requirements.txt
export PATH="$tools/bin:$PATH"

failed=0
check() {
  echo "== $1"
  shift
  "$@" || failed=1
}

ours() { git ls-files --cached --others --exclude-standard -- "$@"; }
mapfile -t scripts < <(ours '*.sh' .ci/run)
mapfile -t dockerfiles < <(ours '*Dockerfile')

check 'shell scripts' shellcheck --external-sources --source-path=SCRIPTDIR "${scripts[@]}"
check Dockerfiles hadolint "${dockerfiles[@]}"
check workflows go run "$ACTIONLINT"
check 'security of the workflows' zizmor --quiet --no-progress .github
exit "$failed"
