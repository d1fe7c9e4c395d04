#!/usr/bin/env bash
# Builds everything and runs every test. Installs missing Debian packages when it may.
set -euo pipefail
cd "$(dirname "$0")/.."
. examples/setup.sh
mkdir -p build; cmake --preset release > build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
cmake --build --preset release
ctest --test-dir build --output-on-failure
