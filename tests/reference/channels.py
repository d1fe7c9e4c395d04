"""Noise channels from PennyLane's default.mixed, in float64.

    python3 tests/reference/channels.py      writes channels.json (needs numpy, torch, pennylane)

Each channel as its Pauli-transfer matrix R(P, Q) = tr(P E(Q)) / 2, from PennyLane's Kraus operators; then random
circuits of gates and channels, as the text of a model file, with expectation values, probabilities and
d(sum_i g_i y_i)/dx, where x holds angles and probabilities alike and g comes from formula.py.
"""
import math

import numpy as np
import pennylane as qml
import torch

import formula

# Name in a model file -> (PennyLane's channel, parameters).
CHANNELS = {
    "depolarize": (qml.DepolarizingChannel, 1), "bit_flip": (qml.BitFlip, 1), "phase_flip": (qml.PhaseFlip, 1),
    "phase_damp": (qml.PhaseDamping, 1), "amplitude_damp": (qml.AmplitudeDamping, 1),
    "reset": (lambda wires: qml.ResetError(1.0, 0.0, wires=wires), 0),
}
GATES = {
    "H": (qml.Hadamard, 1, 0), "T": (qml.T, 1, 0), "RX": (qml.RX, 1, 1), "RY": (qml.RY, 1, 1), "RZ": (qml.RZ, 1, 1),
    "P": (qml.PhaseShift, 1, 1), "Rot": (qml.Rot, 1, 3), "U": (qml.U3, 1, 3), "CNOT": (qml.CNOT, 2, 0),
    "ISWAP": (qml.ISWAP, 2, 0), "CRX": (qml.CRX, 2, 1), "CP": (qml.ControlledPhaseShift, 2, 1),
    "RYY": (qml.IsingYY, 2, 1), "CCX": (qml.Toffoli, 3, 0),
}
RANDOM_CIRCUITS = [(1, 14), (2, 24), (3, 36), (4, 40)]  # qubits, operations
PAULIS = [np.eye(2), np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1, -1])]


def transfer_matrices():
    rows = []
    for number, (name, (channel, parameters)) in enumerate(CHANNELS.items()):
        for value in ([0.0], [0.23], [1.0]) if parameters else ([],):
            kraus = [np.asarray(k) for k in channel(*value, wires=0).kraus_matrices()]
            matrix = [[np.real(sum(np.trace(p @ k @ q @ k.conj().T) for k in kraus)) / 2 for q in PAULIS]
                      for p in PAULIS]
            rows.append({"channel": name, "parameters": value, "matrix": formula.rounded(np.reshape(matrix, -1), 16)})
    return rows


