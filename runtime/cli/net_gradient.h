// The value of a net or circuit and its gradient as one program: what is timed and shown where no objective is.
#pragma once

#include "compiler/graph/graph.h"

namespace qiln::cli {

/// Output "value": the sum over samples of all outputs of `net`, each times an input of its name and `.weight`. Outputs
/// "gradient.<path>" of trainable parameters and "gradient.<name>" of varying inputs. `net` is without circuits.
graph::Graph net_gradient(graph::Graph net);

}  // namespace qiln::cli
