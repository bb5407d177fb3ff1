#!/bin/sh
# Runs all tests, the fast ones first, each group to its end, and tells the slowest of each; fails if any group does.
set -u

failed=""
run() {
    echo "== $1 tests"
    "$BIN/python" -m pytest -q --durations=30 -m "$2" $3 || failed="$failed $1"
}

run fast "not slow and not browser" "-n 2 --dist loadfile"
run slow "slow and not browser" "-n 2 --dist worksteal"
run browser "browser" "-n 2 --dist loadfile"

if [ -n "$failed" ]; then
    echo "failed:$failed tests" >&2
    exit 1
fi
echo "all tests passed"
