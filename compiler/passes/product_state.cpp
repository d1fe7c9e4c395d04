#include "compiler/passes/product_state.h"

#include <array>
#include <cmath>
#include <map>
#include <numbers>
#include <vector>

#include "compiler/circuit/pauli.h"
#include "compiler/passes/batch_value.h"

namespace qiln::passes {
namespace {

using circuit::Circuit;
using circuit::Operation;
using circuit::PauliString;
using circuit::PauliTerm;
using graph::ValueId;

/// The rotation of the Bloch vector (X, Y, Z) that a one-qubit gate makes, as a polynomial in 1, cos and sin of each
/// angle: rotation[3 * i + j] holds 3^angles coefficients, angle 0 the slowest index.
struct BlochRotation {
  int angles = 0;
  std::array<std::vector<double>, 9> coefficients;
};

constexpr PauliString paulis[3] = {{1, 0}, {1, 1}, {0, 1}};

std::array<double, 9> bloch_matrix(const Operation& operation, std::span<const double> angles) {
  const auto u = gate_matrix(operation.gate, angles, operation.inverse);
  std::array<double, 9> matrix;
  for (int i = 0; i < 3; ++i) {
    const auto image = circuit::heisenberg_image(u, paulis[i]);
    for (int j = 0; j < 3; ++j) matrix[3 * i + j] = image[code(paulis[j], 1)];
  }
  return matrix;
}

/// From the values at 0, pi / 2 and pi of each angle.
BlochRotation bloch_rotation(const Operation& operation) {
  BlochRotation rotation;
  rotation.angles = static_cast<int>(operation.angles.size());
  int points = 1;
  for (int a = 0; a < rotation.angles; ++a) points *= 3;
  for (auto& c : rotation.coefficients) c.resize(points);
  for (int p = 0; p < points; ++p) {
    std::vector<double> angles(rotation.angles);
    for (int a = rotation.angles, rest = p; a-- > 0; rest /= 3) angles[a] = rest % 3 * std::numbers::pi / 2;
    const auto matrix = bloch_matrix(operation, angles);
    for (int e = 0; e < 9; ++e) rotation.coefficients[e][p] = matrix[e];
  }
  for (auto& c : rotation.coefficients) {
    for (int stride = points / 3; stride >= 1; stride /= 3)
      for (int p = 0; p < points; ++p) {
        if (p / stride % 3 != 0) continue;
        const double at_zero = c[p], at_quarter = c[p + stride], at_half = c[p + 2 * stride];
        c[p] = (at_zero + at_half) / 2;
        c[p + stride] = (at_zero - at_half) / 2;
        c[p + 2 * stride] = at_quarter - c[p];
      }
    for (double& v : c)
      if (std::abs(v) < 1e-12)
        v = 0;
      else if (std::abs(std::abs(v) - 1) < 1e-12)
        v = v > 0 ? 1 : -1;
  }
  return rotation;
}

/// The gates of one qubit, in order.
using Sequence = std::vector<const Operation*>;
/// What qubits of one group share: gates, and for each angle whether it is constant, uniform or varying.
using Structure = std::vector<int>;

Structure structure_of(const Sequence& sequence, std::span<const ValueId> operands, const graph::Graph& graph) {
  Structure key;
  for (const Operation* operation : sequence) {
    key.push_back(static_cast<int>(operation->gate));
    key.push_back(operation->inverse);
    for (const circuit::Angle& angle : operation->angles)
      key.push_back(angle.operand < 0 ? 0 : 1 + graph.varying(operands[angle.operand]));
  }
  return key;
}

/// <X>, <Y>, <Z> of each qubit of a group.
using BlochVectors = std::array<BatchValue, 3>;

BlochVectors bloch_vectors(BatchMath& math, std::span<const Sequence> sequences, std::span<const ValueId> operands) {
  BlochVectors vector{math.number(0), math.number(0), math.number(1)};
  for (std::size_t step = 0; step < sequences[0].size(); ++step) {
    const BlochRotation rotation = bloch_rotation(*sequences[0][step]);
    std::vector<BatchValue> monomials{math.number(1)};
    for (int a = 0; a < rotation.angles; ++a) {
      std::vector<circuit::Angle> angles;
      for (const Sequence& sequence : sequences) angles.push_back(sequence[step]->angles[a]);
      const BatchValue angle = math.gather(angles, operands);
      std::vector<BatchValue> next;
      for (const BatchValue& monomial : monomials) {
        next.push_back(monomial);
        next.push_back(math.multiply(monomial, math.cos(angle)));
        next.push_back(math.multiply(monomial, math.sin(angle)));
      }
      monomials = std::move(next);
    }
    BlochVectors rotated{math.number(0), math.number(0), math.number(0)};
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j) {
        if (vector[j].is(0)) continue;
        BatchValue element = math.number(0);
        for (std::size_t m = 0; m < monomials.size(); ++m)
          element = math.add(element, math.multiply(math.number(rotation.coefficients[3 * i + j][m]), monomials[m]));
        rotated[i] = math.add(rotated[i], math.multiply(element, vector[j]));
      }
    vector = std::move(rotated);
  }
  return vector;
}

struct Group {
  std::vector<int> qubits;
  std::vector<Sequence> sequences;
};

/// Groups in order of their first qubit.
std::vector<Group> groups_of(const Circuit& circuit, std::span<const ValueId> operands, const graph::Graph& graph) {
  std::vector<Sequence> sequences(circuit.qubits);
  for (const Operation& operation : circuit.operations) sequences[operation.qubits[0]].push_back(&operation);
  std::vector<Group> groups;
  std::map<Structure, std::size_t> known;
  for (int q = 0; q < circuit.qubits; ++q) {
    const auto [found, added] = known.emplace(structure_of(sequences[q], operands, graph), groups.size());
    if (added) groups.emplace_back();
    groups[found->second].qubits.push_back(q);
    groups[found->second].sequences.push_back(std::move(sequences[q]));
  }
  return groups;
}

}  // namespace

