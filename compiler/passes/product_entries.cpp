#include "compiler/passes/product_entries.h"

#include <map>

#include "compiler/passes/gate_matrices.h"

namespace qiln::passes {
namespace {

using circuit::Angle;
using circuit::Block;
using circuit::Phase;
using graph::ValueId;

/// The product's circuit and its operands: entries of like parts together, then angles. Of a single product angles are
/// elements of the circuit's own operands; of several each has its own.
class Columns {
 public:
  Columns(graph::Builder& builder, std::span<const FusedBlock* const> products, std::span<const ValueId> operands)
      : builder_(builder),
        products_(products),
        operands_(operands),
        count_(static_cast<std::int64_t>(products.size())),
        side_(std::int64_t{1} << products[0]->qubits.size()) {
    program_.qubits = static_cast<int>(products[0]->qubits.size());
  }

  ValueId run() {
    add_entries();
    for (std::size_t p = 0; p < parts().size(); ++p) add(p);
    if (!angles_.empty()) {
      BatchMath math(builder_, count_);
      add_placed(math.stack(angles_));
    }
    program_.initial = static_cast<std::int32_t>(values_.size());
    add_value(basis_states(), true);
    graph::CircuitAttributes attributes{static_cast<std::int32_t>(builder_.graph().blocks.size()), count_ * side_,
                                        mapped_};
    builder_.graph().blocks.push_back(std::move(program_));
    const ValueId states =
        builder_.append(Primitive::apply_blocks, {{count_ * side_, 2, side_}, false}, values_, std::move(attributes));
    const ValueId columns = builder_.reshape(states, {count_, side_, 2, side_});
    return builder_.reshape(builder_.permute(columns, {0, 3, 1, 2}), {count_, 2 * side_ * side_});
  }

 private:
  const std::vector<FusedBlock>& parts() const { return products_[0]->parts; }

  std::int32_t add_value(ValueId value, bool mapped) {
    if (mapped) mapped_.push_back(static_cast<int>(values_.size()));
    values_.push_back(value);
    return static_cast<std::int32_t>(values_.size() - 1);
  }

  /// A value [products, elements], the same for every column of a product.
  std::int32_t add_placed(ValueId value) {
    const std::int64_t elements = builder_.graph().shape(value)[1];
    const ValueId all = builder_.broadcast(value, {count_, side_, elements}, {0, 2});
    return add_value(builder_.reshape(all, {count_ * side_, elements}), true);
  }

  /// Matrices of gates and diagonals of phases, those of one formula in one operand.
  void add_entries() {
    std::map<std::vector<std::int64_t>, std::vector<std::size_t>> alike;
    for (std::size_t p = 0; p < parts().size(); ++p) {
      const FusedBlock& part = parts()[p];
      if (part.gate) {
        const circuit::Operation& gate = *part.gate;
        alike[{0, static_cast<std::int64_t>(gate.gate), gate.inverse, gate.controls}].push_back(p);
      } else if (part.kind == Block::Kind::phases) {
        std::vector<std::int64_t> key{1, static_cast<std::int64_t>(qubits_of(part).size())};
        for (const Phase& phase : on_own_qubits(part)) key.push_back(static_cast<std::int64_t>(phase.mask));
        alike[key].push_back(p);
      }
    }
    for (const auto& [key, like] : alike) {
      BatchMath math(builder_, count_ * static_cast<std::int64_t>(like.size()));
      const std::vector<BatchValue> reals = reals_of(math, like);
      const auto size = static_cast<std::int64_t>(reals.size());
      const ValueId stacked =
          builder_.reshape(math.stack(reals), {count_, static_cast<std::int64_t>(like.size()) * size});
      const std::int32_t operand = add_placed(stacked);
      for (std::size_t k = 0; k < like.size(); ++k) entries_[like[k]] = {operand, static_cast<std::int64_t>(k) * size};
    }
  }

