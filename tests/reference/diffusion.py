"""Schedules, targets, weights and samplers of diffusion, written from the papers, in float64.

    python3 tests/reference/diffusion.py        writes diffusion.json (needs numpy, scipy)

Schedules: Nichol and Dhariwal 2021 (cosine), Ho et al. 2020 (linear), Jabri et al. 2022 (sigmoid); levels set by hand go
through scipy's PchipInterpolator in log-SNR. Targets: Ho et al. 2020, eq. 7 for the mean of the image one step earlier,
Salimans and Ho 2022 for the velocity. Weights: Hang et al. 2023, section 3.4. Samplers: Song et al. 2021, eq. 12;
Lu et al. 2022 (DPM-Solver++), algorithm 2; Heun's method on the same exponential form. They run the network below from
stream 0 of formula.py, on levels exp(-8 u) in 60 steps.
"""
import numpy as np
from scipy.interpolate import PchipInterpolator

import formula

STEPS, SHAPE = 60, (3, 4)  # of the schedule; samples and pixels
BY_HAND = [
    [(0, 1), (0.3, 0.8), (1, 0.01)],
    [(0, 1), (1, 0.001)],
    [(0, 1), (0.1, 0.99), (0.45, 0.93), (0.5, 0.3), (0.8, 0.2), (1, 0)],
]


def by_hand(points, u):
    x, level = np.array(points, dtype=float).T
    level = np.clip(level, 1e-4, 1 - 1e-4)
    logit = np.log(level / (1 - level))
    curve = PchipInterpolator(x, logit)(u) if len(x) > 2 else np.interp(u, x, logit)
    result = 1 / (1 + np.exp(-curve))
    result[0], result[-1] = 1, points[-1][1]
    return result


def schedules():
    u = np.linspace(0, 1, 21)
    cosine = np.cos((u + 0.008) / 1.008 * np.pi / 2) ** 2 / np.cos(0.008 / 1.008 * np.pi / 2) ** 2
    linear = np.concatenate([[1], np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))])
    logistic = lambda x: 1 / (1 + np.exp(-x))
    sigmoid = (logistic(3) - logistic(-3 + 6 * u)) / (logistic(3) - logistic(-3))
    return {
        "u": formula.rounded(u), "cosine": formula.rounded(cosine, 15), "linear": formula.rounded(linear[::50], 15),
        "sigmoid": formula.rounded(sigmoid, 15),
        "by_hand": [{"points": p, "levels": formula.rounded(by_hand(p, u), 15)} for p in BY_HAND],
    }


LEVELS = np.exp(-8 * np.arange(1, STEPS + 1) / STEPS)
BEFORE = np.concatenate([[1], LEVELS[:-1]])
BETA = 1 - LEVELS / BEFORE


def mean_before(t, x, clean):
    """Ho et al. 2020, eq. 7."""
    return (np.sqrt(BEFORE[t]) * BETA[t] * clean + np.sqrt(1 - BETA[t]) * (1 - BEFORE[t]) * x) / (1 - LEVELS[t])


def target(kind, t, clean, noise):
    s, n = np.sqrt(LEVELS[t]), np.sqrt(1 - LEVELS[t])
    return {"noise": noise, "sample": clean, "velocity": s * noise - n * clean,
            "previous": mean_before(t, s * clean + n * noise, clean)}[kind]


def clean_of(kind, t, x, prediction):
    """The clean image that makes `prediction` the target: the target is a straight line in it at fixed x."""
    s, n = np.sqrt(LEVELS[t]), np.sqrt(1 - LEVELS[t])
    of = lambda clean: target(kind, t, clean, (x - s * clean) / n)
    at_0, at_1 = of(np.zeros_like(x)), of(np.ones_like(x))
    return (prediction - at_0) / (at_1 - at_0)


def targets():
    clean, noise = formula.value(1, SHAPE[1:]), formula.value(2, SHAPE[1:])
    snr = LEVELS / (1 - LEVELS)
    capped = np.minimum(snr, 5)
    weights = {"noise": capped / snr, "sample": capped, "velocity": capped / (snr + 1)}
    return {
        "clean": "value(stream 1)", "noise": "value(stream 2)",
        "by_time": {kind: [formula.rounded(target(kind, t, clean, noise)) for t in range(STEPS)]
                    for kind in ("noise", "sample", "velocity", "previous")},
        "min_snr_5": {kind: formula.rounded(w) for kind, w in weights.items()},
    }


def network(x, t):
    return 0.6 * np.tanh(0.8 * x - 0.3) + 0.002 * t


def sample(kind, method, count):
    times = np.round(np.linspace(STEPS - 1, 0, count)).astype(int)
    x = formula.value(0, SHAPE)
    model = lambda x, t: np.clip(clean_of(kind, t, x, network(x, t)), -1, 1)
    s = lambda t: 1.0 if t < 0 else np.sqrt(LEVELS[t])
    n = lambda t: 0.0 if t < 0 else np.sqrt(1 - LEVELS[t])
    lam = lambda t: np.log(s(t) / n(t))
    last = None
    for i, t in enumerate(times):
        after = times[i + 1] if i + 1 < count else -1
        clean = model(x, t)
        if after < 0:
            x = clean
        elif method == "ddim":
            x = s(after) * clean + n(after) * (x - s(t) * clean) / n(t)
        elif method == "dpm_solver":
            h = lam(after) - lam(t)
            ahead = clean
            if last is not None:
                r = (lam(t) - lam(times[i - 1])) / h
                ahead = (1 + 1 / (2 * r)) * clean - 1 / (2 * r) * last
            x = n(after) / n(t) * x - s(after) * (np.exp(-h) - 1) * ahead
        elif method == "heun":
            h = lam(after) - lam(t)
            step = lambda c: n(after) / n(t) * x - s(after) * (np.exp(-h) - 1) * c
            x = step((clean + model(step(clean), after)) / 2)
        last = clean
    return x


def main():
    runs = [{"predict": kind, "method": method, "steps": count, "end": formula.rounded(sample(kind, method, count))}
            for kind in ("noise", "sample", "velocity", "previous")
            for method, count in (("ddim", 13), ("dpm_solver", 13), ("heun", 7), ("ddim", 60))]
    formula.write("diffusion.json", {
        "about": "see diffusion.py", "formula": formula.DESCRIPTION, "steps": STEPS, "level": "exp(-8 u)",
        "network": "0.6 * tanh(0.8 * x - 0.3) + 0.002 * t", "start": "value(stream 0)",
        "schedules": schedules(), "targets": targets(), "samplers": runs,
    })


if __name__ == "__main__":
    main()
