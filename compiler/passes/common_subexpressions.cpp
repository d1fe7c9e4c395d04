#include "compiler/passes/common_subexpressions.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <string>
#include <unordered_map>

#include "compiler/graph/attributes.h"
#include "compiler/passes/rewrite.h"

namespace qiln::passes {
namespace {

using namespace graph;

bool commutes(Primitive op) { return op == Primitive::add || op == Primitive::multiply || op == Primitive::equal; }

/// Bytes that are equal exactly when two nodes compute the same: zeros of either sign differ, so do not-a-numbers.
class Key {
 public:
  explicit Key(const Node& node) {
    put(static_cast<std::int64_t>(node.op));
    put(node.type.varying);
    put(node.type.shape);
    std::vector<ValueId> operands = node.operands;
    if (commutes(node.op)) std::sort(operands.begin(), operands.end());
    put(operands);
    std::visit([this](const auto& present) { each_field(present, [this](const char*, const auto& v) { put(v); }); },
               node.attributes);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  template <class T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void put(T value) { bytes_.append(reinterpret_cast<const char*>(&value), sizeof value); }
  void put(const std::string& value) {
    put(value.size());
    bytes_ += value;
  }
  void put(const Affine& value) {
    put(value.coefficients);
    put(value.offset);
  }
  template <class T>
  void put(const std::vector<T>& values) {
    put(values.size());
    for (const T& value : values) put(value);
  }
  std::string bytes_;
};

}  // namespace

bool common_subexpressions(Graph& graph) {
  Rewrite rewrite(graph);
  std::unordered_map<std::string, ValueId> known;
  bool changed = false;
  for (ValueId id = 0; id < graph.nodes.size(); ++id) {
    Node node = rewrite.mapped(id);
    const auto [found, is_new] = known.emplace(Key(node).bytes(), no_value);
    if (is_new) found->second = rewrite.append(std::move(node));
    changed = changed || !is_new;
    rewrite.map(id, found->second);
  }
  if (changed) rewrite.finish();
  return changed;
}

}  // namespace qiln::passes
