"""The five v7 networks in PyTorch and PennyLane: losses, gradients and Adam steps, in float64.

    python3 tests/reference/v7.py            writes v7.json in a few minutes (needs numpy, torch, pennylane)

With every single number goes the worst error of eight float32 runs of PyTorch itself, which differ in the order of
their sums: oneDNN's convolutions or the plain ones, channels first or last, the batch forwards or backwards; their circuits
run on lightning.qubit in complex64, since default.qubit always computes in double. It tells how well float32
determines that number.

The network, for an image x [1, 28, 28] and an integer time t:
  e1 = relu(conv 1->32), e2 = relu(conv 32->64, stride 2), e3 = relu(conv 64->128, stride 2)
  b = e3 + linear(embedding(t)), h = relu(b + conv(relu(conv(b)))), h = h * gate(spatial mean of h)
  d = relu(conv_transpose 128->64), relu(conv_transpose 64->32), output = conv 64->1 of [d, e1]
Arms: `plain` has no gate, `se` linear-relu-linear, `se_frozen` the same with its first linear fixed, `quantum` an RY
encoding with three layers of RZ, RY and a CNOT chain, `published` RZ only with nothing flowing back to its input.
Circuits run on default.qubit with backpropagation. The loss is the mean squared difference from the target.
tests/perf times the same networks.
"""
import math

import numpy as np
import pennylane as qml
import torch
from torch import nn
from torch.nn import functional as F

import formula

QUBITS, LAYERS = 16, 3
LEARNING_RATE, ADAM_STEPS = 1e-3, 3
ENTRIES, SMALLEST = 8, 1e-6
BATCHES = {"plain": [8, 5, 19], "se": [8, 19], "se_frozen": [8, 19], "quantum": [5, 8], "published": [5, 8]}

# torch name of a layer -> path of the layer in a model file; declaration order gives the ordinals.
PATHS = {
    "e1": "e1.conv", "e2": "e2.conv", "e3": "e3.conv", "time": "h.linear",
    "inner1": "h.ResBlock.h.conv", "inner2": "h.ResBlock.h.conv_2",
    "gate_in": "g.linear", "circuit": "g.Bottleneck", "gate_out": "g.linear_2",
    "d1": "d.conv_transpose", "d2": "d.conv_transpose_2", "out": "out.conv",
}


class Circuit(nn.Module):
    """<Z> of 16 qubits after RY(x) and three trainable layers; `w` is [3, 16, 2] (RZ, RY) or [3, 16] (RZ)."""

    def __init__(self, published, device, gradient, single):
        super().__init__()
        self.w = nn.Parameter(torch.zeros((LAYERS, QUBITS) if published else (LAYERS, QUBITS, 2)))

        precision = {"c_dtype": np.complex64} if device == "lightning.qubit" and single else {}

        @qml.qnode(qml.device(device, wires=QUBITS, **precision), interface="torch", diff_method=gradient)
        def node(x, w):
            for i in range(QUBITS):
                qml.RY(x[:, i], wires=i)
            for layer in range(LAYERS):
                for i in range(QUBITS):
                    if published:
                        qml.RZ(w[layer, i], wires=i)
                    else:
                        qml.RZ(w[layer, i, 0], wires=i)
                        qml.RY(w[layer, i, 1], wires=i)
                for i in range(QUBITS - 1):
                    qml.CNOT(wires=[i, i + 1])
            return [qml.expval(qml.PauliZ(i)) for i in range(QUBITS)]

        self.node = node

    def forward(self, x):
        return torch.stack(self.node(x, self.w), 1).to(x.dtype)


def embedding(t, dtype):
    frequency = torch.exp(-math.log(1e4) * torch.arange(64, dtype=dtype) / 63)
    angle = t[:, None].to(dtype) * frequency
    return torch.cat([angle.sin(), angle.cos()], 1)


