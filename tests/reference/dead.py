"""Which weights and inputs of strongly entangling layers have no derivative, from PennyLane with JAX, in float64.

    python3 tests/reference/dead.py        writes dead.json (needs numpy, jax, pennylane; default.qubit)

The Jacobian of all readings is taken at twelve random points; an element is dead when no entry of its column exceeds
1e-10 at any of them. Qubit 0 is the most significant, weights are in the order [layer, qubit, angle].
"""
import json
import os

import jax
import numpy as np
import pennylane as qml

jax.config.update("jax_enable_x64", True)
POINTS = 12
CASES = [  # name, qubits, layers, encoding, readings
    ("RX encoding, all Z", 4, 3, "RX", 4), ("RZ encoding, all Z", 4, 3, "RZ", 4), ("no encoding, all Z", 4, 3, "", 4),
    ("RX encoding, Z0", 4, 3, "RX", 1), ("RZ encoding, Z0", 4, 3, "RZ", 1), ("no encoding, Z0", 4, 3, "", 1),
    ("RY encoding, 3 qubits", 3, 2, "RY", 3), ("RX encoding, 5 qubits, Z0 and Z1", 5, 2, "RX", 2),
]


def readings(qubits, layers, encoding, read):
    @qml.qnode(qml.device("default.qubit", wires=qubits), interface="jax")
    def circuit(x, w):
        if encoding:
            qml.AngleEmbedding(x, wires=range(qubits), rotation=encoding[1])
        qml.StronglyEntanglingLayers(w, wires=range(qubits))
        return [qml.expval(qml.PauliZ(q)) for q in range(read)]

    return lambda x, w: jax.numpy.stack(circuit(x, w))


def largest(jacobians):
    return np.max(np.abs(np.stack(jacobians)), axis=(0, 1)).reshape(-1)


def case(name, qubits, layers, encoding, read):
    derivative = jax.jit(jax.jacobian(readings(qubits, layers, encoding, read), argnums=(0, 1)))
    random = np.random.default_rng(7)
    of_inputs, of_weights = [], []
    for _ in range(POINTS):
        x = random.uniform(-np.pi, np.pi, qubits)
        w = random.uniform(-np.pi, np.pi, (layers, qubits, 3))
        dx, dw = derivative(x, w)
        of_inputs.append(np.asarray(dx))
        of_weights.append(np.asarray(dw))
    return {
        "name": name, "qubits": qubits, "layers": layers, "encoding": encoding, "read": read,
        "dead_inputs": np.flatnonzero(largest(of_inputs) < 1e-10).tolist(),
        "dead_weights": np.flatnonzero(largest(of_weights) < 1e-10).tolist(),
    }


rows = [case(*each) for each in CASES]
for row in rows:
    print(f"{row['name']}: {len(row['dead_weights'])} of {3 * row['layers'] * row['qubits']} weights, "
          f"{len(row['dead_inputs'])} inputs")
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "dead.json"), "w") as file:
    file.write("[\n" + ",\n".join("  " + json.dumps(row) for row in rows) + "\n]\n")
