#!/bin/sh
# Installs TypeScript's compiler into a directory; npm comes from Debian's packages where there is none.
#   typescript.sh DIRECTORY
set -eu

command -v npm >/dev/null || "$(dirname "$0")/debian.sh" "npm, to type-check the page's modules" npm --no-install-recommends
npm install --prefix "$1" --loglevel error --no-audit --no-fund --no-save "typescript@>=5.7 <6"
