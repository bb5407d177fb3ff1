#!/bin/sh
# Installs one of Debian's packages, or says in one sentence what is missing.
#   debian.sh WHAT PACKAGE [OPTION...]    e.g. debian.sh "Chromium, for the browser tests" chromium
set -eu

what=$1
shift
if [ "$(id -u)" = 0 ]; then
    as_root=""
elif sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    as_root=no
fi
if [ "$as_root" = no ] || ! command -v apt-get >/dev/null; then
    echo "Expected on the PATH: $what. Found none: install it (Debian: sudo apt-get install $1)." >&2
    exit 2
fi
echo "installing $what"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
$as_root apt-get install -y -qq "$@"
