"""Matrices of every gate and expectation values of whole circuits from PennyLane, in float64.

    python3 tests/reference/gates.py        writes gates.json (needs numpy, torch, pennylane; default.qubit)

Qubit 0 is the most significant bit of a basis index, and a gate's first operand that of its matrix. A random circuit is
listed as gates, as the text of a model file and with d(sum_i g_i <Z_i>)/d(angles), where g comes from formula.py.
"""
import math

import numpy as np
import pennylane as qml
import torch

import formula

def controlled_u3(theta, phi, delta, wires):
    return qml.ctrl(qml.U3(theta, phi, delta, wires=wires[1]), control=wires[0])


def controlled_u(theta, phi, delta, gamma, wires):
    """OpenQASM's cu: PennyLane has no gate of its own for it."""
    return qml.prod(qml.PhaseShift(gamma, wires=wires[0]), controlled_u3(theta, phi, delta, wires))


# Name in a model file -> (PennyLane gate, qubits, angles).
GATES = {
    "I": (qml.Identity, 1, 0), "X": (qml.PauliX, 1, 0), "Y": (qml.PauliY, 1, 0), "Z": (qml.PauliZ, 1, 0),
    "H": (qml.Hadamard, 1, 0), "S": (qml.S, 1, 0), "T": (qml.T, 1, 0), "SX": (qml.SX, 1, 0),
    "RX": (qml.RX, 1, 1), "RY": (qml.RY, 1, 1), "RZ": (qml.RZ, 1, 1), "P": (qml.PhaseShift, 1, 1),
    "U": (qml.U3, 1, 3), "Rot": (qml.Rot, 1, 3),
    "CNOT": (qml.CNOT, 2, 0), "CY": (qml.CY, 2, 0), "CZ": (qml.CZ, 2, 0), "CH": (qml.CH, 2, 0),
    "SWAP": (qml.SWAP, 2, 0), "ISWAP": (qml.ISWAP, 2, 0),
    "CRX": (qml.CRX, 2, 1), "CRY": (qml.CRY, 2, 1), "CRZ": (qml.CRZ, 2, 1), "CP": (qml.ControlledPhaseShift, 2, 1),
    "RXX": (qml.IsingXX, 2, 1), "RYY": (qml.IsingYY, 2, 1), "RZZ": (qml.IsingZZ, 2, 1),
    "CCX": (qml.Toffoli, 3, 0), "CSWAP": (qml.CSWAP, 3, 0), "CCZ": (qml.CCZ, 3, 0),
    "Sdg": (qml.adjoint(qml.S), 1, 0), "Tdg": (qml.adjoint(qml.T), 1, 0), "SXdg": (qml.adjoint(qml.SX), 1, 0),
    "U2": (qml.U2, 1, 2), "SISWAP": (qml.SISWAP, 2, 0), "ECR": (qml.ECR, 2, 0), "PSWAP": (qml.PSWAP, 2, 1),
    "CRot": (qml.CRot, 2, 3), "CU3": (controlled_u3, 2, 3), "CU": (controlled_u, 2, 4),
    "CPhaseShift00": (qml.CPhaseShift00, 2, 1), "CPhaseShift01": (qml.CPhaseShift01, 2, 1),
    "CPhaseShift10": (qml.CPhaseShift10, 2, 1), "IsingXY": (qml.IsingXY, 2, 1),
    "SingleExcitation": (qml.SingleExcitation, 2, 1), "SingleExcitationPlus": (qml.SingleExcitationPlus, 2, 1),
    "SingleExcitationMinus": (qml.SingleExcitationMinus, 2, 1), "FermionicSWAP": (qml.FermionicSWAP, 2, 1),
}
RANDOM_CIRCUITS = [(2, 12), (3, 20), (4, 30), (5, 40), (6, 50)]   # qubits, gates


def angles(count, stream):
    """Angles in (-pi, pi), and among them 0 never."""
    return torch.tensor(formula.value(stream, (count,), math.pi), requires_grad=True)


def matrices():
    rows = []
    for number, (name, (gate, qubits, parameters)) in enumerate(GATES.items()):
        values = angles(parameters, 3000 + number).detach().numpy()
        matrix = qml.matrix(gate(*values, wires=range(qubits)), wire_order=range(qubits))
        rows.append({
            "gate": name, "qubits": qubits, "angles": values.tolist(),
            "re": formula.rounded(np.real(matrix).reshape(-1), 16),
            "im": formula.rounded(np.imag(matrix).reshape(-1), 16),
        })
    return rows


def expectations(qubits, apply, *inputs):
    """<Z_i> and the gradients of sum_i g_i <Z_i> for each input; apply(*inputs) queues the gates."""
    @qml.qnode(qml.device("default.qubit", wires=qubits), interface="torch", diff_method="backprop")
    def node(*tensors):
        apply(*tensors)
        return [qml.expval(qml.PauliZ(i)) for i in range(qubits)]

    z = torch.stack(node(*inputs))
    g = torch.tensor(formula.value(formula.STREAM_COTANGENT, (qubits,)))
    (z * g).sum().backward()
    gradients = [np.where(np.abs(x.grad.numpy()) < 1e-14, 0, x.grad.numpy()) for x in inputs]
    return {"z": formula.rounded(z.detach())}, [formula.rounded(x) for x in gradients]


