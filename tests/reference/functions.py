"""exp, log, sin, cos, tanh and erf, correctly rounded to float64 at float32 points.

    python3 tests/reference/functions.py        writes math.json (needs numpy, mpmath); `math` is Python's own

Points are float32 bit patterns: even and logarithmic sweeps, and the hard ranges: near overflow and underflow of exp,
around 1 and at subnormals of log, the floats nearest to multiples of pi/2 up to 1e5 (for sin, cos), the small arguments
of tanh, erf and sin, and where tanh and erf saturate. A result that underflows float32's normal range is not listed.
"""
import mpmath
import numpy as np

import formula

mpmath.mp.prec = 300
SMALLEST_NORMAL = 2.0**-126


def linear(low, high, count):
    return np.linspace(low, high, count, dtype=np.float64)


def logarithmic(low, high, count):
    points = np.geomspace(low, high, count)
    return np.concatenate([points, -points])


def around(value, count=4):
    """The floats next to a value, on both sides."""
    centre = np.float32(value).view(np.int32)
    return (centre + np.arange(-count, count + 1, dtype=np.int32)).view(np.float32).astype(np.float64)


def nearest_to_multiples(count):
    """Float32 numbers up to 1e5 whose distance to a multiple of pi/2 is smallest for their size, and the last few."""
    k = np.arange(1, int(1e5 / (np.pi / 2)))
    x = (k * (np.pi / 2)).astype(np.float32).astype(np.float64)
    distance = np.abs(k * np.longdouble(mpmath.nstr(mpmath.pi / 2, 30)) - x)
    hardest = x[np.argsort(distance)[:count]]
    return np.concatenate([hardest, -hardest[:count // 4], x[:12], x[-12:]])


POINTS = {
    "exp": [linear(-87.3, 88.7, 161), logarithmic(1e-9, 1, 24), around(88.72283, 0), around(-87.33654, 0),
            linear(-0.4, 0.4, 41), *[around(k * np.log(2) / 2) for k in (-3, -1, 1, 3, 101)], around(np.log(2))],
    "log": [np.geomspace(1.2e-38, 3.4e38, 161), linear(0.5, 2, 61), around(1, 12), around(np.sqrt(0.5)),
            around(np.sqrt(2)), 1 + logarithmic(1e-6, 0.1, 20), np.float32(2.0) ** np.arange(-126, 128, 18)],
    "sin": [linear(-10, 10, 81), logarithmic(1e-9, 1e5, 60), nearest_to_multiples(60)],
    "cos": [linear(-10, 10, 81), logarithmic(1e-9, 1e5, 60), nearest_to_multiples(60)],
    "tanh": [linear(-10, 10, 101), logarithmic(1e-9, 20, 60), around(0.625), around(9.01), around(0.2), [40, 88, 1e4]],
    "erf": [linear(-4.2, 4.2, 101), logarithmic(1e-9, 6, 60), around(1), around(0.5), around(3.92), around(2),
            [11, 1e4]],
}


def main():
    functions = {}
    for name, parts in POINTS.items():
        points = np.unique(np.concatenate([np.asarray(part, np.float64) for part in parts]).astype(np.float32))
        if name in ("sin", "cos"):
            points = points[np.abs(points) <= 1e5]
        points = points[points != 0]
        values = [float(getattr(mpmath, name)(mpmath.mpf(float(x)))) for x in points]
        kept = [(int(x.view(np.uint32)), y) for x, y in zip(points, values)
                if y == 0 or SMALLEST_NORMAL <= abs(y) <= float(np.finfo(np.float32).max)]
        functions[name] = {"bits": [b for b, _ in kept], "value": [y for _, y in kept]}
        print(name, len(kept))
    formula.write("math.json", {
        "about": "value[k] is the function at the float32 with pattern bits[k], correctly rounded to float64",
        **functions,
    })


if __name__ == "__main__":
    main()
