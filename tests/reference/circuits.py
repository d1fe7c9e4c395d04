"""Every gate, measurement, way of loading data and template of the language, in PennyLane, with gradients, in float64.

    python3 tests/reference/circuits.py     writes circuits.json (needs numpy, torch, pennylane; default.qubit)

A case is the text of a model file with a circuit `C(a: [n])`, the values of C for a = value(stream, scale pi), and the
gradient of sum_i g_i C_i in a, g_i = value(stream 1003, i); see formula.py.
"""
import math

import numpy as np
import pennylane as qml
import torch

import formula
import gates

X, Y, Z = qml.PauliX, qml.PauliY, qml.PauliZ


def prepare(a, qubits):
    """A state without symmetry: RY and RZ on each qubit, neighbours entangled."""
    for q in range(qubits):
        qml.RY(a[2 * q], wires=q)
        qml.RZ(a[2 * q + 1], wires=q)
    for q in range(qubits - 1):
        qml.CNOT(wires=[q, q + 1])


def prepared(qubits):
    lines = [f"  qubits q[{qubits}]"]
    for q in range(qubits):
        lines += [f"  RY(a[{2 * q}]) q[{q}]", f"  RZ(a[{2 * q + 1}]) q[{q}]"]
    return lines + [f"  CNOT q[{q}], q[{q + 1}]" for q in range(qubits - 1)]


def case(name, qubits, count, outputs, lines, node, stream):
    """`node(a)` queues the gates and returns a list of measurements."""
    device = qml.device("default.qubit", wires=qubits)
    quantum = qml.QNode(node, device, interface="torch", diff_method="backprop")
    a = torch.tensor(formula.value(stream, (count,), math.pi), requires_grad=True)
    results = quantum(a)
    results = results if isinstance(results, (list, tuple)) else [results]
    values = torch.real(torch.cat([torch.atleast_1d(result) + 0j for result in results]))
    assert len(values) == outputs, (name, len(values), outputs)
    g = torch.tensor(formula.value(formula.STREAM_COTANGENT, (outputs,)))
    (values * g).sum().backward()
    gradient = np.where(np.abs(a.grad.numpy()) < 1e-14, 0, a.grad.numpy())
    text = "\n".join([f"circuit C(a: [{count}]) -> [{outputs}] {{"] + lines + ["}"]) + "\n"
    return {"name": name, "text": text, "count": count, "stream": stream, "values": formula.rounded(values.detach()),
            "gradient": formula.rounded(gradient)}


def all_paulis(qubits):
    text = "  return concat(expval(X(q)), expval(Y(q)), expval(Z(q)))"
    return text, lambda: [qml.expval(P(q)) for P in (X, Y, Z) for q in range(qubits)]


def gate_cases():
    for number, (name, (gate, wires, parameters)) in enumerate(gates.GATES.items()):
        for controls in (0, 1):
            if wires + controls > 4:
                continue
            qubits = wires + controls
            count = 2 * qubits + parameters
            angles = ", ".join(f"a[{2 * qubits + k}]" for k in range(parameters))
            call = "ctrl @ " * controls + name + (f"({angles})" if parameters else "")
            operands = ", ".join(f"q[{q}]" for q in range(qubits))
            read_text, read = all_paulis(qubits)

            def node(a):
                prepare(a, qubits)
                own = [a[2 * qubits + k] for k in range(parameters)]
                if controls:
                    applied = qml.prod(lambda *p: gate(*p, wires=list(range(1, qubits))))(*own)
                    qml.ctrl(applied, control=0)
                else:
                    gate(*own, wires=range(wires))
                return read()

            yield case(call, qubits, count, 3 * qubits, prepared(qubits) + [f"  {call} {operands}", read_text], node,
                       8000 + 2 * number + controls)


def measured(name, qubits, outputs, text, read, number):
    def node(a):
        prepare(a, qubits)
        return read()

    return case(name, qubits, 2 * qubits, outputs, prepared(qubits) + [f"  return {text}"], node, 8200 + number)


