"""Layers and activations of PyTorch on small odd shapes: values and gradients, in float64.

    python3 tests/reference/layers.py        writes layers.json (needs numpy, torch)

Inputs come from formula.py: a case with number k reads x from stream 10 k, the weight from 10 k + 1, the bias from
10 k + 2 and the cotangent of the output from 10 k + 3. Shapes start with the batch; weights have PyTorch's layouts
(conv_transpose: [in, out, k, k]).
"""
import torch
from torch.nn import functional as F

import formula

# in, out channels, height, width, kernel, stride, pad
CONVOLUTIONS = [
    (1, 1, 5, 7, 3, 1, 1), (1, 2, 7, 7, 3, 2, 1), (3, 2, 5, 3, 3, 2, 0), (2, 3, 4, 6, 2, 2, 0), (2, 3, 1, 1, 3, 1, 1),
    (3, 1, 1, 1, 1, 1, 0), (2, 2, 6, 5, 5, 1, 2), (3, 5, 7, 11, 1, 1, 0), (2, 1, 8, 7, 3, 3, 1), (1, 3, 2, 2, 3, 2, 1),
]
# in, out channels, height, width, kernel, stride; PyTorch's padding is 0
TRANSPOSED = [(1, 1, 3, 5, 2, 2), (3, 2, 2, 3, 2, 2), (2, 3, 1, 1, 2, 2), (2, 1, 3, 2, 3, 2), (1, 2, 3, 3, 3, 1),
              (2, 2, 2, 3, 2, 3)]
LINEAR = [(7, 5), (1, 3), (13, 1)]
ACTIVATIONS = {"relu": F.relu, "silu": F.silu, "sigmoid": torch.sigmoid, "tanh": torch.tanh, "gelu": F.gelu}
BATCH = 2


class Cases:
    def __init__(self):
        self.rows = []

    def tensor(self, slot, shape, scale=1.0):
        stream = 10 * len(self.rows) + slot
        return torch.tensor(formula.value(stream, shape, scale), requires_grad=slot != 3)

    def add(self, op, attributes, compute, x_shape, weight_shape=None, bias_shape=None, scale=1.0):
        inputs = {"x": self.tensor(0, x_shape, scale)}
        if weight_shape:
            inputs["weight"] = self.tensor(1, weight_shape)
            inputs["bias"] = self.tensor(2, bias_shape)
        y = compute(*inputs.values())
        cotangent = self.tensor(3, tuple(y.shape))
        gradients = torch.autograd.grad(y, list(inputs.values()), cotangent)
        row = {"case": len(self.rows), "op": op, **attributes, "x_scale": scale, "y_shape": list(y.shape)}
        row.update({f"{name}_shape": list(value.shape) for name, value in inputs.items()})
        row["y"] = formula.rounded(y.detach().reshape(-1))
        row.update({f"d{name}": formula.rounded(g.reshape(-1)) for name, g in zip(inputs, gradients)})
        self.rows.append(row)


def main():
    cases = Cases()
    for i, o, h, w, k, stride, pad in CONVOLUTIONS:
        cases.add("conv", {"stride": stride, "pad": pad},
                  lambda x, a, b, s=stride, p=pad: F.conv2d(x, a, b, s, p), (BATCH, i, h, w), (o, i, k, k), (o,))
    for i, o, h, w, k, stride in TRANSPOSED:
        cases.add("conv_transpose", {"stride": stride},
                  lambda x, a, b, s=stride: F.conv_transpose2d(x, a, b, s), (BATCH, i, h, w), (i, o, k, k), (o,))
    for i, o in LINEAR:
        cases.add("linear", {}, F.linear, (BATCH, i), (o, i), (o,))
    cases.add("linear", {}, F.linear, (BATCH, 2, 3, 5), (7, 5), (7,))
    for axes in ([1, 2], [0], [0, 1, 2]):   # as a model file counts them, without the batch
        cases.add("mean", {"axes": axes}, lambda x, a=axes: x.mean([axis + 1 for axis in a]), (BATCH, 3, 5, 7))
    for name, function in ACTIVATIONS.items():
        cases.add(name, {}, function, (BATCH, 3, 5), scale=4.0)
        cases.add(name, {}, function, (BATCH, 7), scale=30.0)
    formula.write("layers.json", {
        "about": "float64 values of layers.py; arrays are flat, row-major, batch first; dx, dweight, dbias are the "
                 "gradients of sum(cotangent * y)",
        "formula": formula.DESCRIPTION,
        "streams": "case k: x 10 k (scale x_scale), weight 10 k + 1, bias 10 k + 2, cotangent 10 k + 3 (scale 1)",
        "cases": cases.rows,
    })


if __name__ == "__main__":
    main()
