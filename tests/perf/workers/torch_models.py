"""A step of a model beside v7 in PyTorch (tests/reference/models.py).

usage: torch_models.py MODEL MODE BATCH STEP
MODE  eager, channels_last, compile, compile_channels_last
STEP  training (forward, backward, Adam), towards an output at random, or classification, the same towards a class
"""
import os
import pathlib
import sys

import torch
from torch.nn import functional as F

import protocol

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "reference"))
import models  # noqa: E402


def main():
    name, mode, batch, kind = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count())))
    torch.manual_seed(0)
    _, _, shape, timed, _, make = models.MODELS[name]
    layout = torch.channels_last if "channels_last" in mode else torch.contiguous_format
    function, weights = make(True), models.Weights(torch.float32, layout)
    x = torch.randn(batch, *shape).contiguous(memory_format=layout)
    arguments = [torch.randint(0, 1000, (batch,))] if timed else []
    with torch.no_grad():
        target = torch.randn_like(function(weights, x, *arguments))
    loss_of = F.mse_loss
    if kind == "classification":
        target, loss_of = torch.randint(0, target.shape[1], (batch,)), F.cross_entropy
    trained = [tensor for tensor in weights.tensors.values() if tensor.requires_grad]
    optimiser = torch.optim.Adam(trained, 3e-4, foreach=True)

    def forward(x, *arguments):
        return function(weights, x, *arguments)

    network = torch.compile(forward) if mode.startswith("compile") else forward

    def step():
        optimiser.zero_grad(set_to_none=True)
        loss = loss_of(network(x, *arguments), target)
        loss.backward()
        optimiser.step()
        return loss.item()

    protocol.serve(step, f"torch {torch.__version__}")


main()