def measurement_cases():
    ising = sum((Z(i) @ Z(i + 1) for i in range(3)), 0.5 * X(0))
    mixed = 0.3 * X(0) @ Y(1) - 1.5 * Z(2) @ X(3) + 0.25 * qml.Identity(0)
    square = (X(0) + Z(0) @ Y(1)) @ (X(0) + Z(0) @ Y(1))
    rows = [
        ("polynomial", 1, "expval(sum[i in 0..3] Z(q[i]) * Z(q[i + 1]) + 0.5 * X(q[0]))", lambda: [qml.expval(ising)]),
        ("coefficients", 1, "expval(0.3 * X(q[0]) * Y(q[1]) - 1.5 * Z(q[2]) * X(q[3]) + 1 / 4)",
         lambda: [qml.expval(mixed)]),
        ("power", 1, "expval((X(q[0]) + Z(q[0]) * Y(q[1])) ^ 2)", lambda: [qml.expval(square)]),
        ("variance", 5, "variance(Z(q)), variance(X(q[0]) * Y(q[2]))",
         lambda: [qml.var(Z(i)) for i in range(4)] + [qml.var(X(0) @ Y(2))]),
        ("variance of a sum", 1, "variance(0.3 * X(q[0]) * Y(q[1]) - 1.5 * Z(q[2]) * X(q[3]) + 1 / 4)",
         lambda: [qml.var(mixed)]),
        ("probs", 16, "probs(q)", lambda: [qml.probs(wires=range(4))]),
        ("probs of a subset", 4, "probs(q[3] ++ q[1])", lambda: [qml.probs(wires=[3, 1])]),
        ("joined", 11, "probs(q[1..4]), expval(X(q[0..2])), variance(Y(q[3]))",
         lambda: [qml.probs(wires=[1, 2, 3]), qml.expval(X(0)), qml.expval(X(1)), qml.var(Y(3))]),
    ]
    for number, (name, outputs, text, read) in enumerate(rows):
        yield measured(name, 4, outputs, f"concat({text})" if "), " in text else text, read, number)

    def some(a):
        prepare(a, 3)
        return qml.probs(wires=[0, 1, 2])

    device = qml.device("default.qubit", wires=3)
    a = torch.tensor(formula.value(8250, (6,), math.pi), requires_grad=True)
    values = qml.QNode(some, device, interface="torch", diff_method="backprop")(a)[torch.tensor([1, 3, 5, 2, 3])]
    g = torch.tensor(formula.value(formula.STREAM_COTANGENT, (5,)))
    (values * g).sum().backward()
    text = "\n".join(["circuit C(a: [6]) -> [5] {"] + prepared(3) +
                     ["  p = probs(q)", "  return concat(p[1..6 step 2], p[2..4])", "}"]) + "\n"
    yield {"name": "slices", "text": text, "count": 6, "stream": 8250, "values": formula.rounded(values.detach()),
           "gradient": formula.rounded(a.grad.numpy())}


def amplitudes(vector, wires, pad=0.0):
    size = 2 ** len(wires)
    padded = torch.cat([vector, torch.full((size - len(vector),), pad, dtype=vector.dtype)])
    qml.StatePrep(padded / torch.linalg.norm(padded), wires=wires)


def loading_cases():
    read_text, read = all_paulis(3)

    def whole(a):
        amplitudes(a, [0, 1, 2])
        qml.CRY(a[0], wires=[0, 2])
        return read()

    yield case("amplitude", 3, 8, 9, ["  qubits q[3]", "  amplitude(a) q", "  CRY(a[0]) q[0], q[2]", read_text], whole,
               8300)

    def padded(a):
        amplitudes(a, [2, 0], 0.3)
        qml.RY(a[1], wires=1)
        qml.CNOT(wires=[1, 2])
        return read()

    yield case("amplitude with padding, some qubits", 3, 3, 9,
               ["  qubits q[3]", "  amplitude(a, pad = 0.3) q[2], q[0]", "  RY(a[1]) q[1]", "  CNOT q[1], q[2]",
                read_text], padded, 8301)

    def two(a):
        first, second = a[0:2] / torch.linalg.norm(a[0:2]), a[2:5]
        second = torch.cat([second, torch.zeros(1, dtype=a.dtype)])
        qml.StatePrep(torch.kron(first, second / torch.linalg.norm(second)), wires=[1, 0, 2])
        qml.Hadamard(wires=0)
        return [qml.probs(wires=[0, 1, 2])]

    yield case("amplitudes of two registers", 3, 5, 8,
               ["  qubits q[3]", "  amplitude(a[0..2]) q[1]", "  amplitude(a[2..5]) q[0], q[2]", "  H q[0]",
                "  return probs(q)"], two, 8302)
    for number, rotation in enumerate("XYZ"):
        def encoded(a):
            for q in range(3):
                qml.Hadamard(wires=q)
            qml.AngleEmbedding(a, range(3), rotation=rotation)
            return read()

        yield case(f"angle_encode {rotation}", 3, 3, 9,
                   ["  qubits q[3]", "  H q", f"  angle_encode(a, rotation = \"{rotation}\") q", read_text], encoded,
                   8303 + number)


