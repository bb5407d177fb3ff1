#!/bin/sh
# Makes .venv with the given Python, or with the newest of 3.10 to 3.13 that works and can make one.
set -eu

works() {
    "$1" -c 'import ensurepip, sys; sys.exit(not (3, 10) <= sys.version_info[:2])' 2>/dev/null
}

if [ -n "${1:-}" ]; then
    works "$1" || { echo "Expected Python 3.10 or newer, with venv. Received: PYTHON=$1" >&2; exit 2; }
    found=$1
else
    for found in python3.13 python3.12 python3.11 python3.10 ""; do
        [ -n "$found" ] && works "$found" && break
    done
fi
if [ -z "$found" ]; then
    echo "Expected one of python3.10 to python3.13, with venv (Debian: apt-get install python3-venv). Found none." >&2
    exit 2
fi
echo "making .venv with $("$found" --version); installing takes a few minutes"
"$found" -m venv .venv
