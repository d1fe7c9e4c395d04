"""Images as other software reads and changes them.

    python3 tests/reference/images.py        needs numpy, torch, pillow

Writes images.json: the resizing of PyTorch (bilinear, antialias, float64) and of Pillow (8 bits), and Pillow's gray of
RGB pixels; and two archives of NumPy, gray.npz with MedMNIST's six keys, deflated, and rgb.npz with training images
alone, stored. Byte number i of any array is (37 i + 11 (i // 7)) % 256; labels are i % 3.
"""
import json
import pathlib

import numpy
import torch
from PIL import Image
from torch.nn import functional as F

here = pathlib.Path(__file__).parent
# height, width, new height, new width
SIZES = [(5, 7, 3, 4), (4, 4, 9, 7), (1, 1, 3, 2), (6, 5, 6, 2), (30, 17, 1, 1), (28, 28, 8, 8), (9, 2, 4, 11)]


def pixels(*shape):
    i = numpy.arange(numpy.prod(shape))
    return ((37 * i + 11 * (i // 7)) % 256).astype(numpy.uint8).reshape(shape)


def labels(count):
    return (numpy.arange(count) % 3).reshape(count, 1)


def resized(height, width, new_height, new_width):
    image = pixels(height, width)
    exact = F.interpolate(torch.tensor(image, dtype=torch.float64)[None, None], size=(new_height, new_width),
                          mode="bilinear", antialias=True, align_corners=False)
    pillow = numpy.asarray(Image.fromarray(image).resize((new_width, new_height), Image.Resampling.BILINEAR))
    return {"from": [height, width], "to": [new_height, new_width],
            "torch": [round(v, 6) for v in exact.flatten().tolist()], "pillow": pillow.flatten().tolist()}


rgb = pixels(4, 16, 3)
document = {
    "resize": [resized(*sizes) for sizes in SIZES],
    "gray": {"count": 64, "pillow": numpy.asarray(Image.fromarray(rgb).convert("L")).flatten().tolist()},
}
(here / "images.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")
numpy.savez_compressed(here / "gray.npz", train_images=pixels(5, 4, 3), train_labels=labels(5).astype(numpy.uint8),
                       val_images=pixels(2, 4, 3), val_labels=labels(2).astype(">i4"),
                       test_images=pixels(3, 4, 3), test_labels=labels(3))
numpy.savez(here / "rgb.npz", train_images=pixels(2, 3, 5, 3))