def random_gates(qubits, count, stream):
    """(gate, operands): the gates that fit, seven apart in the table and so all of them in time, on random qubits."""
    fitting = [name for name, (_, wires, _) in GATES.items() if wires <= qubits]
    words = [int(word) for word in formula.bits(stream, 4 * count)]
    chosen = []
    for k in range(count):
        order = words[4 * k + 1:4 * k + 4]
        name = fitting[(words[0] + 7 * k) % len(fitting)]
        free, operands = list(range(qubits)), []
        for position in range(GATES[name][1]):
            operands.append(free.pop(order[position] % len(free)))
        chosen.append((name, operands))
    return chosen


def random_circuit(number, qubits, count):
    chosen = random_gates(qubits, count, 4000 + number)
    total = sum(GATES[name][2] for name, _ in chosen)
    a = angles(total, 5000 + number)
    lines = [f"circuit Random{number}(a: [{total}]) -> [{qubits}] {{", f"  qubits q[{qubits}]"]
    listed, next_angle = [], 0
    for name, operands in chosen:
        slots = list(range(next_angle, next_angle + GATES[name][2]))
        next_angle += len(slots)
        call = name + (f"({', '.join(f'a[{slot}]' for slot in slots)})" if slots else "")
        lines.append(f"  {call} {', '.join(f'q[{qubit}]' for qubit in operands)}")
        listed.append({"gate": name, "qubits": operands, "angles": slots})
    lines += ["  return expval(Z(q))", "}"]

    def apply(values):
        for row in listed:
            GATES[row["gate"]][0](*[values[slot] for slot in row["angles"]], wires=row["qubits"])

    result, (da,) = expectations(qubits, apply, a)
    return {"qubits": qubits, "angle_stream": 5000 + number, "angles": a.detach().tolist(), "gates": listed,
            "text": "\n".join(lines) + "\n", **result, "dangles": da}


def strongly_entangling(qubits, layers, number):
    """RX encoding, then PennyLane's StronglyEntanglingLayers with its default ranges."""
    x = angles(qubits, 6000 + 2 * number)
    w = torch.tensor(formula.value(6001 + 2 * number, (layers, qubits, 3), math.pi), requires_grad=True)

    def apply(inputs, weights):
        qml.AngleEmbedding(inputs, range(qubits), rotation="X")
        qml.StronglyEntanglingLayers(weights, range(qubits))

    result, (dx, dw) = expectations(qubits, apply, x, w)
    return {"qubits": qubits, "layers": layers, "encoding": "RX", "x_stream": 6000 + 2 * number,
            "w_stream": 6001 + 2 * number, **result, "dx": dx, "dw": np.reshape(dw, -1).tolist()}


def bottleneck(published):
    """The 16-qubit circuits: RY(x), three layers of RZ (published) or RZ, RY on each qubit and a CNOT chain."""
    qubits, layers = 16, 3
    shape = (layers, qubits) if published else (layers, qubits, 2)
    x = angles(qubits, 7000)
    w = torch.tensor(formula.value(7001, shape, math.pi, math.pi), requires_grad=True)

    def apply(inputs, weights):
        for i in range(qubits):
            qml.RY(inputs[i], wires=i)
        for layer in range(layers):
            for i in range(qubits):
                if published:
                    qml.RZ(weights[layer, i], wires=i)
                else:
                    qml.RZ(weights[layer, i, 0], wires=i)
                    qml.RY(weights[layer, i, 1], wires=i)
            for i in range(qubits - 1):
                qml.CNOT(wires=[i, i + 1])

    result, (dx, dw) = expectations(qubits, apply, x, w)
    return {"qubits": qubits, "w_shape": list(shape), "x_stream": 7000, "w_stream": 7001, "w_offset": "pi", **result,
            "dx": dx, "dw": np.reshape(dw, -1).tolist()}


def main():
    circuits = [random_circuit(k, qubits, count) for k, (qubits, count) in enumerate(RANDOM_CIRCUITS)]
    used = {row["gate"] for circuit in circuits for row in circuit["gates"]}
    assert used == set(GATES), set(GATES) - used
    formula.write("gates.json", {
        "about": "values of gates.py; matrices row-major; qubit 0 and the first operand are the most significant bit; "
                 "gradients are those of sum_i g_i <Z_i>, g_i = value(stream 1003, i)",
        "formula": formula.DESCRIPTION,
        "angles": "value(stream, scale pi), scale and offset rounded to float32",
        "matrices": matrices(),
        "random": circuits,
        "strongly_entangling": [strongly_entangling(qubits, layers, number) for number, (qubits, layers)
                                in enumerate([(4, 2), (4, 5), (3, 3), (1, 2), (6, 3)])],
        "published": bottleneck(True),
        "quantum": bottleneck(False),
    })


if __name__ == "__main__":
    main()
