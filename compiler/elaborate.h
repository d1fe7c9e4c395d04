// From the tree of a program to the graph of one of its nets or circuits. Everything the language decides at compile
// time is decided here: values, shapes, loops, branches, instances and their parameters' paths.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/graph/graph.h"
#include "dsl/ast.h"
#include "dsl/diagnostics.h"

namespace qiln {

/// The program's items over the prelude's. Both outlive the call of the functions below.
struct Library {
  const dsl::ast::Program& program;
  const dsl::ast::File& prelude;
};

/// The graph of the net or circuit `name`: an input (varying) for each argument with a shape, in order, and the output
/// "out". Arguments without a shape need defaults. `training` is what the language calls so: without it, `dropout` and
/// the like do nothing. Nothing when errors were reported; several may be.
std::optional<graph::Graph> elaborate(const Library& library, std::string_view name, dsl::Diagnostics& diagnostics,
                                      bool training = true);

/// A compile-time number, list, string or boolean, as settings need it. Nothing when an error was reported.
using Constant = std::variant<std::int64_t, double, bool, std::string>;
std::optional<Constant> evaluate(const Library& library, const dsl::ast::Expr& expr, dsl::Diagnostics& diagnostics);

/// A function of one number at each of `points`. `function` is a name or a call that leaves out its first argument, as
/// `cosine(s = 0.008)` in settings. Nothing when an error was reported.
std::optional<std::vector<double>> tabulate(const Library& library, const dsl::ast::Expr& function,
                                            std::span<const double> points, dsl::Diagnostics& diagnostics);

/// A function of tensors of these shapes as a graph: an input (varying) for each, in order, and the output "out".
/// `function` is a name or a call that leaves out its first arguments, as `huber(delta = 0.1)` in settings. Nothing when
/// an error was reported.
std::optional<graph::Graph> elaborate_function(const Library& library, const dsl::ast::Expr& function,
                                               std::span<const graph::Shape> arguments, dsl::Diagnostics& diagnostics);

}  // namespace qiln
