"""The models beside v7 in PyTorch: outputs, losses and gradients in float64 on weights from formula.py.

    python3 tests/reference/models.py        writes models.json (needs numpy, torch, torchvision, pennylane)

ResNet-18 is torchvision's own, in evaluation mode (`resnet18`), and with group norm (`resnet18_group`). The others are
written down here function by function; parameters are called as in the model files and made when they are first used,
which gives them their ordinals. The loss is the mean squared difference of the output from a target.

Images come from the first stream from 3000 on for which no argument of a relu is within MARGIN of 0 (in units of the
root mean square of its tensor): nearer to it float32 does not know the side, and gradients would depend on rounding.
With every entry goes the error of eight float32 runs of PyTorch itself (oneDNN's convolutions or the plain ones,
channels first or last, the batch forwards or backwards): the worst at the entry, or the root mean square over the array
if that is larger.
"""
import math
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import formula
import v7

BATCH, ENTRIES = 3, 3
FIRST_STREAM, MARGIN = 3000, 3e-6


class Weights:
    """Parameters by path, each made from its formula when it is first asked for."""

    def __init__(self, dtype=torch.float64, layout=torch.contiguous_format):
        self.dtype, self.layout, self.rows, self.tensors = dtype, layout, [], {}

    def __call__(self, path, shape, scale, offset=0.0, trained=True):
        if path not in self.tensors:
            scale, offset = float(np.float32(scale)), float(np.float32(offset))
            value = formula.value(len(self.rows), shape, scale, offset)
            tensor = torch.tensor(value, dtype=self.dtype)
            if len(shape) == 4:
                tensor = tensor.contiguous(memory_format=self.layout)
            self.tensors[path] = tensor.requires_grad_(trained)
            self.rows.append({"path": path, "shape": list(shape), "scale": scale, "offset": offset, "trained": trained})
        return self.tensors[path]

    def conv(self, path, x, out, kernel, stride=1, pad=None):
        bound = 1 / math.sqrt(x.shape[1] * kernel * kernel)
        weight = self(f"{path}.weight", (out, x.shape[1], kernel, kernel), bound)
        return F.conv2d(x, weight, self(f"{path}.bias", (out,), bound), stride, kernel // 2 if pad is None else pad)

    def conv_transpose(self, path, x, out, kernel, stride):
        bound = 1 / math.sqrt(out * kernel * kernel)
        weight = self(f"{path}.weight", (x.shape[1], out, kernel, kernel), bound)
        return F.conv_transpose2d(x, weight, self(f"{path}.bias", (out,), bound), stride)

    def linear(self, path, x, out, gain=1.0):
        bound = gain / math.sqrt(x.shape[-1])
        return F.linear(x, self(f"{path}.weight", (out, x.shape[-1]), bound), self(f"{path}.bias", (out,), bound))

    def group_norm(self, path, x, groups=32):
        c = x.shape[1]
        return F.group_norm(x, groups, self(f"{path}.weight", (c,), 0.5, 1.0), self(f"{path}.bias", (c,), 0.5))

    def attention(self, path, x):
        c = x.shape[1]
        into = self(f"{path}.in_proj_weight", (3 * c, c), math.sqrt(6 / (4 * c)))
        into_bias = self(f"{path}.in_proj_bias", (3 * c,), 0.5)
        out = self(f"{path}.out_proj.weight", (c, c), 1 / math.sqrt(c))
        out_bias = self(f"{path}.out_proj.bias", (c,), 0.5)
        tokens = x.flatten(2).permute(2, 0, 1)
        mixed, _ = F.multi_head_attention_forward(tokens, tokens, tokens, c, 1, into, into_bias, None, None, False, 0.0,
                                                  out, out_bias, need_weights=False)
        return mixed.permute(1, 2, 0).reshape(x.shape)


def sinusoidal(t, n, dtype):
    frequency = torch.exp(-math.log(1e4) * torch.arange(n // 2, dtype=dtype) / (n // 2 - 1))
    angle = t[:, None].to(dtype) * frequency
    return torch.cat([angle.sin(), angle.cos()], 1)


def v8_block(w, path, x, e, out):
    h = F.relu(w.conv(f"{path}.h.conv", x, out, 3))
    h = h + F.relu(w.linear(f"{path}.h.linear", e, out))[:, :, None, None]
    h = F.relu(w.conv(f"{path}.h.conv_2", h, out, 3))
    return h + (x if x.shape[1] == out else w.conv(f"{path}.out.conv", x, out, 1))


class V8:
    def __init__(self, arm, single=False):
        self.arm = arm
        if arm == "quantum":
            device, gradient = ("lightning.qubit", "adjoint") if single else ("default.qubit", "backprop")
            self.circuit = v7.Circuit(False, device, gradient, single)

    def gate(self, w, m):
        g = F.adaptive_avg_pool1d(m.mean((2, 3)), 16)
        if self.arm == "se":
            return w.linear("g.linear_2", F.relu(w.linear("g.linear", g, 16, 3.0)), 128, 3.0)
        angles = w("g.Bottleneck.w", (v7.LAYERS, v7.QUBITS, 2), math.pi, math.pi)
        z = torch.stack(self.circuit.node(math.pi * torch.sigmoid(g), angles), 1).to(m.dtype)
        return w.linear("g.linear", z, 128, 3.0)

    def __call__(self, w, x, t):
        e = sinusoidal(t, 128, x.dtype)
        x1 = v8_block(w, "x1.ResBlock", w.conv("x1.conv", x, 32, 3), e, 32)
        x2 = v8_block(w, "x2.ResBlock", w.conv("x2.conv", x1, 64, 3, 2), e, 64)
        x3 = v8_block(w, "x3.ResBlock", w.conv("x3.conv", x2, 128, 3, 2), e, 128)
        m = v8_block(w, "m.ResBlock", x3, e, 128)
        if self.arm != "plain":
            m = m * self.gate(w, m)[:, :, None, None]
        u2 = v8_block(w, "u2.ResBlock", torch.cat([w.conv_transpose("u2.conv_transpose", m, 64, 2, 2), x2], 1), e, 64)
        u1 = v8_block(w, "u1.ResBlock", torch.cat([w.conv_transpose("u1.conv_transpose", u2, 32, 2, 2), x1], 1), e, 32)
        return w.conv("out.conv", u1, 1, 1)


def ddpm_block(w, path, x, e, out):
    h = w.conv(f"{path}.h.conv", F.silu(w.group_norm(f"{path}.h.group_norm", x)), out, 3)
    h = h + w.linear(f"{path}.h.linear", e, out)[:, :, None, None]
    h = w.conv(f"{path}.h.conv_2", F.silu(w.group_norm(f"{path}.h.group_norm_2", h)), out, 3)
    return h + (x if x.shape[1] == out else w.conv(f"{path}.out.conv", x, out, 1))


def attend(w, path, x):
    return x + w.attention(f"{path}.out.attention", w.group_norm(f"{path}.out.group_norm", x))


def ddpm_unet(w, x, t, channels=64, blocks=1):
    e = F.silu(w.linear("e.linear", sinusoidal(t, channels, x.dtype), 4 * channels))
    e = F.silu(w.linear("e.linear_2", e, 4 * channels))
    h = w.conv("h.conv", x, channels, 3)
    skips = [h]
    for level in range(3):
        for b in range(blocks):
            h = ddpm_block(w, f"down.{level}.{b}", h, e, channels * 2**level)
            if level == 2:
                h = attend(w, f"attend.{level}.{b}", h)
            skips.append(h)
        if level < 2:
            h = w.conv(f"shrink.{level}", h, channels * 2**level, 3, 2)
            skips.append(h)
    m = ddpm_block(w, "m.Block", h, e, 4 * channels)
    m = ddpm_block(w, "m.Block_2", attend(w, "m.Attend", m), e, 4 * channels)
    for level in (2, 1, 0):
        for b in range(blocks + 1):
            m = ddpm_block(w, f"up.{level}.{b}", torch.cat([m, skips.pop()], 1), e, channels * 2**level)
        if level > 0:
            m = w.conv(f"grow.{level}", F.interpolate(m, scale_factor=2), channels * 2**level, 3)
    return w.conv("out.conv", F.silu(w.group_norm("out.group_norm", m)), 1, 3)


def lenet5(w, x):
    f = F.avg_pool2d(torch.tanh(w.conv("f.conv", x, 6, 5)), 2)
    f = F.avg_pool2d(torch.tanh(w.conv("f.conv_2", f, 16, 5, pad=0)), 2)
    h = torch.tanh(w.linear("out.linear", f.flatten(1), 120))
    return w.linear("out.linear_3", torch.tanh(w.linear("out.linear_2", h, 84)), 10)


class ResNet18:
    """torchvision's network, its parameters taken from Weights."""

    def __init__(self, group):
        import torchvision  # the other models do without

        self.network = torchvision.models.resnet18(
            num_classes=10, **({"norm_layer": lambda c: nn.GroupNorm(32, c)} if group else {})).eval()

    def __call__(self, w, x):
        values = {}
        for name, tensor in self.network.state_dict().items():
            shape = tuple(tensor.shape)
            if name.endswith("num_batches_tracked"):
                continue
            if name.endswith("running_mean"):
                values[name] = w(name, shape, 0.1, 0.0, trained=False)
            elif name.endswith("running_var"):
                values[name] = w(name, shape, 0.5, 1.0, trained=False)
            elif len(shape) == 1 and name.endswith("weight"):
                values[name] = w(name, shape, 0.3, 1.0)
            else:
                values[name] = w(name, shape, math.sqrt(6 / math.prod(shape[1:])) if len(shape) > 1 else 0.3)
        return torch.func.functional_call(self.network, values, (x,))


def circuit_model(arm):
    return lambda single: V8(arm, single)


# model file, name of the net, shape of the image, whether it takes a time, settings, the function
MODELS = {
    "v8_plain": ("v8_plain", "UNet", (1, 28, 28), True, [], circuit_model("plain")),
    "v8_se": ("v8_se", "UNet", (1, 28, 28), True, [], circuit_model("se")),
    "v8_quantum": ("v8_quantum", "UNet", (1, 28, 28), True, [], circuit_model("quantum")),
    "ddpm_unet": ("ddpm_unet", "UNet", (1, 28, 28), True, [], lambda single: ddpm_unet),
    "lenet5": ("lenet5", "LeNet", (1, 28, 28), False, [], lambda single: lenet5),
    "resnet18": ("resnet18", "ResNet18", (3, 28, 28), False, [], lambda single: ResNet18(False)),
    "resnet18_group": ("resnet18", "ResNet18", (3, 28, 28), False, ["NORM=group_norm"], lambda single: ResNet18(True)),
}


class ReluMargin:
    """Records how near the arguments of F.relu come to 0."""

    def __enter__(self):
        self.smallest, self.relu = math.inf, F.relu

        def recorded(x, inplace=False):
            self.smallest = min(self.smallest, float((x.abs().min() / x.square().mean().sqrt()).detach()))
            return self.relu(x)

        F.relu = recorded
        return self

    def __exit__(self, *_):
        F.relu = self.relu


def quiet_stream(function, shape, timed):
    for stream in range(FIRST_STREAM, FIRST_STREAM + 1000):
        with ReluMargin() as margin, torch.no_grad():
            function(Weights(), *arguments_of(stream, shape, timed, torch.float64))
        if margin.smallest > MARGIN:
            return stream
    raise RuntimeError("no stream keeps away from the kinks")


def arguments_of(stream, shape, timed, dtype):
    x = torch.tensor(formula.value(stream, (BATCH, *shape)), dtype=dtype)
    return [x] + ([torch.tensor(formula.integers(formula.STREAM_TIME, BATCH, 1000))] if timed else [])


def spread_entries(exact, runs):
    """Triples (flat index, value, error of float32)."""
    flat = exact.reshape(-1)
    differences = [run.reshape(-1).astype(np.float64) - flat for run in runs]
    typical = max(float(np.sqrt(np.mean(d**2))) for d in differences)
    picked = {int(np.argmax(np.abs(flat)))}
    for word in formula.bits(2000, 4 * ENTRIES):
        if len(picked) < min(ENTRIES, flat.size):
            picked.add(int(word % np.uint64(flat.size)))
    return [[i, float(f"{flat[i]:.13g}"), float(f"{max(typical, *(abs(d[i]) for d in differences)):.2g}")]
            for i in sorted(picked)]


def one_step(function, stream, shape, timed, dtype, backwards=False, layout=torch.contiguous_format):
    weights = Weights(dtype, layout)
    x, *arguments = arguments_of(stream, shape, timed, dtype)
    x = x.contiguous(memory_format=layout)
    if backwards:
        x, arguments = x.flip(0), [t.flip(0) for t in arguments]
    output = function(weights, x, *arguments)
    target = torch.tensor(formula.value(formula.STREAM_TARGET, tuple(output.shape), math.sqrt(3)), dtype=dtype)
    loss = F.mse_loss(output, target.flip(0) if backwards else target)
    trained = [row["path"] for row in weights.rows if row["trained"]]
    gradients = torch.autograd.grad(loss, [weights.tensors[path] for path in trained])
    output = output.flip(0) if backwards else output
    return weights.rows, float(loss.detach()), output.detach().numpy(), dict(
        zip(trained, [g.contiguous().numpy() for g in gradients]))


def run_model(name):
    file, net, shape, timed, settings, make = MODELS[name]
    stream = quiet_stream(make(False), shape, timed)
    rows, loss, output, gradients = one_step(make(False), stream, shape, timed, torch.float64)
    runs = []
    for onednn in (True, False):
        for layout in (torch.contiguous_format, torch.channels_last):
            for backwards in (False, True):
                with torch.backends.mkldnn.flags(enabled=onednn):
                    runs.append(one_step(make(True), stream, shape, timed, torch.float32, backwards, layout)[2:])
    entries = spread_entries(output, [of_run for of_run, _ in runs])
    for row in rows:
        if not row["trained"]:
            continue
        path = row["path"]
        row["norm"] = float(f"{np.linalg.norm(gradients[path]):.13g}")
        norms = [np.linalg.norm(of_run[path].astype(np.float64)) for _, of_run in runs]
        row["norm_error"] = float(f"{max(abs(norm - row['norm']) for norm in norms):.2g}")
        row["entries"] = spread_entries(gradients[path], [of_run[path] for _, of_run in runs])
    print(name, stream, loss, sum(math.prod(row["shape"]) for row in rows), flush=True)
    return {"file": file, "net": net, "set": settings, "image": list(shape), "stream": stream, "batch": BATCH,
            "timed": timed, "loss": loss, "output_shape": list(output.shape), "output": entries, "parameters": rows}


def main():
    formula.write("models.json", {
        "about": "float64 values of models.py; an entry is its flat index (row-major, batch first), its value and the "
                 "worst error of PyTorch's float32 runs; a parameter's stream is its place in the list",
        "formula": formula.DESCRIPTION,
        "streams": {"x": "that of the model", "target": formula.STREAM_TARGET, "t": formula.STREAM_TIME},
        "inputs": "x = value(stream, scale 1), target = value(target, scale sqrt(3)), t = bits(t) modulo 1000",
        "models": {name: run_model(name) for name in sys.argv[1:] or MODELS},
    })


if __name__ == "__main__":
    main()
