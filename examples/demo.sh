#!/usr/bin/env bash
# The whole way on real digits: installs what is missing, builds Qiln, trains the paper's U-Net with its 16-qubit circuit on
# 100 handwritten threes, and writes a picture of threes that nobody wrote. Settings can be given: examples/demo.sh --set
# "data.source=mnist(labels = [7])".
set -euo pipefail
cd "$(dirname "$0")/.."
. examples/setup.sh
mkdir -p build
echo "building (a few minutes the first time) ..."
cmake --preset release >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
cmake --build --preset release --target qiln
echo
echo "what the compiler finds in the circuit as it was first published:"
build/qiln check models/v7_published.qiln
echo
echo "training the circuit that is alive:"
build/qiln train models/v7_quantum.qiln -o runs/demo --replace "$@"
build/qiln sample runs/demo -n 64 -o runs/demo/digits.png
echo
echo "look at runs/demo/digits.png"
