"""Makes the small MedMNIST sets that ship: pathmnist/pathmnist.npz and pneumoniamnist/pneumoniamnist.npz.

    python3 models/data/small_sets.py PATH.npz PNEUMONIA.npz        needs numpy

PATH.npz holds 400 images of PathMNIST without labels (300 under train_images, 100 under test_images). In that order,
the first 200 become train_images, the other 200 test_images.

PNEUMONIA.npz is pneumoniamnist.npz with its six keys. From the training and from the test split, 200 images of each
class are taken: of the n images of a class, in the file's order, those with the numbers floor(k n / 200) for k = 0 to
199. They stay in the file's order. The validation split is left out. README.md beside each set says what the files at
hand were.
"""
import pathlib
import sys

import numpy

PER_CLASS = 200
here = pathlib.Path(__file__).parent


def spread(labels):
    """Places of PER_CLASS images of each class, ascending."""
    chosen = []
    for label in numpy.unique(labels):
        of_class = numpy.flatnonzero(labels == label)
        chosen.extend(of_class[numpy.arange(PER_CLASS) * len(of_class) // PER_CLASS])
    return numpy.sort(numpy.array(chosen))


def path_set(source):
    images = numpy.concatenate([source["train_images"], source["test_images"]])
    assert images.shape == (400, 28, 28, 3)
    return {"train_images": images[:200], "test_images": images[200:]}


def pneumonia_set(source):
    arrays = {}
    for split in ("train", "test"):
        labels = source[f"{split}_labels"]
        places = spread(labels.ravel())
        arrays[f"{split}_images"] = source[f"{split}_images"][places]
        arrays[f"{split}_labels"] = labels[places]
    return arrays


for name, make, path in (("pathmnist", path_set, sys.argv[1]), ("pneumoniamnist", pneumonia_set, sys.argv[2])):
    (here / name).mkdir(exist_ok=True)
    numpy.savez_compressed(here / name / f"{name}.npz", **make(numpy.load(path)))
