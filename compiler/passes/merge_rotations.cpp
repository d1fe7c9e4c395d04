#include "compiler/passes/merge_rotations.h"

#include <algorithm>

#include "compiler/circuit/commutation.h"
#include "compiler/passes/batch_value.h"
#include "compiler/passes/circuit_pass.h"
#include "compiler/passes/rewrite.h"

namespace qiln::passes {
namespace {

using circuit::Angle;
using circuit::Circuit;
using circuit::Commutation;
using circuit::Operation;
using graph::ValueId;

/// offset + the sum of the terms (variables, each element once, without offsets).
struct AngleSum {
  std::vector<Angle> terms;
  double offset = 0;

  void add(const AngleSum& other, double sign) {
    offset += sign * other.offset;
    for (const Angle& term : other.terms) {
      auto same = std::find_if(terms.begin(), terms.end(), [&](const Angle& mine) {
        return mine.operand == term.operand && mine.element == term.element;
      });
      if (same == terms.end())
        terms.push_back({term.operand, term.element, sign * term.scale, 0});
      else if ((same->scale += sign * term.scale) == 0)
        terms.erase(same);
    }
  }
};

struct Step {
  Operation operation;
  AngleSum angle;  // of an operation with one angle

  explicit Step(const Operation& from) : operation(from) {
    if (from.angles.size() != 1) return;
    angle.offset = from.angles[0].offset;
    if (from.angles[0].operand >= 0) angle.terms = {from.angles[0]};
    if (!angle.terms.empty()) angle.terms[0].offset = 0;
  }
};

/// Merges `last` into one of the steps before; false when there is none that it fits. Operands in `mapped` have a value
/// a place, and sums with them are left alone.
bool merge(std::vector<Step>& before, const Step& last, Commutation& commutation, const std::vector<int>& mapped) {
  const std::uint64_t qubits = qubit_mask(last.operation);
  const int size = static_cast<int>(before.size());
  int passed = 0;
  for (int i = size; i-- > std::max(0, size - farthest_partner);) {
    const std::uint64_t others = qubit_mask(before[i].operation);
    if ((qubits & others) == 0) continue;
    if (qubits == others) {
      if (const auto sum = commutation.sum(before[i].operation, last.operation)) {
        Step merged = sum->second ? last : before[i];
        merged.angle.add(sum->second ? before[i].angle : last.angle, sum->sign);
        merged.angle.offset += sum->offset;
        // The key of the operation tells constants from variables.
        merged.operation.angles[0] =
            merged.angle.terms.empty() ? Angle{-1, 0, 1, merged.angle.offset} : merged.angle.terms[0];
        const auto& terms = merged.angle.terms;
        if (terms.size() > 1 && std::any_of(terms.begin(), terms.end(), [&](const Angle& term) {
              return std::binary_search(mapped.begin(), mapped.end(), term.operand);
            }))
          return false;
        before[i] = std::move(merged);
        return true;
      }
    }
    if (++passed > most_passed || !commutation.commute(before[i].operation, last.operation)) return false;
  }
  return false;
}

/// Adds operands to `operands` for the sums of several terms, and gives every step the angle that says its sum.
void settle(graph::Builder& builder, std::vector<Step>& steps, std::vector<ValueId>& operands) {
  const std::vector<ValueId> given = operands;
  for (const bool varying : {false, true}) {
    std::vector<Step*> group;
    std::size_t most = 0;
    for (Step& step : steps) {
      const auto& terms = step.angle.terms;
      if (terms.size() < 2) continue;
      const bool any = std::any_of(terms.begin(), terms.end(),
                                   [&](const Angle& term) { return builder.graph().varying(given[term.operand]); });
      if (any != varying) continue;
      group.push_back(&step);
      most = std::max(most, terms.size());
    }
    if (group.empty()) continue;
    BatchMath math(builder, static_cast<std::int64_t>(group.size()));
    BatchValue sum = math.number(0);
    for (std::size_t t = 0; t < most; ++t) {
      std::vector<Angle> terms;
      for (const Step* step : group) {
        const auto& all = step->angle.terms;
        terms.push_back(t < all.size() ? all[t] : Angle{-1, 0, 1, 0});
      }
      sum = math.add(sum, math.gather(terms, given));
    }
    for (std::size_t k = 0; k < group.size(); ++k)
      group[k]->operation.angles[0] = {static_cast<std::int32_t>(operands.size()), static_cast<std::int64_t>(k), 1,
                                       group[k]->angle.offset};
    operands.push_back(math.materialise(sum));
  }
  for (Step& step : steps) {
    if (step.operation.angles.size() != 1 || step.angle.terms.size() > 1) continue;
    Angle& angle = step.operation.angles[0];
    angle = step.angle.terms.empty() ? Angle{-1, 0, 1, 0} : step.angle.terms[0];
    angle.offset = step.angle.offset;
  }
}

/// The circuit in steps, fewer where any could be merged.
std::vector<Step> merged_steps(const Circuit& circuit, const std::vector<int>& mapped) {
  Commutation commutation;
  std::vector<Step> steps;
  for (const Operation& operation : circuit.operations) {
    const Step step(operation);
    if (!merge(steps, step, commutation, mapped)) steps.push_back(step);
  }
  return steps;
}

}  // namespace

bool merge_rotations(graph::Graph& graph) {
  Rewrite rewrite(graph);
  std::vector<Circuit> circuits = graph.circuits;
  std::vector<int> users(circuits.size());
  for (const graph::Node& node : graph.nodes)
    if (node.op == Primitive::circuit) ++users[node.as<graph::CircuitAttributes>().index];
  bool changed = false;
  for (ValueId id = 0; id < graph.nodes.size(); ++id) {
    graph::Node node = rewrite.mapped(id);
    if (node.op == Primitive::circuit) {
      auto& [index, places, mapped] = std::get<graph::CircuitAttributes>(node.attributes);
      Circuit circuit = graph.circuits[index];
      std::vector<Step> steps = merged_steps(circuit, mapped);
      if (steps.size() < circuit.operations.size()) {
        settle(rewrite.builder(), steps, node.operands);
        circuit.operations.clear();
        for (Step& step : steps) circuit.operations.push_back(std::move(step.operation));
        if (users[index] > 1) {
          index = static_cast<std::int32_t>(circuits.size());
          circuits.emplace_back();
        }
        circuits[index] = std::move(circuit);
        changed = true;
      }
    }
    rewrite.map(id, rewrite.append(std::move(node)));
  }
  if (!changed) return false;
  rewrite.finish();
  graph.circuits = std::move(circuits);
  return true;
}

}  // namespace qiln::passes
