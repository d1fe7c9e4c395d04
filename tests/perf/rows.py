"""What is measured: workers, and the rows that compare them.

A worker is a command that speaks the protocol of process.py. The workers of a group run in the same alternating rounds.
"""
import dataclasses

QILN = "build/qiln"


@dataclasses.dataclass(frozen=True)
class Worker:
    name: str
    command: list
    peer: bool = True        # runs in the peers' Python
    bench: list | None = None  # a command that prints the JSON of `qiln bench` about the same step


@dataclasses.dataclass(frozen=True)
class Row:
    """Time of a step. The goal is the least ratio, fastest of `peers` / `ours`."""
    name: str
    ours: str                # names of workers
    peers: list
    goal: float


@dataclasses.dataclass(frozen=True)
class Memory:
    """The most memory that the whole process held, beside the leanest of `peers`. The goal is in bytes, at most."""
    name: str
    ours: str
    peers: list
    goal: float


@dataclasses.dataclass(frozen=True)
class Share:
    """The least share of the measured multiply-add peak over a part of a step's kernels, `part` as `qiln bench` calls it,
    for the arithmetic that the model states."""
    name: str
    ours: str
    part: str
    goal: float
    peers: tuple = ()


@dataclasses.dataclass(frozen=True)
class Group:
    name: str
    workers: list
    rows: list


@dataclasses.dataclass(frozen=True)
class Start:
    """Time from the command to its end; cold starts with an empty object cache, warm with the one the cold run left.
    Goals are in seconds."""
    name: str
    command: list            # {run} stands for a fresh folder
    cold: float              # goals, in seconds
    warm: float
    group: str = "start"


def ours(name, model, batch, *more, folder="models"):
    arguments = [f"{folder}/{model}.qiln", "--batch", str(batch), *more]
    return Worker(name, [QILN, "time", *arguments], peer=False,
                  bench=[QILN, "bench", *arguments, "--json", "--steps", "3"])


def torch(name, arm, mode, batch, step="training"):
    return Worker(name, ["tests/perf/workers/torch_v7.py", arm, mode, str(batch), step])


def torch_model(model, mode, batch, step="training"):
    return Worker(mode, ["tests/perf/workers/torch_models.py", model, mode, str(batch), step])


ENTANGLING = ["tests/perf/models/entangling.qiln", "--net", "Entangling"]


def our_circuit(qubits, batch):
    return Worker("ours", [QILN, "time", *ENTANGLING, "--set", f"QUBITS={qubits}", "--batch", str(batch)], peer=False)


def circuit(peer, qubits, batch):
    return Worker(peer, ["tests/perf/workers/circuit.py", peer, str(qubits), "3", str(batch)])


TORCH_MODES = ["eager", "channels_last", "compile", "compile_channels_last"]
CIRCUIT_PEERS = ["jax", "tensorcircuit", "default", "lightning", "catalyst"]

GROUPS = [
    Group("v7",
          [ours("plain", "v7_plain", 64), ours("published", "v7_published", 64),
           *[torch(mode, "plain", mode, 64) for mode in TORCH_MODES]],
          [Row("v7 plain step B=64", "plain", TORCH_MODES, 2.0),
           # Within 10 % of the plain step.
           Row("v7 published step B=64, of plain", "published", ["plain"], 1 / 1.1),
           Share("v7 plain contract kernels B=64", "plain", "contract", 0.7),
           Memory("v7 plain training memory B=64", "plain", TORCH_MODES, 150e6)]),
    *[Group("quantum",
            [ours("quantum", "v7_quantum", batch), torch("default.qubit", "quantum", "default", batch),
             torch("lightning.qubit", "quantum", "lightning", batch)],
            [Row(f"v7 quantum step B={batch}", "quantum", ["default.qubit", "lightning.qubit"], 100.0)])
      for batch in [16, 64]],
    # The share of the multiply-add rate that the state-vector kernels reach; at least half of it.
    Group("state", [Worker("kernels", ["build/perf_state"], peer=False),
                    Worker("bound", ["build/perf_state", "bound"], peer=False)],
          [Row("16-qubit blocks and adjoint, of the multiply-add bound", "kernels", ["bound"], 0.5)]),
    *[Group("networks", [ours("ours", "v7_plain", batch), *[torch(mode, "plain", mode, batch) for mode in TORCH_MODES]],
            [Row(f"v7 plain step B={batch}", "ours", TORCH_MODES, 1.8)])
      for batch in [16, 256]],
    # A step of the sampler at ours, the network's pass alone at the peers.
    Group("networks", [ours("ours", "v7_plain", 64, "--program", "sampling"),
                       *[torch(mode, "plain", mode, 64, "forward") for mode in TORCH_MODES]],
          [Row("v7 plain forward pass B=64", "ours", TORCH_MODES, 1.8)]),
    *[Group("networks", [ours("ours", model, 64), *[torch_model(model, mode, 64) for mode in TORCH_MODES]],
            [Row(f"{model} step B=64", "ours", TORCH_MODES, 1.7)])
      for model in ["v8_plain", "v8_se", "ddpm_unet"]],
    Group("networks",
          [ours("ours", "resnet18", 64, "--set", "NORM=group_norm", folder="tests/perf/models"),
           *[torch_model("resnet18_group", mode, 64, "classification") for mode in TORCH_MODES]],
          [Row("resnet18 with group norm step B=64", "ours", TORCH_MODES, 1.5)]),
    *[Group("circuits", [our_circuit(qubits, batch), *[circuit(peer, qubits, batch) for peer in peers]],
            [Row(f"circuit gradient n={qubits} B={batch}", "ours", peers, goal)])
      for qubits, batch, goal, peers in [(4, 64, 20.0, CIRCUIT_PEERS), (8, 64, 40.0, CIRCUIT_PEERS),
                                         (12, 64, 40.0, CIRCUIT_PEERS), (16, 16, 25.0, CIRCUIT_PEERS),
                                         (20, 1, 5.0, ["lightning"])]],
]

STARTS = [Start("start", [QILN, "train", "models/v7_plain.qiln", "--steps", "1", "--no-samples", "-o", "{run}"], 1.5, 0.1),
          *[Start(f"circuit n={qubits} L={layers}", [QILN, "time", *ENTANGLING, "--set", f"QUBITS={qubits}", "--set",
                                                      f"LAYERS={layers}", "--batch", "1"], 0.3, 0.3, "circuits")
            for qubits, layers in [(4, 3), (8, 3), (12, 3), (16, 3), (8, 30), (8, 300)]]]

# `v7` stands for all that the issue of that name measures.
DEFAULT = ["v7", "quantum", "state", "start"]
NAMES = ["v7", "quantum", "state", "start", "networks", "circuits"]
