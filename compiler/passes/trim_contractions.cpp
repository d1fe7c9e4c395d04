#include "compiler/passes/trim_contractions.h"

#include <algorithm>
#include <optional>

#include "compiler/passes/rewrite.h"

namespace qiln::passes {
namespace {

using namespace graph;

/// The numbers first .. last.
struct Range {
  std::int64_t first = 0, last = 0;
  bool operator==(const Range&) const = default;
};

std::int64_t floor_quotient(std::int64_t a, std::int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }
std::int64_t ceil_quotient(std::int64_t a, std::int64_t b) { return -floor_quotient(-a, b); }

Range reach(const Affine& e, const std::vector<Range>& indices) {
  Range range{e.offset, e.offset};
  for (std::size_t k = 0; k < indices.size(); ++k) {
    const std::int64_t a = e.coefficients[k] * indices[k].first, b = e.coefficients[k] * indices[k].last;
    range.first += std::min(a, b);
    range.last += std::max(a, b);
  }
  return range;
}

/// Takes away the numbers of index k for which `e` lies outside 0 .. extent - 1 whatever the others are.
void tighten(std::vector<Range>& indices, std::size_t k, const Affine& e, std::int64_t extent) {
  const std::int64_t c = e.coefficients[k];
  if (c == 0) return;
  Affine rest = e;
  rest.coefficients[k] = 0;
  const Range others = reach(rest, indices);
  const std::int64_t low = -others.last, high = extent - 1 - others.first;  // of c times the index
  Range& index = indices[k];
  index.first = std::max(index.first, c > 0 ? ceil_quotient(low, c) : ceil_quotient(high, c));
  index.last = std::min(index.last, c > 0 ? floor_quotient(high, c) : floor_quotient(low, c));
}

class Trimmer {
 public:
  Trimmer(Rewrite& rewrite, const Node& node)
      : builder_(rewrite.builder()),
        graph_(rewrite.fresh()),
        attributes_(node.as<ContractAttributes>()),
        operands_(node.operands),
        shape_(node.type.shape) {}

  std::optional<ValueId> run() {
    find_ranges();
    bool trimmed = false;
    for (std::size_t k = 0; k < indices_.size(); ++k)
      trimmed = trimmed || indices_[k] != Range{0, attributes_.space[k] - 1};
    if (!trimmed || empty()) return {};
    for (std::size_t k = 0; k < indices_.size(); ++k) shift(k);
    for (std::size_t o = 0; o < operands_.size(); ++o)
      if (!graph_.varying(operands_[o])) cut(o);
    return builder_.contract(std::move(attributes_), std::move(operands_), shape_);
  }

 private:
  bool empty() const {
    return std::any_of(indices_.begin(), indices_.end(), [](const Range& r) { return r.first > r.last; });
  }

  bool summed(std::size_t k) const {
    return std::all_of(attributes_.output.begin(), attributes_.output.end(),
                       [&](const Affine& e) { return e.coefficients[k] == 0; });
  }

  void find_ranges() {
    for (const std::int64_t extent : attributes_.space) indices_.push_back({0, extent - 1});
    for (std::vector<Range> before; before != indices_ && !empty();) {
      before = indices_;
      for (std::size_t o = 0; o < operands_.size(); ++o)
        for (std::size_t a = 0; a < attributes_.operands[o].size(); ++a)
          for (std::size_t k = 0; k < indices_.size(); ++k)
            if (summed(k)) tighten(indices_, k, attributes_.operands[o][a], graph_.shape(operands_[o])[a]);
    }
  }

  /// Index k begins at 0 again.
  void shift(std::size_t k) {
    attributes_.space[k] = indices_[k].last - indices_[k].first + 1;
    for (AffineMap& map : attributes_.operands)
      for (Affine& e : map) e.offset += e.coefficients[k] * indices_[k].first;
    indices_[k] = {0, attributes_.space[k] - 1};
  }

  void cut(std::size_t operand) {
    AffineMap& map = attributes_.operands[operand];
    Shape shape = graph_.shape(operands_[operand]);
    std::vector<std::int64_t> start(shape.size(), 0);
    const std::vector<std::int64_t> step(shape.size(), 1);
    for (std::size_t a = 0; a < shape.size(); ++a) {
      const Range read = reach(map[a], indices_);
      start[a] = std::clamp<std::int64_t>(read.first, 0, shape[a] - 1);
      shape[a] = std::clamp<std::int64_t>(read.last, start[a], shape[a] - 1) - start[a] + 1;
      map[a].offset -= start[a];
    }
    operands_[operand] = builder_.slice(operands_[operand], start, step, shape);
  }

  Builder& builder_;
  const Graph& graph_;
  ContractAttributes attributes_;
  std::vector<ValueId> operands_;
  Shape shape_;
  std::vector<Range> indices_;
};

}  // namespace

bool trim_contractions(Graph& graph) {
  Rewrite rewrite(graph);
  bool changed = false;
  for (ValueId id = 0; id < graph.nodes.size(); ++id) {
    Node node = rewrite.mapped(id);
    const auto value = node.op == Primitive::contract ? Trimmer(rewrite, node).run() : std::optional<ValueId>();
    changed = changed || value;
    rewrite.map(id, value ? *value : rewrite.append(std::move(node)));
  }
  if (changed) rewrite.finish();
  return changed;
}

}  // namespace qiln::passes
