#!/usr/bin/env bash
# Runs all tests in two processes side by side, one for each core of a small machine: the tests of
# parts, and those with real counterparts. Prints both, fails if one fails.
set -uo pipefail
cd "$(dirname "$0")/.."
pytest=(.venv/bin/python -m pytest -p no:cacheprovider)
log=.cache/tests-with-counterparts.log
mkdir -p .cache
"${pytest[@]}" tests/contract tests/e2e >"$log" 2>&1 &
counterparts=$!
trap 'kill "$counterparts" 2>/dev/null' EXIT
"${pytest[@]}" tests/unit tests/house tests/golden
parts_result=$?
wait "$counterparts"
counterparts_result=$?
trap - EXIT
cat "$log"
[ "$parts_result" -eq 0 ] && [ "$counterparts_result" -eq 0 ]