  std::vector<BatchValue> reals_of(BatchMath& math, const std::vector<std::size_t>& like) const {
    if (const FusedBlock& first = parts()[like[0]]; first.gate) {
      std::vector<const circuit::Operation*> gates;
      for (const FusedBlock* product : products_)
        for (std::size_t p : like) gates.push_back(product->parts[p].gate);
      return matrix_reals(math, gates, operands_, first.kind == Block::Kind::diagonal);
    }
    std::vector<std::vector<Phase>> lists;
    for (const FusedBlock* product : products_)
      for (std::size_t p : like) lists.push_back(on_own_qubits(product->parts[p]));
    return phase_reals(math, lists, operands_, static_cast<int>(qubits_of(parts()[like[0]]).size()));
  }

  void add(std::size_t p) {
    const FusedBlock& part = parts()[p];
    Block block;
    block.kind = part.kind;
    block.qubits = part.qubits;
    block.rows = part.rows;
    block.flip = part.flip;
    if (part.kind == Block::Kind::phases) {
      block.kind = Block::Kind::diagonal;
      block.qubits = qubits_of(part);
    }
    if (block.has_entries()) std::tie(block.operand, block.element) = entries_.at(p);
    for (std::size_t t = 0; t < part.turns.size(); ++t) block.turns.push_back({part.turns[t].axis, angle(p, t)});
    program_.blocks.push_back(std::move(block));
  }

  Angle angle(std::size_t p, std::size_t t) {
    if (count_ == 1) {
      Angle own = parts()[p].turns[t].angle;
      if (own.operand < 0) return own;
      const auto [known, added] = own_.emplace(own.operand, 0);
      if (added) known->second = add_value(operands_[own.operand], false);
      own.operand = known->second;
      return own;
    }
    std::vector<Angle> all;
    for (const FusedBlock* product : products_) all.push_back(product->parts[p].turns[t].angle);
    BatchMath math(builder_, count_);
    angles_.push_back(math.gather(all, operands_));
    return {static_cast<std::int32_t>(values_.size()), static_cast<std::int64_t>(angles_.size()) - 1, 1, 0};
  }

  std::vector<std::int32_t> qubits_of(const FusedBlock& part) const {
    const std::uint64_t used = support(part, program_.qubits);
    std::vector<std::int32_t> qubits;
    for (int q = 0; q < program_.qubits; ++q)
      if (used >> (program_.qubits - 1 - q) & 1) qubits.push_back(q);
    return qubits;
  }

  /// The phases on the register of `qubits_of` alone.
  std::vector<Phase> on_own_qubits(const FusedBlock& part) const {
    const std::vector<std::int32_t> qubits = qubits_of(part);
    std::vector<Phase> phases = part.phases;
    for (Phase& phase : phases) {
      std::uint64_t mask = 0;
      for (std::int32_t q : qubits) mask = mask << 1 | (phase.mask >> (program_.qubits - 1 - q) & 1);
      phase.mask = mask;
    }
    return phases;
  }

  ValueId basis_states() {
    std::vector<double> states(side_ * 2 * side_);
    for (std::int64_t column = 0; column < side_; ++column) states[column * 2 * side_ + column] = 1;
    const ValueId one = builder_.constant(std::move(states), {side_, 2, side_});
    return builder_.reshape(builder_.broadcast(one, {count_, side_, 2, side_}, {1, 2, 3}), {count_ * side_, 2, side_});
  }

  graph::Builder& builder_;
  std::span<const FusedBlock* const> products_;
  std::span<const ValueId> operands_;
  std::int64_t count_, side_;
  circuit::BlockProgram program_;
  std::map<std::size_t, std::pair<std::int32_t, std::int64_t>> entries_;  // by part: operand and element
  std::map<std::int32_t, std::int32_t> own_;                              // by the circuit's operand: number here
  std::vector<BatchValue> angles_;
  std::vector<ValueId> values_;
  std::vector<int> mapped_;
};

}  // namespace

ValueId product_entries(graph::Builder& builder, std::span<const FusedBlock* const> products,
                        std::span<const ValueId> operands) {
  return Columns(builder, products, operands).run();
}

}  // namespace qiln::passes
