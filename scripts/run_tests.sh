#!/usr/bin/env bash
# Runs all tests in processes side by side, which take one test file after the other: no core of a
# small machine is idle while another still works. There is one process more than cores, because
# tests with real counterparts wait much; they come first, so that nothing long is left at the end.
#   scripts/run_tests.sh [OPTIONS OF PYTEST]
#   CONNECTOR_TEST_PROCESSES  how many (default: cores + 1)
set -uo pipefail
cd "$(dirname "$0")/.."
unset PYTHONDONTWRITEBYTECODE # tests start hundreds of processes; none is to compile all code again
processes="${CONNECTOR_TEST_PROCESSES:-$(($(nproc) + 1))}"
# Started here, because a test process that ends would stop it under the others.
postgres="$(scripts/postgres.sh status 2>/dev/null)"
if [ "$postgres" = stopped ] && scripts/postgres.sh start >/dev/null; then
  trap 'scripts/postgres.sh stop' EXIT
fi
.venv/bin/python -m pytest -p no:cacheprovider --numprocesses "$processes" --dist loadfile \
  --no-loadscope-reorder "$@" tests/e2e tests/contract tests/house tests/golden tests/unit
