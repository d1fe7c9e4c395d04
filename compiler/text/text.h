// The one text syntax of graphs and the circuits and block programs they hold.
//
//   graph "UNet" {
//     %0 : varying [1, 28, 28] = input() {name = "x"}
//     %1 : uniform [32, 1, 3, 3] = param() {path = "e1.conv.weight", initialiser = uniform, a = -0.33, b = 0.33}
//     %2 : varying [32, 28, 28] = contract(%1, %0) {space = [32, 28, 28, 1, 3, 3], output = [i0, i1, i2],
//            operands = [[i0, i3, i4, i5], [i3, i1 + i4 - 1, i2 + i5 - 1]]} @"e1.conv"
//     output "out" = %2
//   }
//
// One line a node (broken here for the page); `@"…"` is the instance path. Fields at their default are left out. Reals
// have the digits that give the same double back. `#` starts a comment. Values may have any name when read; they are
// numbered in order when printed. Circuits and block programs are sections before the graph: see circuit_text.h.
#pragma once

#include <string>
#include <string_view>

#include "compiler/graph/graph.h"

namespace qiln::text {

struct PrintOptions {
  bool spans = false;  // ` at file:begin..end` behind each node; without them a text does not depend on source layout
};

std::string print(const graph::Graph& graph, PrintOptions options = {});

/// The graph as it stands in the text; whether its types and attributes make sense is for graph::verify to say.
/// Throws Error (exit code 1) that begins with `name:line:`.
graph::Graph parse(std::string_view text, std::string_view name = "graph");

}  // namespace qiln::text
