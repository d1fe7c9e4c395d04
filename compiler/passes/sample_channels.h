#pragma once

#include "compiler/graph/graph.h"

namespace qiln::passes {

/// Replaces the channels of circuits on the state vector. One that is a random Pauli of fixed probability becomes gates
/// whose angles are drawn: X^a Z^b = RX(pi a) RZ(pi b), a and b 0 or 1 from one `random` value of the circuit, so that
/// each sample (and place) follows a trajectory of its own, whose results and gradients have the exact ones as mean. A
/// fixed readout error mixes what is read, which is exact. True when there was any channel. Throws Error for a channel
/// that is neither: those want `simulate = density`.
bool sample_channels(graph::Graph& graph);

}  // namespace qiln::passes
