"""A module with weights of formula.py, saved by PyTorch, for tests/runtime/weights_test.cpp.

    python3 tests/reference/weights.py            writes weights.safetensors and weights.json (needs torch, safetensors)
    python3 tests/reference/weights.py FILE       loads a file of `qiln export` into the module, strictly

The module is the net `Small` of weights_test.cpp: a convolution, batch norm with statistics, a transposed convolution in
bfloat16, group norm in half, a shared linear layer in double.
"""
import sys

import torch
from safetensors.torch import load_file, save_file

import formula


class Small(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.Conv2d(1, 4, 3, padding=1)
        self.norm = torch.nn.BatchNorm2d(4)
        self.blocks = torch.nn.ModuleList([torch.nn.GroupNorm(2, 4), torch.nn.ConvTranspose2d(4, 2, 2, stride=2)])
        self.head = torch.nn.Linear(128, 3)

    def forward(self, x):
        h = self.norm(self.first(x)).relu()
        h = self.blocks[1](self.blocks[0](h))
        return self.head(h.flatten(1))


def fill(module):
    for ordinal, (name, value) in enumerate(module.state_dict().items()):
        if name.endswith("num_batches_tracked"):
            continue
        offset = 1.5 if name.endswith("running_var") else 0
        value.copy_(torch.tensor(formula.value(ordinal, tuple(value.shape), 0.5, offset)))


def main():
    module = Small().eval()
    if len(sys.argv) > 1:
        print(module.load_state_dict(load_file(sys.argv[1]), strict=True))
        return
    fill(module)
    types = {"blocks.0": torch.float16, "blocks.1": torch.bfloat16, "head": torch.float64}
    state = {name: value.to(types.get(name.rpartition(".")[0], value.dtype)) for name, value in
             module.state_dict().items()}
    save_file(state, formula.HERE / "weights.safetensors", metadata={"format": "pt"})
    module.load_state_dict({name: value.to(module.state_dict()[name].dtype) for name, value in state.items()})
    with torch.no_grad():
        output = module.double()(torch.tensor(formula.value(formula.STREAM_X, (2, 1, 4, 4))))
    formula.write("weights.json", {
        "about": "output of the module of weights.py on x = value(stream 1000) [2, 1, 4, 4]",
        "output": formula.rounded(output),
    })


if __name__ == "__main__":
    main()