class Network(nn.Module):
    def __init__(self, arm, device="default.qubit", gradient="backprop", single=False):
        super().__init__()
        self.arm = arm
        self.e1 = nn.Conv2d(1, 32, 3, 1, 1)
        self.e2 = nn.Conv2d(32, 64, 3, 2, 1)
        self.e3 = nn.Conv2d(64, 128, 3, 2, 1)
        self.time = nn.Linear(128, 128)
        self.inner1 = nn.Conv2d(128, 128, 3, 1, 1)
        self.inner2 = nn.Conv2d(128, 128, 3, 1, 1)
        if arm != "plain":
            self.gate_in = nn.Linear(128, QUBITS)
            if arm in ("quantum", "published"):
                self.circuit = Circuit(arm == "published", device, gradient, single)
            self.gate_out = nn.Linear(QUBITS, 128)
        self.d1 = nn.ConvTranspose2d(128, 64, 2, 2)
        self.d2 = nn.ConvTranspose2d(64, 32, 2, 2)
        self.out = nn.Conv2d(64, 1, 3, 1, 1)
        if arm == "se_frozen":
            self.gate_in.requires_grad_(False)

    def gate(self, pooled):
        z = self.gate_in(pooled)
        if self.arm in ("se", "se_frozen"):
            z = F.relu(z)
        else:
            z = self.circuit(z.detach() if self.arm == "published" else z)
        return self.gate_out(z)

    def forward(self, x, t):
        e1 = F.relu(self.e1(x))
        e3 = F.relu(self.e3(F.relu(self.e2(e1))))
        b = e3 + self.time(embedding(t, x.dtype))[:, :, None, None]
        h = F.relu(b + self.inner2(F.relu(self.inner1(b))))
        if self.arm != "plain":
            h = h * self.gate(h.mean((2, 3)))[:, :, None, None]
        d = F.relu(self.d2(F.relu(self.d1(h))))
        return self.out(torch.cat([d, e1], 1))


def scale_and_offset(layer, name, parameter):
    """PyTorch's own bounds, a gate's three times as wide so that it matters; a circuit's angles cover 0 to 2 pi."""
    if layer == "circuit":
        return np.float32(math.pi), np.float32(math.pi)
    weight = parameter
    fan_in = math.prod(weight.shape[1:])
    return np.float32((3 if layer.startswith("gate") else 1) / math.sqrt(fan_in)), np.float32(0)


def describe(network):
    """The parameters with their ordinals; sets each to its formula."""
    rows = []
    for ordinal, (name, parameter) in enumerate(network.named_parameters()):
        layer, kind = name.split(".")
        owner = getattr(network, layer)
        scale, offset = scale_and_offset(layer, kind, owner.w if layer == "circuit" else owner.weight)
        parameter.data = torch.tensor(formula.value(ordinal, tuple(parameter.shape), scale, offset))
        rows.append({
            "ordinal": ordinal, "path": f"{PATHS[layer]}.{kind}", "torch": name, "shape": list(parameter.shape),
            "scale": float(scale), "offset": float(offset), "trained": parameter.requires_grad,
        })
    return rows


def samples(batch):
    x = torch.tensor(formula.value(formula.STREAM_X, (batch, 1, 28, 28)))
    target = torch.tensor(formula.value(formula.STREAM_TARGET, (batch, 1, 28, 28), math.sqrt(3)))
    t = torch.tensor(formula.integers(formula.STREAM_TIME, batch, 1000))
    return x, t, target


def spread_entries(values, float32_runs):
    """About ENTRIES triples (flat index, value, error of float32), none below SMALLEST of the largest value."""
    flat = values.reshape(-1)
    floor = SMALLEST * np.abs(flat).max()
    picked = [int(np.argmax(np.abs(flat)))]
    for word in formula.bits(2000, 16 * ENTRIES):
        index = int(word % np.uint64(flat.size))
        if len(picked) < min(ENTRIES, flat.size) and index not in picked and abs(flat[index]) > floor:
            picked.append(index)
    errors = [np.abs(run.reshape(-1).astype(np.float64) - flat) for run in float32_runs]
    return [[index, float(flat[index]), float(f"{max(error[index] for error in errors):.2g}")]
            for index in sorted(picked)]


