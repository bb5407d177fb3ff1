#!/bin/sh
# Sees to it that there is a Chromium for the browser tests: from Debian's packages where there is none.
set -eu

for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null && exit 0
done
exec "$(dirname "$0")/debian.sh" "Chromium or Google Chrome, for the browser tests" chromium
