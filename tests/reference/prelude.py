"""The standard library (dsl/prelude.qiln) against PyTorch on odd shapes: values and gradients in float64, initialisers.

    python3 tests/reference/prelude.py       writes prelude.json (needs numpy, torch)

A case holds the text of a net's result and what PyTorch makes of the same. Its leaves (inputs, then parameters by path)
are numbered; leaf i of case k comes from stream 64 k + i of formula.py, the cotangent of the result from 64 k + 63.
Shapes of inputs start with the batch. An array in the file is its projection on stream 64 k + 62 and a few entries.
"""
import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import formula

BATCH, ENTRIES = 2, 6
INITIAL_DRAWS = 200


class Leaf:
    def __init__(self, shape, scale=1.0, offset=0.0, label=0, buffer=False):
        self.shape, self.scale, self.offset, self.label, self.buffer = tuple(shape), scale, offset, label, buffer


def image(*shape, scale=1.0):
    return Leaf((BATCH, *shape), scale)


def label(classes):
    return Leaf((BATCH,), label=classes)


class Cases:
    def __init__(self):
        self.rows = []

    def digest(self, stream, tensor):
        flat = tensor.detach().numpy().reshape(-1)
        weights = formula.value(stream, flat.shape).astype(np.float64)
        step = max(1, len(flat) // ENTRIES)
        picked = sorted({*range(0, len(flat), step), int(np.argmax(np.abs(flat)))})
        return {"dot": float(f"{np.dot(flat, weights):.15g}"), "largest": float(f"{np.abs(flat).max():.3g}"),
                "entries": [[i, float(f"{flat[i]:.13g}")] for i in picked]}

    def add(self, body, compute, params=None, **inputs):
        k = len(self.rows)
        row = {"case": k, "body": body, "inputs": [], "params": []}
        tensors, trained = [], {}
        for i, (name, leaf) in enumerate([*inputs.items(), *(params or {}).items()]):
            entry = {"name": name, "shape": list(leaf.shape)}
            if leaf.label:
                words = formula.bits(64 * k + i, leaf.shape[0])
                values = [int(word % np.uint64(leaf.label)) for word in words]
                entry.update({"label": leaf.label, "values": values})
                tensors.append(torch.tensor(values))
            else:
                value = formula.value(64 * k + i, leaf.shape, leaf.scale, leaf.offset)
                tensors.append(torch.tensor(value, dtype=torch.float64, requires_grad=not leaf.buffer))
                entry.update({"scale": leaf.scale, "offset": leaf.offset})
                if not leaf.buffer:
                    trained[name] = tensors[-1]
            row["inputs" if name in inputs else "params"].append(entry)
        y = compute(*tensors)
        cotangent = torch.tensor(formula.value(64 * k + 63, tuple(y.shape)), dtype=torch.float64)
        gradients = torch.autograd.grad(y, list(trained.values()), cotangent)
        row.update({"y_shape": list(y.shape), "y": self.digest(64 * k + 62, y)})
        row["d"] = {name: self.digest(64 * k + 62, g) for name, g in zip(trained, gradients)}
        self.rows.append(row)


def weighted(callee, weight, bias):
    leaves = {f"out.{callee}.weight": Leaf(weight)}
    return leaves | ({f"out.{callee}.bias": Leaf(bias)} if bias else {})


# in, out, height, width, kernel, stride, pad, dilation, groups, biased
CONVOLUTIONS = [
    (1, 1, 1, 1, 1, 1, 0, 1, 1, True), (1, 2, 1, 1, 3, 1, 1, 1, 1, True), (3, 3, 7, 5, 3, 1, 1, 1, 3, True),
    (4, 6, 5, 7, 3, 2, 1, 1, 2, True), (2, 4, 7, 7, 3, 1, 2, 2, 1, True), (2, 2, 9, 11, 3, 2, 0, 3, 2, True),
    (1, 3, 11, 7, 2, 5, 0, 1, 1, True), (3, 1, 13, 5, 1, 3, 0, 1, 1, False), (6, 3, 5, 5, 3, 2, 3, 2, 3, False),
    (2, 2, 1, 1, 3, 2, 1, 1, 2, True), (2, 3, 6, 5, 4, 3, 2, 1, 1, True),
]
# in, out, height, width, kernel, stride, pad, output_pad, groups
TRANSPOSED = [
    (3, 2, 2, 3, 3, 2, 1, 1, 1), (2, 4, 3, 2, 3, 1, 1, 0, 2), (1, 1, 1, 1, 2, 3, 0, 2, 1), (4, 4, 3, 5, 2, 2, 0, 0, 4),
    (3, 3, 5, 1, 4, 2, 1, 0, 3), (1, 2, 2, 2, 1, 3, 0, 0, 1), (2, 2, 3, 3, 5, 2, 2, 1, 1),
]
# channels, height, width, kernel, stride, pad
POOLS = [(2, 6, 4, 2, 2, 0), (1, 7, 5, 2, 2, 0), (3, 7, 7, 3, 2, 1), (2, 5, 7, 3, 1, 1), (1, 5, 5, 2, 3, 0),
         (1, 1, 1, 1, 1, 0), (2, 1, 1, 3, 1, 1), (1, 3, 2, 2, 1, 1)]


def add_convolutions(cases):
    for i, o, h, w, k, stride, pad, dilation, groups, biased in CONVOLUTIONS:
        cases.add(f"x |> conv({o}, {k}, stride = {stride}, pad = {pad}, dilation = {dilation}, groups = {groups}, "
                  f"biased = {str(biased).lower()})",
                  lambda x, a, b=None: F.conv2d(x, a, b, stride, pad, dilation, groups),
                  weighted("conv", (o, i // groups, k, k), (o,) if biased else None), x=image(i, h, w))
    for i, o, h, w, k, stride, pad, output_pad, groups in TRANSPOSED:
        cases.add(f"x |> conv_transpose({o}, {k}, stride = {stride}, pad = {pad}, output_pad = {output_pad}, "
                  f"groups = {groups})",
                  lambda x, a, b: F.conv_transpose2d(x, a, b, stride, pad, output_pad, groups),
                  weighted("conv_transpose", (i, o // groups, k, k), (o,)), x=image(i, h, w))


def add_norms(cases):
    for shape, groups in [((6, 5, 7), 2), ((6, 5, 7), 3), ((4, 1, 1), 2), ((3, 1, 1), 3), ((3,), 1), ((1, 3, 5), 1)]:
        c = shape[0]
        cases.add(f"x |> group_norm({groups})", lambda x, a, b: F.group_norm(x, groups, a, b),
                  weighted("group_norm", (c,), (c,)), x=image(*shape))
    for shape in [(3, 5, 2), (1, 1, 3)]:
        cases.add("x |> instance_norm", lambda x: F.instance_norm(x), x=image(*shape))
    for shape, trailing in [((5,), 1), ((3, 7), 1), ((2, 3, 5), 2), ((1, 5, 3), 3)]:
        over = shape[len(shape) - trailing:]
        cases.add(f"x |> layer_norm({trailing})", lambda x, a, b: F.layer_norm(x, over, a, b),
                  weighted("layer_norm", over, over), x=image(*shape))
    for shape in [(3, 5, 7), (2, 1, 1), (5,)]:
        c = shape[0]
        params = weighted("batch_norm", (c,), (c,))
        params |= {"out.batch_norm.running_mean": Leaf((c,), buffer=True),
                   "out.batch_norm.running_var": Leaf((c,), 0.5, 1.0, buffer=True)}
        cases.add("x |> batch_norm", lambda x, a, b, mean, var: F.batch_norm(x, mean, var, a, b), params,
                  x=image(*shape))


def add_pools(cases):
    for c, h, w, k, stride, pad in POOLS:
        arguments = f"{k}" if stride == k and pad == 0 else f"{k}, stride = {stride}, pad = {pad}"
        cases.add(f"x |> max_pool({arguments})", lambda x: F.max_pool2d(x, k, stride, pad), x=image(c, h, w))
        cases.add(f"x |> avg_pool({arguments})", lambda x: F.avg_pool2d(x, k, stride, pad), x=image(c, h, w))
    for c, h, w, rows, columns in [(2, 7, 5, 3, 2), (1, 6, 4, 3, 2), (3, 1, 1, 1, 1), (2, 5, 5, 1, 1), (1, 3, 2, 5, 4)]:
        cases.add(f"x |> adaptive_avg_pool({rows}, {columns})", lambda x: F.adaptive_avg_pool2d(x, (rows, columns)),
                  x=image(c, h, w))
    for shape, out in [((3, 13), 4), ((2, 12), 4), ((1, 2), 3)]:
        cases.add(f"x |> adaptive_mean({out})", lambda x: F.adaptive_avg_pool1d(x, out), x=image(*shape))
    for c, h, w, scale in [(2, 3, 2, 2), (1, 1, 1, 3), (3, 5, 3, 3)]:
        cases.add(f"x |> upsample({scale})", lambda x: F.interpolate(x, scale_factor=scale), x=image(c, h, w))
        cases.add(f"x |> upsample({scale}, bilinear = true)",
                  lambda x: F.interpolate(x, scale_factor=scale, mode="bilinear"), x=image(c, h, w))


def self_attention(x, heads, *weights):
    c = x.shape[1]
    tokens = x.flatten(2).permute(2, 0, 1)
    out, _ = F.multi_head_attention_forward(tokens, tokens, tokens, c, heads, weights[0], weights[1], None, None, False,
                                            0.0, weights[2], weights[3], need_weights=False)
    return out.permute(1, 2, 0).reshape(x.shape)


def add_attention(cases):
    for shape, heads in [((4, 3, 2), 2), ((3, 1, 1), 1), ((2, 1, 5), 1), ((6, 2, 2), 3), ((4, 5), 2)]:
        c = shape[0]
        params = {"out.attention.in_proj_weight": Leaf((3 * c, c)), "out.attention.in_proj_bias": Leaf((3 * c,)),
                  "out.attention.out_proj.weight": Leaf((c, c)), "out.attention.out_proj.bias": Leaf((c,))}
        cases.add(f"x |> attention(heads = {heads})", lambda x, *p: self_attention(x, heads, *p), params,
                  x=image(*shape))
    cases.add("embedding(y, 3)", lambda y, weight: F.embedding(y, weight), {"out.embedding.weight": Leaf((5, 3))},
              y=label(5))


def add_functions(cases):
    for body, function in [("leaky_relu", F.leaky_relu), ("leaky_relu(0.2)", lambda x: F.leaky_relu(x, 0.2)),
                           ("elu", F.elu), ("elu(alpha = 0.5)", lambda x: F.elu(x, 0.5)),
                           ("softplus", lambda x: F.softplus(x, threshold=1000))]:
        for scale in (4.0, 30.0):
            cases.add(f"x |> {body}", function, x=image(3, 5, scale=scale))
    for name, function in [("softmax", F.softmax), ("log_softmax", F.log_softmax)]:
        for shape, axis, scale in [((7,), None, 30.0), ((3, 5), None, 1.0), ((3, 5, 2), 0, 4.0), ((3, 5, 2), 1, 4.0),
                                   ((1,), None, 1.0)]:
            dimension = len(shape) if axis is None else axis + 1
            cases.add(f"x |> {name}" if axis is None else f"x |> {name}(axis = {axis})",
                      lambda x: function(x, dim=dimension), x=image(*shape, scale=scale))


def add_losses(cases):
    def mean(values):
        return values.reshape(len(values), -1).mean(1)

    for shape in [(2, 3, 5), (1,)]:
        both = {"x": image(*shape), "z": image(*shape)}
        cases.add("mse(x, z)", lambda x, z: mean(F.mse_loss(x, z, reduction="none")), **both)
        cases.add("l1(x, z)", lambda x, z: mean(F.l1_loss(x, z, reduction="none")), **both)
        cases.add("huber(x, z)", lambda x, z: mean(F.huber_loss(x, z, reduction="none")), **both)
        cases.add("huber(x, z, delta = 0.3)", lambda x, z: mean(F.huber_loss(x, z, reduction="none", delta=0.3)), **both)
    cases.add("cross_entropy(x, one_hot(y))", lambda x, y: F.cross_entropy(x, y, reduction="none"),
              x=image(5, scale=4.0), y=label(5))
    cases.add("cross_entropy(x, softmax(z, axis = 0))",
              lambda x, z: mean(F.cross_entropy(x, F.softmax(z, 1), reduction="none")), x=image(3, 2, 5), z=image(3, 2, 5))


def add_linear(cases):
    for shape, out in [((7,), 5), ((1,), 1), ((1,), 3), ((13,), 2), ((3, 5), 2), ((2, 1, 7), 3)]:
        cases.add(f"x |> linear({out})", F.linear, weighted("linear", (out, shape[-1]), (out,)), x=image(*shape))


def add_activations(cases):
    for body, function in [("relu", F.relu), ("sigmoid", torch.sigmoid), ("tanh", torch.tanh), ("silu", F.silu),
                           ("gelu", F.gelu)]:
        for shape, scale in [((3, 5), 4.0), ((1, 1, 1), 1.0), ((7,), 30.0)]:
            cases.add(f"x |> {body}", function, x=image(*shape, scale=scale))


def add_more_pools(cases):
    """Windows that overlap at strides 1 and 2, reach beyond borders on all sides, or are as large as the image."""
    for c, h, w, k, stride, pad in [(3, 5, 7, 5, 2, 2), (1, 1, 1, 3, 2, 1), (2, 2, 3, 3, 3, 1), (2, 7, 7, 7, 1, 0),
                                    (1, 11, 13, 4, 3, 2)]:
        arguments = f"{k}, stride = {stride}, pad = {pad}"
        cases.add(f"x |> max_pool({arguments})", lambda x: F.max_pool2d(x, k, stride, pad), x=image(c, h, w))
        cases.add(f"x |> avg_pool({arguments})", lambda x: F.avg_pool2d(x, k, stride, pad), x=image(c, h, w))
    cases.add("relu(x) |> max_pool(3, stride = 2, pad = 1) |> sigmoid",
              lambda x: torch.sigmoid(F.max_pool2d(F.relu(x), 3, 2, 1)), x=image(2, 7, 5))
    for c, h, w, rows, columns in [(2, 7, 5, 3, 2), (1, 6, 4, 3, 2), (3, 1, 1, 1, 1), (2, 5, 5, 1, 1), (1, 3, 2, 5, 4)]:
        cases.add(f"x |> adaptive_max_pool({rows}, {columns})", lambda x: F.adaptive_max_pool2d(x, (rows, columns)),
                  x=image(c, h, w))


def attention_module():
    return nn.MultiheadAttention(6, 2)


INITIAL = [
    ("x |> conv(6, 3, groups = 2)", (4, 5, 5), "conv", lambda: nn.Conv2d(4, 6, 3, groups=2)),
    ("x |> conv_transpose(6, 3, groups = 2)", (4, 5, 5), "conv_transpose",
     lambda: nn.ConvTranspose2d(4, 6, 3, groups=2)),
    ("x |> linear(5)", (7,), "linear", lambda: nn.Linear(7, 5)),
    ("x |> group_norm(2)", (4, 3, 3), "group_norm", lambda: nn.GroupNorm(2, 4)),
    ("x |> layer_norm", (4, 3), "layer_norm", lambda: nn.LayerNorm(3)),
    ("x |> batch_norm", (4, 3, 3), "batch_norm", lambda: nn.BatchNorm2d(4)),
    ("x |> attention(heads = 2)", (6, 2, 2), "attention", attention_module),
    ("embedding(y, 8)", 10, "embedding", lambda: nn.Embedding(10, 8)),
]


def initial_values():
    """[least, greatest, standard deviation] of each parameter over many instances."""
    torch.manual_seed(0)
    rows = []
    for body, shape, name, make in INITIAL:
        values = {}
        for _ in range(INITIAL_DRAWS):
            for key, tensor in make().state_dict().items():
                if key != "num_batches_tracked":
                    values.setdefault(f"out.{name}.{key}", []).append(tensor.flatten())
        ranges = {key: torch.cat(parts) for key, parts in values.items()}
        rows.append({"body": body, "input": shape if isinstance(shape, int) else list(shape),
                     "params": {key: [float(f"{v:.6g}") for v in (x.min(), x.max(), x.std())]
                                for key, x in ranges.items()}})
    return rows


def main():
    cases = Cases()
    for add in (add_convolutions, add_norms, add_pools, add_attention, add_functions, add_losses, add_linear,
                add_activations, add_more_pools):
        add(cases)
    formula.write("prelude.json", {
        "about": "float64 values of prelude.py; an array is its projection on stream 64 k + 62, its largest size and "
                 "some [index, value], row-major, batch first; d are gradients of sum(cotangent * y)",
        "formula": formula.DESCRIPTION,
        "streams": "case k: leaf i (inputs, then parameters) 64 k + i, projections 64 k + 62, cotangent 64 k + 63",
        "cases": cases.rows,
        "initial": initial_values(),
    })


if __name__ == "__main__":
    main()