def operations(qubits, count, stream):
    """(name, operands), every third a channel."""
    gates = [name for name, (_, wires, _) in GATES.items() if wires <= qubits]
    channels = list(CHANNELS)
    words = [int(word) for word in formula.bits(stream, 4 * count)]
    chosen = []
    for k in range(count):
        order = words[4 * k + 1:4 * k + 4]
        if k % 3 == 2:
            chosen.append((channels[(words[0] + k // 3) % len(channels)], [order[0] % qubits]))
            continue
        name = gates[(words[0] + 5 * k) % len(gates)]
        free, operands = list(range(qubits)), []
        for position in range(GATES[name][1]):
            operands.append(free.pop(order[position] % len(free)))
        chosen.append((name, operands))
    return chosen


def random_circuit(number, qubits, count):
    chosen = operations(qubits, count, 8000 + number)
    values, calls = [], []
    for k, (name, operands) in enumerate(chosen):
        parameters = CHANNELS[name][1] if name in CHANNELS else GATES[name][2]
        slots = list(range(len(values), len(values) + parameters))
        turn = formula.value(8100 + number, (4 * count,))[4 * k:4 * k + parameters]
        values += [float(np.float32(0.2 + 0.15 * v if name in CHANNELS else math.pi * v)) for v in turn]
        calls.append((name, operands, slots))
    x = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    pairs = [(i, (i + 1) % qubits) for i in range(qubits)] if qubits > 1 else []
    outputs = 2 * qubits + len(pairs) + 2 ** min(qubits, 2)
    lines = [f"circuit Noisy{number}(x: [{len(values)}]) -> [{outputs}] {{", f"  qubits q[{qubits}]"]
    for name, operands, slots in calls:
        arguments = f"({', '.join(f'x[{slot}]' for slot in slots)})" if slots else ""
        lines.append(f"  {name}{arguments} {', '.join(f'q[{qubit}]' for qubit in operands)}")
    correlations = "".join(f", expval(Y(q[{a}]) * Z(q[{b}]))" for a, b in pairs)
    last = f"q[{qubits - 1}] ++ q[0]" if qubits > 1 else "q"
    lines += [f"  return concat(expval(Z(q)), expval(X(q)){correlations}, probs({last}))", "}"]

    @qml.qnode(qml.device("default.mixed", wires=qubits), interface="torch", diff_method="backprop")
    def node(inputs):
        for name, operands, slots in calls:
            make = CHANNELS[name][0] if name in CHANNELS else GATES[name][0]
            make(*[inputs[slot] for slot in slots], wires=operands)
        return ([qml.expval(qml.PauliZ(i)) for i in range(qubits)] + [qml.expval(qml.PauliX(i)) for i in range(qubits)]
                + [qml.expval(qml.PauliY(a) @ qml.PauliZ(b)) for a, b in pairs]
                + [qml.probs(wires=[qubits - 1, 0] if qubits > 1 else [0])])

    y = torch.cat([torch.atleast_1d(value) for value in node(x)])
    g = torch.tensor(formula.value(formula.STREAM_COTANGENT, (len(y),)))
    (y * g).sum().backward()
    gradient = np.where(np.abs(x.grad.numpy()) < 1e-14, 0, x.grad.numpy())
    listed = [{"name": name, "qubits": operands, "parameters": slots} for name, operands, slots in calls]
    return {"qubits": qubits, "operations": listed, "text": "\n".join(lines) + "\n", "x": values, "y": formula.rounded(y.detach()),
            "dx": formula.rounded(gradient)}


def noise_model(qubits=4):
    """Basic entangling with depolarize(0.01) after one-qubit gates, depolarize(0.03) after CNOT, and readout errors.

    Reading 0 as 1 with probability 0.02 and 1 as 0 with 0.06 is, for <Z>, generalised amplitude damping.
    """
    x = torch.tensor(formula.value(8200, (2, qubits), math.pi), requires_grad=True)

    @qml.qnode(qml.device("default.mixed", wires=qubits), interface="torch", diff_method="backprop")
    def node(inputs):
        for layer in range(2):
            for i in range(qubits):
                qml.RX(inputs[layer, i], wires=i)
                qml.DepolarizingChannel(0.01, wires=i)
            for i in range(qubits):
                qml.CNOT(wires=[i, (i + 1) % qubits])
                qml.DepolarizingChannel(0.03, wires=i)
                qml.DepolarizingChannel(0.03, wires=(i + 1) % qubits)
        for i in range(qubits):
            qml.GeneralizedAmplitudeDamping(0.08, 0.25, wires=i)
        return [qml.expval(qml.PauliZ(i)) for i in range(qubits)]

    y = torch.stack(node(x))
    g = torch.tensor(formula.value(formula.STREAM_COTANGENT, (qubits,)))
    (y * g).sum().backward()
    return {"qubits": qubits, "x_stream": 8200, "y": formula.rounded(y.detach()),
            "dx": formula.rounded(np.reshape(x.grad.numpy(), -1))}


def feed_forward():
    """A measurement within a circuit, gates that depend on it, and a reset."""
    x = torch.tensor(formula.value(8300, (3,), math.pi), requires_grad=True)

    @qml.qnode(qml.device("default.qubit", wires=4), interface="torch", diff_method="backprop")
    def node(inputs):
        qml.RY(inputs[0], wires=0)
        qml.RX(inputs[1], wires=1)
        qml.CNOT(wires=[0, 1])
        m = qml.measure(0, reset=True)
        qml.cond(m, qml.RY)(inputs[2], wires=1)
        qml.CRX(inputs[0], wires=[1, 0])
        return [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1)), qml.expval(qml.PauliX(1))]

    y = torch.stack(list(node(x)))
    g = torch.tensor(formula.value(formula.STREAM_COTANGENT, (3,)))
    (y * g).sum().backward()
    return {"x_stream": 8300, "y": formula.rounded(y.detach()), "dx": formula.rounded(x.grad.numpy())}


def main():
    circuits = [random_circuit(k, qubits, count) for k, (qubits, count) in enumerate(RANDOM_CIRCUITS)]
    formula.write("channels.json", {
        "about": "values of channels.py; matrices row-major in the order I, X, Y, Z; dx is the gradient of "
                 "sum_i g_i y_i, g_i = value(stream 1003, i)",
        "formula": formula.DESCRIPTION,
        "matrices": transfer_matrices(),
        "random": circuits,
        "noise_model": noise_model(),
        "feed_forward": feed_forward(),
    })


if __name__ == "__main__":
    main()
