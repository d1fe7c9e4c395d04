// Helpers of the tests that begin with source text.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/elaborate.h"
#include "compiler/graph/verify.h"
#include "dsl/parse.h"
#include "dsl/prelude.h"
#include "dsl/settings.h"
#include "tests/catch.h"

namespace qiln {

/// A program with the graph of one of its nets or circuits, and what was said.
struct Elaborated {
  dsl::Sources sources;
  dsl::Diagnostics diagnostics;
  dsl::ast::File prelude = dsl::parse_prelude(sources);
  dsl::ast::Program program;
  std::optional<graph::Graph> graph;

  static Elaborated text(const std::string& text, std::string_view name = "N") {
    Elaborated result;
    const dsl::FileId id = result.sources.add("test.qiln", text);
    result.program.files.push_back(dsl::parse(result.sources[id], result.diagnostics));
    result.finish(name);
    return result;
  }
  static Elaborated file(const std::string& path, std::string_view name,
                         const std::vector<std::string>& overrides = {}) {
    Elaborated result;
    result.program = dsl::parse_program(path, result.sources, result.diagnostics);
    dsl::apply_overrides(result.program, overrides, result.sources, result.diagnostics);
    result.finish(name);
    return result;
  }

  std::string messages() const { return dsl::render(diagnostics, sources); }
  /// The parameters' shapes by path.
  std::map<std::string, graph::Shape> params() const {
    std::map<std::string, graph::Shape> params;
    for (const auto& node : graph->nodes)
      if (node.op == Primitive::param) params[node.as<graph::ParamAttributes>().path] = node.type.shape;
    return params;
  }

 private:
  void finish(std::string_view name) {
    if (diagnostics.has_errors()) return;
    graph = elaborate({program, prelude}, name, diagnostics);
    if (graph) CHECK(graph::verify(*graph) == std::vector<std::string>{});
  }
};

}  // namespace qiln
