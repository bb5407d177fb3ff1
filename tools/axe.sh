#!/bin/sh
# Installs the accessibility rules that the browser tests hold the page against; npm comes from Debian's packages
# where there is none.
#   axe.sh DIRECTORY
set -eu

command -v npm >/dev/null || "$(dirname "$0")/debian.sh" "npm, for the accessibility rules" npm --no-install-recommends
mkdir -p "$1"
npm install --prefix "$1" --loglevel error --no-audit --no-fund --no-save "axe-core@^4.10"
