"""The polynomials of compiler/codegen/vector_math.cpp.

    python3 tests/reference/polynomials.py        prints them, highest power first (needs numpy, mpmath)

Each minimises the largest weighted error on its interval (least squares, reweighted until the error is level), with the
weight that makes it an error relative to the function's value. Coefficients are rounded to float one by one, lowest power
first, and each later fit knows the ones already rounded. The error printed is that of exact arithmetic.
"""
import mpmath as mp
import numpy as np

mp.mp.prec = 120
POINTS = 600


def level_fit(columns, target, weight):
    importance = np.ones_like(target)
    best_error, best = np.inf, None
    for _ in range(60):
        scale = np.sqrt(importance) * weight
        size = np.abs(columns * scale[:, None]).max(0)
        solution = np.linalg.lstsq(columns * scale[:, None] / size, target * scale, rcond=None)[0] / size
        error = np.abs((columns @ solution - target) * weight)
        if error.max() < best_error:
            best_error, best = error.max(), solution
        importance = importance * (error / error.max() + 1e-3)
        importance /= importance.sum()
    return best


def fit(name, target, weight, low, high, degree):
    nodes = np.cos(np.pi * (np.arange(POINTS) + 0.5) / POINTS)
    x = 0.5 * (low + high) + 0.5 * (high - low) * nodes
    exact = np.array([float(target(mp.mpf(float(v)))) for v in x])
    weights = np.array([float(weight(mp.mpf(float(v)))) for v in x])
    rounded = []
    for power in range(degree + 1):
        known = sum((c * x**i for i, c in enumerate(rounded)), np.zeros_like(x))
        columns = np.stack([x**i for i in range(power, degree + 1)], 1)
        rounded.append(float(np.float32(level_fit(columns, exact - known, weights)[0])))
    error = np.abs((sum(c * x**i for i, c in enumerate(rounded)) - exact) * weights).max()
    print(f"{name}: relative error {error:.2g}")
    print("  " + ", ".join(str(np.float32(c)) + "f" for c in reversed(rounded)))


def main():
    sqrt, ln2, quarter = mp.sqrt, float(mp.log(2)) / 2 * 1.001, float(mp.pi / 4) ** 2 * 1.001
    fit("(e^r - 1 - r) / r^2", lambda r: (mp.exp(r) - 1 - r) / r**2, lambda r: r**2 / mp.exp(r), -ln2, ln2, 4)
    fit("(ln(1 + f) - f + f^2 / 2) / f^3", lambda f: (mp.log(1 + f) - f + f * f / 2) / f**3,
        lambda f: f**3 / mp.log(1 + f), float(sqrt(0.5)) - 1, float(sqrt(2)) - 1, 8)
    fit("(sin r / r - 1) / r^2 in r^2", lambda z: (mp.sin(sqrt(z)) / sqrt(z) - 1) / z, lambda z: z, 1e-9, quarter, 2)
    fit("(cos r - 1 + r^2 / 2) / r^4 in r^2", lambda z: (mp.cos(sqrt(z)) - 1 + z / 2) / z**2, lambda z: z**2, 1e-6,
        quarter, 2)
    fit("(tanh x / x - 1) / x^2 in x^2", lambda z: (mp.tanh(sqrt(z)) / sqrt(z) - 1) / z, lambda z: z, 1e-9, 0.625**2, 5)
    fit("erf x / x - 1 in x^2", lambda z: mp.erf(sqrt(z)) / sqrt(z) - 1, lambda z: 1, 1e-9, 0.93**2, 6)
    fit("-ln erfc x", lambda x: -mp.log(mp.erfc(x)), lambda x: mp.erfc(x) / mp.erf(x), 0.9, 3.95, 6)


if __name__ == "__main__":
    main()
