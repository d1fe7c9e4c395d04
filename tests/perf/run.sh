#!/usr/bin/env bash
# Times the project against its peers in one run: tests/perf/run.sh [NAME…] [--install] [--rounds N]; --help says more.
# Peers live in a Python environment of their own, .peers/, or in the one that QILN_PEERS names.
set -euo pipefail
cd "$(dirname "$0")/../.."

for word in "$@"; do
  if [ "$word" = --install ] && [ -z "${QILN_PEERS:-}" ]; then
    [ -x .peers/bin/python ] || python3 -m venv .peers
    .peers/bin/python -m pip install --quiet --upgrade pip
    .peers/bin/python -m pip install --quiet -r tests/perf/peers.txt
  fi
done
export QILN_PEERS="${QILN_PEERS:-$PWD/.peers}"
exec python3 tests/perf/measure.py "$@"
