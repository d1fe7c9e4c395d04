"""Writes safetensors.bin with the `safetensors` package, for tests/runtime/safetensors_test.cpp: python tests/reference/safetensors_file.py."""

import pathlib

import numpy
from safetensors.numpy import save_file

here = pathlib.Path(__file__).parent
tensors = {
    "conv.weight": numpy.arange(6, dtype=numpy.float32).reshape(2, 3) / 4,
    "step": numpy.array([-1, 2**40], dtype=numpy.int64),
    "mask": numpy.array([0, 7, 255], dtype=numpy.uint8),
    "scale": numpy.array(2.5, dtype=numpy.float64),
}
save_file(tensors, here / "safetensors.bin", metadata={"model": 'net "N"\n', "step": "3"})
