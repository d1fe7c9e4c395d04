// Layers as graphs, for tests: what the prelude makes of a model file, written by hand.
#pragma once

#include "compiler/graph/build.h"

namespace qiln::test {

/// x [I, H, W], weight [O, I, K, K], bias [O] or no_value.
graph::ValueId conv(graph::Builder& b, graph::ValueId x, graph::ValueId weight, graph::ValueId bias, int stride = 1,
                    int pad = 0);
/// x [I, H, W], weight [I, O, K, K], bias [O] or no_value; a scattered output.
graph::ValueId conv_transpose(graph::Builder& b, graph::ValueId x, graph::ValueId weight, graph::ValueId bias,
                              int stride);
/// x [..., I], weight [O, I], bias [O] or no_value.
graph::ValueId linear(graph::Builder& b, graph::ValueId x, graph::ValueId weight, graph::ValueId bias);
graph::ValueId mean(graph::Builder& b, graph::ValueId x, std::vector<int> axes);
graph::ValueId relu(graph::Builder& b, graph::ValueId x);
graph::ValueId sigmoid(graph::Builder& b, graph::ValueId x);
/// [width] from t []: sines, then cosines, of t exp(-ln 10^4 i / (width / 2 - 1)).
graph::ValueId sinusoidal(graph::Builder& b, graph::ValueId t, int width);

/// v7_plain, or with the gate of v7_se, with parameters called as its model file does: x [1, 28, 28] and t [] are
/// varying inputs, the output `y` is [1, 28, 28].
graph::Graph v7(bool squeeze_and_excite);
/// Appends the mean squared difference of `value` from the varying input `target` over elements and `batch` samples.
graph::ValueId mean_squared_error(graph::Graph& g, graph::ValueId value, std::int64_t batch);

}  // namespace qiln::test
