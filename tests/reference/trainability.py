"""Quantum Fisher information and gradient variances of strongly entangling layers, from PennyLane, float64.

    python3 tests/reference/trainability.py    writes trainability.json (needs numpy, pennylane; default.qubit)

Fisher information is four times `adjoint_metric_tensor` in the weights, at one random point that is listed; its rank is
that of numpy with a relative tolerance of 1e-9. A variance is that of d<Z_i>/dw over SAMPLES draws of weights from
(0, 2 pi) and inputs from (-pi, pi), a mean over the readings i; `variance` is one number for each weight.
"""
import json
import os

import numpy as np
import pennylane as qml

import formula

SAMPLES = 4000
CASES = [  # name, qubits, layers, encoding
    ("RX encoding", 4, 3, "RX"), ("RZ encoding", 4, 3, "RZ"), ("more weights than the state has directions", 2, 4, "RX"),
    ("three qubits", 3, 2, "RY"),
]


def templates(qubits, encoding):
    """StronglyEntanglingLayers in gates of one angle, which the metric tensor asks for."""
    encode = getattr(qml, encoding)

    def prepare(x, w):
        for q in range(qubits):
            encode(x[q], wires=q)
        for layer in range(w.shape[0]):
            for q in range(qubits):
                qml.RZ(w[layer, q, 0], wires=q)
                qml.RY(w[layer, q, 1], wires=q)
                qml.RZ(w[layer, q, 2], wires=q)
            reach = layer % (qubits - 1) + 1
            for q in range(qubits):
                qml.CNOT(wires=[q, (q + reach) % qubits])
    return prepare


def fisher(qubits, encoding, x, w):
    prepare = templates(qubits, encoding)
    count = w.size

    @qml.qnode(qml.device("default.qubit", wires=qubits))
    def circuit(weights):
        prepare(x, weights)
        return qml.expval(qml.PauliZ(0))

    tensor = qml.adjoint_metric_tensor(circuit)(qml.numpy.array(w, requires_grad=True))
    return 4 * np.real(np.asarray(tensor)).reshape(count, count)


def variances(qubits, layers, encoding):
    """By the shift rule, all samples broadcast through one run."""
    prepare = templates(qubits, encoding)

    @qml.qnode(qml.device("default.qubit", wires=qubits))
    def circuit(x, w):
        prepare(x, w)
        return [qml.expval(qml.PauliZ(q)) for q in range(qubits)]

    random = np.random.default_rng(11)
    x = random.uniform(-np.pi, np.pi, (qubits, SAMPLES))
    w = random.uniform(0, 2 * np.pi, (layers, qubits, 3, SAMPLES))
    result = []
    for index in np.ndindex(layers, qubits, 3):
        shift = np.zeros_like(w)
        shift[index] = np.pi / 2
        slope = (np.stack(circuit(x, w + shift)) - np.stack(circuit(x, w - shift))) / 2
        result.append(slope.var(axis=1).mean())
    return np.array(result)


def case(name, qubits, layers, encoding):
    random = np.random.default_rng(5)
    x = random.uniform(-np.pi, np.pi, qubits)
    w = random.uniform(0, 2 * np.pi, (layers, qubits, 3))
    matrix = fisher(qubits, encoding, x, w)
    values = np.linalg.eigvalsh(matrix)
    row = {
        "name": name, "qubits": qubits, "layers": layers, "encoding": encoding, "x": x.tolist(),
        "w": w.reshape(-1).tolist(), "rank": int(np.sum(values > 1e-9 * values[-1])),
        "variance": formula.rounded(variances(qubits, layers, encoding), 6),
    }
    if qubits == 3:
        row["fisher"] = formula.rounded(matrix.reshape(-1), 14)
    print(f"{name}: rank {row['rank']} of {w.size}, mean variance {np.mean(row['variance']):.4f}")
    return row


rows = [case(*each) for each in CASES]
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "trainability.json"), "w") as file:
    file.write("[\n" + ",\n".join("  " + json.dumps(row) for row in rows) + "\n]\n")
