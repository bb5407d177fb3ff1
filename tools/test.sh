#!/bin/sh
# Runs all tests, the fast ones first, each group to its end; fails if any group does.
set -u

failed=""
run() {
    echo "== $1 tests"
    "$BIN/python" -m pytest -q -m "$2" $3 || failed="$failed $1"
}

run fast "not slow and not browser" "-n 2 --dist loadfile"
run slow "slow and not browser" "-n 2 --dist worksteal"
run browser "browser" "-n 2 --dist loadfile"

if [ -n "$failed" ]; then
    echo "failed:$failed tests" >&2
    exit 1
fi
echo "all tests passed"
