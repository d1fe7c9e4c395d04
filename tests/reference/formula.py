"""The numbers both sides compute: weights, inputs and targets come from an integer hash, not from a file.

A number is named by a stream and an index. `centred` is uniform on [-1, 1) in steps of 2^-23, so float32 holds it
exactly; `value` scales and shifts it by float32 numbers in float64 and rounds to float32. formula.h is the same in C++.
This file is imported by the scripts beside it and is not run by itself.
"""
import json
import pathlib

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent

# Streams of the data; a parameter's stream is its ordinal, and no model has as many as 1000.
STREAM_X, STREAM_TARGET, STREAM_TIME, STREAM_COTANGENT, STREAM_ANGLE = 1000, 1001, 1002, 1003, 1004
DESCRIPTION = (
    "v = stream * 0x85EBCA77 + index * 0x9E3779B1 + 0x165667B1; v ^= v >> 15; v *= 0x2C1B3C6D; v ^= v >> 12; "
    "v *= 0x297A2D39; v ^= v >> 15 (all modulo 2^32); centred = (v >> 8) / 2^23 - 1; "
    "value = float32(offset + scale * centred) with float32 scale and offset, the sum and product in float64"
)


def bits(stream, count):
    """`count` words of 32 bits of a stream, from index 0 on."""
    mask = np.uint64(0xFFFFFFFF)
    v = np.arange(count, dtype=np.uint64)
    v = (np.uint64(stream) * np.uint64(0x85EBCA77) + v * np.uint64(0x9E3779B1) + np.uint64(0x165667B1)) & mask
    v ^= v >> np.uint64(15)
    v = (v * np.uint64(0x2C1B3C6D)) & mask
    v ^= v >> np.uint64(12)
    v = (v * np.uint64(0x297A2D39)) & mask
    return v ^ (v >> np.uint64(15))


def value(stream, shape, scale=1.0, offset=0.0):
    """A float64 array, row-major, of numbers in [offset - scale, offset + scale] that float32 holds exactly."""
    centred = (bits(stream, int(np.prod(shape, dtype=np.int64))) >> np.uint64(8)).astype(np.float64) / 2**23 - 1
    scale, offset = float(np.float32(scale)), float(np.float32(offset))
    return (offset + scale * centred).astype(np.float32).astype(np.float64).reshape(shape)


def integers(stream, count, below):
    """`count` integers from 0 to below - 1: each word modulo `below`."""
    return (bits(stream, count) % np.uint64(below)).astype(np.int64)


def rounded(values, digits=12):
    """A nested list of the elements, to `digits` significant digits: far below any tolerance, and shorter files."""
    if np.ndim(values) == 0:
        return float(f"{float(values):.{digits}g}") + 0.0
    return [rounded(value, digits) for value in values]


def write(name, content):
    """Writes `content` beside the scripts as JSON; whatever fits a line, and every list of numbers, is one line."""
    path = HERE / name
    path.write_text(_render(content, "") + "\n")
    print(f"{name}: {path.stat().st_size} bytes")


def _render(node, indent):
    line = json.dumps(node)
    if len(line) <= 200 or not isinstance(node, (dict, list)) or _is_numbers(node):
        return line
    inner = indent + " "
    if isinstance(node, dict):
        rows = [f"{inner}{json.dumps(key)}: {_render(child, inner)}" for key, child in node.items()]
        return "{\n" + ",\n".join(rows) + f"\n{indent}}}"
    return "[\n" + ",\n".join(inner + _render(child, inner) for child in node) + f"\n{indent}]"


def _is_numbers(node):
    return isinstance(node, list) and all(isinstance(x, (int, float)) or _is_numbers(x) for x in node)