def template_cases():
    for number, qubits in enumerate((1, 2, 3, 4)):
        read_text, read = all_paulis(qubits)

        def basic(a):
            qml.BasicEntanglerLayers(a.reshape(2, qubits), range(qubits), rotation=qml.RY)
            return read()

        yield case(f"basic_entangler on {qubits}", qubits, 2 * qubits, 3 * qubits,
                   [f"  qubits q[{qubits}]", f"  basic_entangler(reshape(a, [2, {qubits}]), rotation = \"Y\") q",
                    read_text], basic, 8400 + number)
    read_text, read = all_paulis(4)

    def strong(a):
        qml.StronglyEntanglingLayers(a.reshape(2, 4, 3), range(4), ranges=[2, 3])
        return read()

    yield case("strongly_entangling with ranges", 4, 24, 12,
               ["  qubits q[4]", "  strongly_entangling(reshape(a, [2, 4, 3]), ranges = [2, 3]) q", read_text], strong,
               8410)
    for number, (name, transform) in enumerate({"qft": qml.QFT, "inv @ qft": lambda wires: qml.adjoint(qml.QFT)(wires)}
                                               .items()):
        def fourier(a):
            prepare(a, 4)
            transform(wires=range(4))
            return read()

        yield case(name, 4, 8, 12, prepared(4) + [f"  {name} q", read_text], fourier, 8411 + number)


def modifier_cases():
    powers = {"X": X, "Y": Y, "Z": Z, "H": qml.Hadamard, "S": qml.S, "T": qml.T, "SX": qml.SX}
    read_text, read = all_paulis(2)
    for number, (name, gate) in enumerate(powers.items()):
        matrix = qml.matrix(gate(0))
        values, vectors = np.linalg.eig(matrix)
        power = vectors @ np.diag(np.exp(0.3 * 1j * np.angle(values))) @ np.linalg.inv(vectors)

        def node(a):
            prepare(a, 2)
            qml.ControlledQubitUnitary(power, wires=[0, 1])
            return read()

        yield case(f"pow(0.3) @ {name}", 2, 4, 6, prepared(2) + [f"  ctrl @ pow(0.3) @ {name} q[0], q[1]", read_text],
                   node, 8500 + number)
    read_six_text, read_six = all_paulis(6)
    many = {"RY(a[0])": lambda a, w: qml.RY(a[0], wires=w), "X": lambda a, w: X(w), "T": lambda a, w: qml.T(w),
            "inv @ P(a[0])": lambda a, w: qml.PhaseShift(-a[0], wires=w), "H": lambda a, w: qml.Hadamard(w)}
    for number, (name, gate) in enumerate(many.items()):
        def node(a):
            prepare(a, 6)
            qml.ctrl(gate(a, 3), control=[5, 0, 4, 1, 2])
            return read_six()

        yield case(f"five controls of {name}", 6, 12, 18,
                   prepared(6) + [f"  {'ctrl @ ' * 5}{name} q[5], q[0], q[4], q[1], q[2], q[3]", read_six_text], node,
                   8520 + number)


def main():
    cases = [*gate_cases(), *measurement_cases(), *loading_cases(), *template_cases(), *modifier_cases()]
    formula.write("circuits.json", {
        "about": "values of circuits.py: results of circuit C(a) and the gradient of sum_i g_i C_i in a, "
                 "g_i = value(stream 1003, i), a = value(stream, scale pi)",
        "formula": formula.DESCRIPTION,
        "cases": cases,
    })


if __name__ == "__main__":
    main()
