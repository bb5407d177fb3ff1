#!/bin/sh
# Sees to it that there is a Chromium for the browser tests: from Debian's packages where there is none.
set -eu

for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null && exit 0
done

if ! command -v apt-get >/dev/null; then
    echo "Expected Chromium or Google Chrome on the PATH, for the browser tests. Found none: install one." >&2
    exit 2
fi
if [ "$(id -u)" = 0 ]; then
    as_root=""
elif sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "Expected Chromium on the PATH, for the browser tests. Found none: run 'sudo apt-get install chromium'." >&2
    exit 2
fi
echo "installing chromium for the browser tests"
$as_root apt-get update -qq
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq chromium