def one_step(network, batch, backwards=False, layout=torch.contiguous_format):
    """Loss, output and gradients as arrays in the network's type; a batch run backwards is turned back."""
    dtype = next(network.parameters()).dtype
    x, t, target = samples(batch)
    if backwards:
        x, t, target = x.flip(0), t.flip(0), target.flip(0)
    network.zero_grad(set_to_none=True)
    output = network(x.to(dtype).contiguous(memory_format=layout), t)
    loss = F.mse_loss(output, target.to(dtype))
    loss.backward()
    output = output.detach().contiguous()
    return (float(loss.detach()), (output.flip(0) if backwards else output).numpy(),
            [None if p.grad is None else p.grad.contiguous().numpy().copy() for p in network.parameters()])


def float32_runs(arm, batch):
    """Output and gradients of the eight float32 runs."""
    runs = []
    for onednn in (True, False):
        for layout in (torch.contiguous_format, torch.channels_last):
            network = Network(arm, "lightning.qubit", "adjoint", single=True)
            describe(network)
            network.to(torch.float32)
            for parameter in network.parameters():
                if parameter.dim() == 4:
                    parameter.data = parameter.data.contiguous(memory_format=layout)
            for backwards in (False, True):
                with torch.backends.mkldnn.flags(enabled=onednn):
                    runs.append(one_step(network, batch, backwards, layout)[1:])
    return runs


def gradients(exact, runs, rows):
    norms = [0.0 if gradient is None else float(np.linalg.norm(gradient)) for gradient in exact]
    report = []
    for k, (row, norm) in enumerate(zip(rows, norms)):
        if norm < 1e-12 * max(norms):
            report.append({"ordinal": row["ordinal"], "norm": 0.0, "entries": []})
        else:
            report.append({"ordinal": row["ordinal"], "norm": norm,
                           "entries": spread_entries(exact[k], [of_run[k] for _, of_run in runs])})
    return report


def run_case(arm, batch):
    network = Network(arm)
    rows = describe(network)
    network.to(torch.float64)
    runs = float32_runs(arm, batch)
    optimiser = torch.optim.Adam([p for p in network.parameters() if p.requires_grad], LEARNING_RATE)
    losses = []
    for step in range(ADAM_STEPS + 1):
        loss, output, exact = one_step(network, batch)
        losses.append(loss)
        if step == 0:
            case = {
                "batch": batch, "loss": loss, "output": spread_entries(output, [of_run for of_run, _ in runs]),
                "gradients": gradients(exact, runs, rows),
            }
        optimiser.step()
    case["losses"] = losses
    return rows, case


def main():
    models = {}
    for arm, batches in BATCHES.items():
        cases = []
        for batch in batches:
            rows, case = run_case(arm, batch)
            cases.append(case)
            print(arm, batch, case["losses"], flush=True)
        models[f"v7_{arm}"] = {"parameters": rows, "cases": cases}
    formula.write("v7.json", {
        "about": "float64 values of v7.py; an entry is its flat index (row-major, batch first), its value and the worst "
                 "error of PyTorch's float32 runs",
        "formula": formula.DESCRIPTION,
        "streams": {"x": formula.STREAM_X, "target": formula.STREAM_TARGET, "t": formula.STREAM_TIME},
        "inputs": "x = value(x, scale 1), target = value(target, scale sqrt(3)), t = bits(t) modulo 1000",
        "optimiser": {"name": "adam", "lr": LEARNING_RATE, "betas": [0.9, 0.999], "eps": 1e-8},
        "losses": "losses[k] is the loss after k Adam steps",
        "models": models,
    })


if __name__ == "__main__":
    main()
