"""A step of a v7 network in PyTorch.

usage: torch_v7.py ARM MODE BATCH STEP
ARM   plain, se, quantum or published (see tests/reference/v7.py)
MODE  eager, channels_last, compile, compile_channels_last; of the circuit: default (default.qubit, backpropagation,
      batched) or lightning (lightning.qubit, adjoint)
STEP  training (forward, backward, Adam) or forward (in evaluation mode, without gradients)
"""
import os
import pathlib
import sys

import torch
from torch.nn import functional as F

import protocol

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "reference"))
import v7  # noqa: E402

DEVICES = {"lightning": ("lightning.qubit", "adjoint")}


def main():
    arm, mode, batch, kind = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count())))
    torch.manual_seed(0)
    network = v7.Network(arm, *DEVICES.get(mode, ()))
    if hasattr(network, "circuit"):
        torch.nn.init.uniform_(network.circuit.w, 0, 6.28)
    optimiser = torch.optim.Adam((p for p in network.parameters() if p.requires_grad), 3e-4, foreach=True)
    x, target = torch.randn(batch, 1, 28, 28), torch.randn(batch, 1, 28, 28)
    t = torch.randint(0, 1000, (batch,))
    if "channels_last" in mode:
        network = network.to(memory_format=torch.channels_last)
        x = x.to(memory_format=torch.channels_last)
    if kind == "forward":
        network.eval()
    forward = torch.compile(network) if mode.startswith("compile") else network

    def training():
        optimiser.zero_grad(set_to_none=True)
        loss = F.mse_loss(forward(x, t), target)
        loss.backward()
        optimiser.step()
        return loss.item()

    def evaluation():
        with torch.no_grad():
            return forward(x, t)

    protocol.serve(evaluation if kind == "forward" else training, f"torch {torch.__version__}")


main()