ValueId term_products(graph::Builder& builder, const Circuit& circuit, std::span<const PauliTerm> terms,
                      std::span<const ValueId> operands) {
  const auto count = static_cast<std::int64_t>(terms.size());
  ValueId product = graph::no_value;
  for (const Group& group : groups_of(circuit, operands, builder.graph())) {
    const auto width = static_cast<std::int64_t>(group.qubits.size());
    BatchMath math(builder, width), table(builder, count * width);
    const BlochVectors vectors = bloch_vectors(math, group.sequences, operands);
    BatchValue factors = table.number(0);  // [count * width]: the vector's component, or 1 where the term has no Pauli
    for (int p = -1; p < 3; ++p) {
      const PauliString wanted = p < 0 ? PauliString{} : paulis[p];
      BatchValue mask{std::vector<double>(count * width), graph::no_value};
      for (std::int64_t t = 0; t < count; ++t)
        for (std::int64_t k = 0; k < width; ++k) {
          const std::int32_t qubit[] = {group.qubits[k]};
          mask.constants[t * width + k] = circuit::restrict({terms[t].x, terms[t].z}, qubit, circuit.qubits) == wanted;
        }
      if (mask.is(0)) continue;
      BatchValue values = table.number(1);
      if (p >= 0 && vectors[p].constant() && vectors[p].constants.size() == 1) {
        values = vectors[p];
      } else if (p >= 0) {
        const ValueId wide = builder.broadcast(math.materialise(vectors[p]), {count, width}, {1});
        values = {{}, builder.reshape(wide, {count * width})};
      }
      factors = table.add(factors, table.multiply(mask, values));
    }
    ValueId rows = builder.reshape(table.materialise(factors), {count, width});
    for (std::int64_t left = width; left > 1;) {
      const std::int64_t half = left / 2;
      ValueId next = builder.multiply(builder.slice(rows, {0, 0}, {1, 1}, {count, half}),
                                      builder.slice(rows, {0, half}, {1, 1}, {count, half}));
      if (left % 2) next = builder.concat({next, builder.slice(rows, {0, left - 1}, {1, 1}, {count, 1})}, 1);
      rows = next;
      left = half + left % 2;
    }
    const ValueId of_group = builder.reshape(rows, {count});
    product = product == graph::no_value ? of_group : builder.multiply(product, of_group);
  }
  return product;
}

}  // namespace qiln::passes
