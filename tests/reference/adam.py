"""torch.optim.Adam on given gradients, in float64.

    python3 tests/reference/adam.py        writes adam.json (needs numpy, torch)

Parameters come from stream 0 of formula.py and the gradients of step k (from 1) from stream k, scaled by 10^-(i mod 9)
for element i, so that the first steps meet gradients above and below eps.
"""
import numpy as np
import torch

import formula

COUNT, STEPS = 19, 12
SETTINGS = [{"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8}, {"lr": 0.05, "betas": (0.5, 0.95), "eps": 1e-6}]


def run(settings):
    parameter = torch.tensor(formula.value(0, (COUNT,)), requires_grad=True)
    optimiser = torch.optim.Adam([parameter], **settings)
    trace = []
    for step in range(1, STEPS + 1):
        parameter.grad = torch.tensor(formula.value(step, (COUNT,)) * 10.0 ** -(np.arange(COUNT) % 9))
        optimiser.step()
        trace.append(formula.rounded(parameter.detach(), 15))
    return {**settings, "parameters": trace}


def main():
    formula.write("adam.json", {
        "about": "parameters[k] are those after k + 1 steps of adam.py",
        "formula": formula.DESCRIPTION,
        "start": "value(stream 0)", "gradient": "of step k, from 1: value(stream k, i) * 10^-(i mod 9)",
        "runs": [run(settings) for settings in SETTINGS],
    })


if __name__ == "__main__":
    main()
