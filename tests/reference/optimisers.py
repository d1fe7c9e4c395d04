"""torch.optim's optimisers, clip_grad_norm_ and learning-rate schedules, in float64.

    python3 tests/reference/optimisers.py        writes optimisers.json (needs numpy, torch)

Parameters come from stream 0 of formula.py and the gradients of step k (from 1) from stream k, scaled by 10^-(i mod 9)
for element i, so that the first steps meet gradients above and below eps. With groups, the elements from 10 on are the
second group.
"""
import numpy as np
import torch

import formula

COUNT, SECOND, STEPS = 19, 10, 12
ADAM = {"betas": (0.9, 0.999), "eps": 1e-8}
GROUP = {"lr": 2e-3, "weight_decay": 0.2}
RUNS = [
    ("adam", {"lr": 1e-3, **ADAM}, None, None),
    ("adam", {"lr": 0.05, "betas": (0.5, 0.95), "eps": 1e-6}, None, None),
    ("adam", {"lr": 1e-2, **ADAM, "weight_decay": 0.1}, None, None),
    ("adam", {"lr": 1e-2, **ADAM, "weight_decay": 0.1}, 0.6, GROUP),
    ("adamw", {"lr": 1e-2, **ADAM, "weight_decay": 0.05}, None, None),
    ("adamw", {"lr": 1e-2, **ADAM, "weight_decay": 0.05}, 0.9, GROUP),
    ("sgd", {"lr": 0.1}, None, None),
    ("sgd", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}, None, None),
    ("sgd", {"lr": 0.1, "momentum": 0.9, "nesterov": True}, 0.6, None),
    ("sgd", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}, 0.6, GROUP),
]
RULES = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}


def run(rule, settings, clip, group):
    values = formula.value(0, (COUNT,))
    parts = [torch.tensor(part, requires_grad=True) for part in (values[:SECOND], values[SECOND:])]
    groups = [{"params": parts[:1]}, {"params": parts[1:], **group}] if group else parts
    optimiser = RULES[rule](groups, **settings)
    trace, norms = [], []
    for step in range(1, STEPS + 1):
        gradient = formula.value(step, (COUNT,)) * 10.0 ** -(np.arange(COUNT) % 9)
        parts[0].grad, parts[1].grad = torch.tensor(gradient[:SECOND]), torch.tensor(gradient[SECOND:])
        norm = torch.nn.utils.clip_grad_norm_(parts, clip if clip else float("inf"))
        norms.append(formula.rounded(norm, 15))
        optimiser.step()
        trace.append(formula.rounded(torch.cat(parts).detach(), 15))
    return {"rule": rule, **settings, "clip": clip or 0, "group": group or {}, "norms": norms, "parameters": trace}


def rates(about, steps, make):
    """The learning rate of each of `steps` steps, for a base rate of 1."""
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True, dtype=torch.float64)], lr=1.0)
    schedule = make(optimiser)
    found = []
    for _ in range(steps):
        found.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    return {**about, "factors": formula.rounded(found, 15)}


def warmed(warmup, make):
    """LinearLR from 1 / warmup to 1 in the warm-up's last step, then another schedule."""
    lr_scheduler = torch.optim.lr_scheduler

    def build(optimiser):
        rise = lr_scheduler.LinearLR(optimiser, start_factor=1 / warmup, total_iters=max(warmup - 1, 1))
        return lr_scheduler.SequentialLR(optimiser, [rise, make(optimiser)], milestones=[warmup])

    return build


def schedules():
    from torch.optim.lr_scheduler import ConstantLR, CosineAnnealingLR, StepLR
    return [
        rates({"shape": "constant", "warmup": 5}, 12, warmed(5, lambda o: ConstantLR(o, factor=1.0))),
        rates({"shape": "cosine", "warmup": 0, "floor": 0.0, "steps": 20}, 20, lambda o: CosineAnnealingLR(o, 20)),
        rates({"shape": "cosine", "warmup": 4, "floor": 0.1, "steps": 20}, 20,
              warmed(4, lambda o: CosineAnnealingLR(o, 16, eta_min=0.1))),
        rates({"shape": "step", "warmup": 0, "every": 5, "factor": 0.1}, 17, lambda o: StepLR(o, 5, 0.1)),
        rates({"shape": "step", "warmup": 3, "every": 4, "factor": 0.5}, 17, warmed(3, lambda o: StepLR(o, 4, 0.5))),
    ]


def main():
    formula.write("optimisers.json", {
        "about": "parameters[k] are those after k + 1 steps of optimisers.py, norms[k] the gradient's before clipping",
        "formula": formula.DESCRIPTION,
        "start": "value(stream 0)", "gradient": "of step k, from 1: value(stream k, i) * 10^-(i mod 9)",
        "second_group": SECOND,
        "runs": [run(*settings) for settings in RUNS],
        "schedules": schedules(),
    })


if __name__ == "__main__":
    main()
