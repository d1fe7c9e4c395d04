"""Value and gradient of sum_bi g_bi <Z_i>_b: an RX encoding of x [B, n] and strongly entangling layers w [L, n, 3].

usage: circuit.py PEER QUBITS LAYERS BATCH
PEER  jax (a state-vector program written by hand, jit of vmap), tensorcircuit (JAX backend, jit of vmap), default
      (default.qubit on torch, batched), lightning (lightning.qubit, adjoint, sample by sample), catalyst (qjit)
Every peer is differentiated in x and w.
"""
import os
import sys

import numpy as np

import protocol

PEER, QUBITS, LAYERS, BATCH = sys.argv[1], *map(int, sys.argv[2:5])
RANDOM = np.random.default_rng(0)
X = RANDOM.uniform(-np.pi, np.pi, (BATCH, QUBITS)).astype(np.float32)
W = RANDOM.uniform(-np.pi, np.pi, (LAYERS, QUBITS, 3)).astype(np.float32)
G = RANDOM.standard_normal((BATCH, QUBITS)).astype(np.float32)


def reach(layer):
    """How far the CNOTs of a strongly entangling layer go."""
    return layer % (QUBITS - 1) + 1


def ring_source(layer):
    """The basis index each amplitude comes from in the layer's ring of CNOTs, qubit 0 the most significant bit."""
    target = np.arange(2**QUBITS)
    for control in range(QUBITS):
        bit = target >> (QUBITS - 1 - control) & 1
        target ^= bit << (QUBITS - 1 - (control + reach(layer)) % QUBITS)
    source = np.empty_like(target)
    source[target] = np.arange(2**QUBITS)
    return source


def jax_step(expectations):
    """A step from a JAX function of (x [n], w [L, n, 3]) to the n expectation values."""
    import jax
    import jax.numpy as jnp

    def loss(x, w):
        return jnp.sum(jax.vmap(expectations, (0, None))(x, w) * G)

    gradient = jax.jit(jax.value_and_grad(loss, (0, 1)))
    x, w = jnp.asarray(X), jnp.asarray(W)
    return lambda: jax.block_until_ready(gradient(x, w))


def jax_by_hand():
    import jax.numpy as jnp
    rings = [ring_source(layer) for layer in range(LAYERS)]
    index = np.arange(2**QUBITS)
    signs = np.stack([1 - 2 * (index >> (QUBITS - 1 - i) & 1) for i in range(QUBITS)]).astype(np.float32)

    def apply(state, matrix, qubit):
        return jnp.einsum("ab,xby->xay", matrix, state.reshape(2**qubit, 2, -1)).reshape(-1)

    def expectations(x, w):
        state = jnp.zeros(2**QUBITS, jnp.complex64).at[0].set(1)
        for i in range(QUBITS):
            c, s = jnp.cos(x[i] / 2), jnp.sin(x[i] / 2)
            state = apply(state, jnp.array([[c, -1j * s], [-1j * s, c]]), i)
        for layer in range(LAYERS):
            for i in range(QUBITS):
                first, middle, last = w[layer, i]
                c, s = jnp.cos(middle / 2), jnp.sin(middle / 2)
                plus, minus = jnp.exp(0.5j * (first + last)), jnp.exp(0.5j * (first - last))
                state = apply(state, jnp.array([[c / plus, -s * minus], [s / minus, c * plus]]), i)
            if QUBITS > 1:
                state = state[rings[layer]]
        return signs @ jnp.abs(state) ** 2

    return jax_step(expectations)


def tensorcircuit():
    import jax.numpy as jnp
    import tensorcircuit as tc
    tc.set_backend("jax")
    tc.set_dtype("complex64")

    def expectations(x, w):
        c = tc.Circuit(QUBITS)
        for i in range(QUBITS):
            c.rx(i, theta=x[i])
        for layer in range(LAYERS):
            for i in range(QUBITS):
                c.rz(i, theta=w[layer, i, 0])
                c.ry(i, theta=w[layer, i, 1])
                c.rz(i, theta=w[layer, i, 2])
            for i in range(QUBITS):
                c.cnot(i, (i + reach(layer)) % QUBITS)
        return jnp.real(jnp.stack([c.expectation_ps(z=[i]) for i in range(QUBITS)]))

    return jax_step(expectations)


def default_qubit():
    import pennylane as qml
    import torch
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count())))

    @qml.qnode(qml.device("default.qubit", wires=QUBITS), interface="torch", diff_method="backprop")
    def node(x, w):
        qml.AngleEmbedding(x, range(QUBITS), rotation="X")
        qml.StronglyEntanglingLayers(w, range(QUBITS))
        return [qml.expval(qml.PauliZ(i)) for i in range(QUBITS)]

    def step():
        x, w = torch.tensor(X, requires_grad=True), torch.tensor(W, requires_grad=True)
        (torch.stack(node(x, w), 1) * torch.tensor(G)).sum().backward()

    return step


def lightning():
    import pennylane as qml
    from pennylane import numpy as pnp

    @qml.qnode(qml.device("lightning.qubit", wires=QUBITS), diff_method="adjoint")
    def node(x, w, g):
        qml.AngleEmbedding(x, range(QUBITS), rotation="X")
        qml.StronglyEntanglingLayers(w, range(QUBITS))
        return qml.expval(qml.dot(g, [qml.PauliZ(i) for i in range(QUBITS)]))

    gradient = qml.grad(node, argnums=[0, 1])
    w = pnp.array(W, requires_grad=True)
    return lambda: [gradient(pnp.array(X[b], requires_grad=True), w, G[b]) for b in range(BATCH)]


def catalyst_qjit():
    import catalyst
    import jax.numpy as jnp
    import pennylane as qml
    device = qml.device("lightning.qubit", wires=QUBITS)
    weights = jnp.asarray(G, jnp.float64)

    def weighted(x, w, g):
        @qml.qnode(device, diff_method="adjoint")
        def node(x, w):
            for i in range(QUBITS):
                qml.RX(x[i], i)
            for layer in range(LAYERS):
                for i in range(QUBITS):
                    qml.Rot(w[layer, i, 0], w[layer, i, 1], w[layer, i, 2], wires=i)
                for i in range(QUBITS):
                    qml.CNOT([i, (i + reach(layer)) % QUBITS])
            return [qml.expval(qml.PauliZ(i)) for i in range(QUBITS)]
        return jnp.sum(jnp.stack(node(x, w)) * g)

    @qml.qjit
    def gradient(x, w):
        def body(b, dx, dw):
            one = catalyst.grad(weighted, argnums=[0, 1], method="auto")(x[b], w, weights[b])
            return dx.at[b].set(one[0]), dw + one[1]
        return catalyst.for_loop(0, BATCH, 1)(body)(jnp.zeros((BATCH, QUBITS)), jnp.zeros((LAYERS, QUBITS, 3)))

    x, w = jnp.asarray(X, jnp.float64), jnp.asarray(W, jnp.float64)
    return lambda: np.asarray(gradient(x, w)[1])


PEERS = {"jax": jax_by_hand, "tensorcircuit": tensorcircuit, "default": default_qubit, "lightning": lightning,
         "catalyst": catalyst_qjit}
protocol.serve(PEERS[PEER](), PEER)
