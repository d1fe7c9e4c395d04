// For the circuit tests: dense simulation in double straight from the gate table, and an interpreter of the few
// primitives that circuit passes produce.
#pragma once

#include <bit>
#include <cmath>
#include <complex>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "compiler/graph/build.h"
#include "compiler/graph/evaluate.h"

namespace qiln::test {

using Complex = std::complex<double>;
using Numbers = std::vector<double>;

/// The bits of `index` on `qubits`, the first the most significant.
inline std::size_t gather_bits(std::size_t index, const std::vector<std::int32_t>& qubits, int n) {
  std::size_t local = 0;
  for (std::int32_t q : qubits) local = local << 1 | (index >> (n - 1 - q) & 1);
  return local;
}
inline std::size_t scatter_bits(std::size_t index, std::size_t local, const std::vector<std::int32_t>& qubits, int n) {
  for (std::size_t k = qubits.size(); k-- > 0; local >>= 1) {
    const int bit = n - 1 - qubits[k];
    index = (index & ~(std::size_t{1} << bit)) | (local & 1) << bit;
  }
  return index;
}

/// state <- matrix (row-major, on `qubits`) state
inline void apply_matrix(std::vector<Complex>& state, const std::vector<Complex>& matrix,
                         const std::vector<std::int32_t>& qubits, int n) {
  const std::size_t side = std::size_t{1} << qubits.size();
  std::vector<Complex> result(state.size());
  for (std::size_t b = 0; b < state.size(); ++b) {
    const std::size_t row = gather_bits(b, qubits, n);
    for (std::size_t column = 0; column < side; ++column)
      result[b] += matrix[row * side + column] * state[scatter_bits(b, column, qubits, n)];
  }
  state = std::move(result);
}

inline Numbers expectations(const std::vector<Complex>& state, const std::vector<circuit::Observable>& readout) {
  constexpr Complex i_powers[] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}};
  Numbers values;
  for (const auto& observable : readout) {
    double sum = 0;
    for (const auto& term : observable)
      for (std::size_t b = 0; b < state.size(); ++b)
        sum += term.coefficient * (std::conj(state[b ^ term.x]) * state[b] *
                                   i_powers[(std::popcount(term.x & term.z) + 2 * std::popcount(term.z & b)) & 3])
                                      .real();
    values.push_back(sum);
  }
  return values;
}

inline Numbers simulate(const circuit::Circuit& circuit, const std::vector<Numbers>& operands) {
  std::vector<Complex> state(std::size_t{1} << circuit.qubits);
  state[0] = 1;
  if (circuit.initial) {
    const auto& amplitudes = operands[circuit.initial->operand];
    for (std::size_t b = 0; b < amplitudes.size(); ++b)
      state[scatter_bits(0, b, circuit.initial->qubits, circuit.qubits)] = amplitudes[b];
  }
  for (const auto& operation : circuit.operations) {
    Numbers angles;
    for (const auto& angle : operation.angles)
      angles.push_back(angle.operand < 0 ? angle.offset
                                         : angle.scale * operands[angle.operand][angle.element] + angle.offset);
    apply_matrix(state, gate_matrix(operation.gate, angles, operation.inverse, operation.controls), operation.qubits,
                 circuit.qubits);
  }
  Numbers results = expectations(state, circuit.readout);
  for (const auto& list : circuit.probabilities) {
    Numbers sums(std::size_t{1} << list.size());
    for (std::size_t b = 0; b < state.size(); ++b) sums[gather_bits(b, list, circuit.qubits)] += std::norm(state[b]);
    results.insert(results.end(), sums.begin(), sums.end());
  }
  return results;
}

/// The blocks applied to a basis state.
inline std::vector<Complex> run_blocks(const circuit::BlockProgram& program, const std::vector<Numbers>& entries,
                                       std::size_t basis = 0) {
  std::vector<Complex> state(std::size_t{1} << program.qubits);
  state[basis] = 1;
  for (std::size_t b = 0; program.initial >= 0 && b < state.size(); ++b)
    state[b] = {entries[program.initial][b], entries[program.initial][b + state.size()]};
  for (const auto& block : program.blocks) {
    if (block.kind == circuit::Block::Kind::permutation) {
      std::vector<Complex> moved(state.size());
      for (std::size_t b = 0; b < state.size(); ++b) {
        std::size_t image = block.flip;
        for (std::size_t i = 0; i < block.rows.size(); ++i)
          image ^= std::size_t(std::popcount(b & block.rows[i]) & 1) << i;
        moved[image] = state[b];
      }
      state = std::move(moved);
      continue;
    }
    auto value = [&](const circuit::Angle& angle) {
      return angle.offset + (angle.operand < 0 ? 0 : angle.scale * entries[angle.operand][angle.element]);
    };
    if (block.kind == circuit::Block::Kind::phases) {
      for (const circuit::Phase& phase : block.phases)
        for (std::size_t b = 0; b < state.size(); ++b)
          state[b] *= std::polar(1.0, value(phase.angle) * (std::popcount(b & phase.mask) & 1 ? 0.5 : -0.5));
      continue;
    }
    if (block.kind == circuit::Block::Kind::turns) {
      for (const circuit::Turn& turn : block.turns) {
        const char* name = turn.axis == circuit::Turn::Axis::y ? "RY" : "RZ";
        apply_matrix(state, gate_matrix(*gate_named(name), Numbers{value(turn.angle)}), block.qubits, program.qubits);
      }
      continue;
    }
    const std::size_t side = std::size_t{1} << block.qubits.size();
    const bool diagonal = block.kind == circuit::Block::Kind::diagonal;
    std::vector<Complex> matrix(side * side);
    const double* from = entries[block.operand].data() + block.element;
    for (std::size_t i = 0; i < side; ++i)
      for (std::size_t j = 0; j < side; ++j)
        if (!diagonal || i == j) {
          matrix[i * side + j] = {from[0], from[1]};
          from += 2;
        }
    apply_matrix(state, matrix, block.qubits, program.qubits);
  }
  return state;
}

inline std::vector<std::int64_t> coordinates(std::int64_t flat, const graph::Shape& shape) {
  std::vector<std::int64_t> at(shape.size());
  for (std::size_t d = shape.size(); d-- > 0; flat /= shape[d]) at[d] = flat % shape[d];
  return at;
}
inline std::int64_t flatten(const std::vector<std::int64_t>& at, const graph::Shape& shape) {
  std::int64_t flat = 0;
  for (std::size_t d = 0; d < shape.size(); ++d) flat = flat * shape[d] + at[d];
  return flat;
}

/// The output `name` of a graph of one sample, inputs by name.
inline Numbers interpret(const graph::Graph& g, const std::map<std::string, Numbers>& inputs, const std::string& name) {
  std::vector<Numbers> values(g.nodes.size());
  for (graph::ValueId id = 0; id < g.nodes.size(); ++id) {
    const graph::Node& node = g[id];
    const auto count = static_cast<std::size_t>(graph::element_count(node.type.shape));
    Numbers& out = values[id];
    auto operand = [&](std::size_t k) -> const Numbers& { return values[node.operands[k]]; };
    auto shape = [&](std::size_t k) -> const graph::Shape& { return g.shape(node.operands[k]); };
    if (node.op == Primitive::input) {
      out = inputs.at(node.as<graph::InputAttributes>().name);
    } else if (node.op == Primitive::random) {
      out = inputs.at(node.as<graph::RandomAttributes>().site);
    } else if (node.op == Primitive::permute) {
      const auto& axes = node.as<graph::AxesAttributes>().axes;
      for (std::size_t e = 0; e < count; ++e) {
        const auto at = coordinates(e, node.type.shape);
        std::vector<std::int64_t> from(at.size());
        for (std::size_t d = 0; d < at.size(); ++d) from[axes[d]] = at[d];
        out.push_back(operand(0)[flatten(from, shape(0))]);
      }
    } else if (node.op == Primitive::constant) {
      out = node.as<graph::ConstantAttributes>().values;
      if (out.size() == 1) out.assign(count, out[0]);
    } else if (is_pointwise(node.op)) {
      for (std::size_t e = 0; e < count; ++e) {
        Numbers arguments;
        for (std::size_t k = 0; k < node.operands.size(); ++k) arguments.push_back(operand(k)[e]);
        out.push_back(graph::evaluate(node.op, arguments));
      }
    } else if (node.op == Primitive::reshape) {
      out = operand(0);
    } else if (node.op == Primitive::slice) {
      const auto& stride = node.as<graph::StrideAttributes>();
      for (std::size_t e = 0; e < count; ++e) {
        auto at = coordinates(e, node.type.shape);
        for (std::size_t d = 0; d < at.size(); ++d) at[d] = stride.start[d] + stride.step[d] * at[d];
        out.push_back(operand(0)[flatten(at, shape(0))]);
      }
    } else if (node.op == Primitive::broadcast) {
      for (std::size_t e = 0; e < count; ++e) {
        const auto at = coordinates(e, node.type.shape);
        std::vector<std::int64_t> from;
        for (int axis : node.as<graph::AxesAttributes>().axes) from.push_back(at[axis]);
        out.push_back(operand(0)[flatten(from, shape(0))]);
      }
    } else if (node.op == Primitive::concat) {
      const int axis = node.as<graph::AxesAttributes>().axes[0];
      for (std::size_t e = 0; e < count; ++e) {
        auto at = coordinates(e, node.type.shape);
        std::size_t part = 0;
        while (at[axis] >= shape(part)[axis]) at[axis] -= shape(part++)[axis];
        out.push_back(operand(part)[flatten(at, shape(part))]);
      }
    } else if (node.op == Primitive::contract) {
      const auto& c = node.as<graph::ContractAttributes>();
      auto at = [](const graph::AffineMap& map, const std::vector<std::int64_t>& p, const graph::Shape& s) {
        std::vector<std::int64_t> result;
        for (const auto& expression : map) {
          std::int64_t v = expression.offset;
          for (std::size_t k = 0; k < p.size(); ++k) v += expression.coefficients[k] * p[k];
          result.push_back(v);
        }
        return flatten(result, s);
      };
      out.assign(count, 0);
      for (std::int64_t point = 0; point < graph::element_count(c.space); ++point) {
        const auto p = coordinates(point, c.space);
        double product = 1;
        for (std::size_t k = 0; k < node.operands.size(); ++k) product *= operand(k)[at(c.operands[k], p, shape(k))];
        out[at(c.output, p, node.type.shape)] += product;
      }
    } else if (node.op == Primitive::circuit) {
      std::vector<Numbers> angles;
      for (std::size_t k = 0; k < node.operands.size(); ++k) angles.push_back(operand(k));
      out = simulate(g.circuits[node.as<graph::CircuitAttributes>().index], angles);
    } else if (node.op == Primitive::phase_tables) {
      out.assign(count, NAN);  // read by nothing
    } else if (node.op == Primitive::apply_blocks) {
      const auto& attributes = node.as<graph::CircuitAttributes>();
      const auto& program = g.blocks[attributes.index];
      for (std::int64_t place = 0; place < std::max<std::int64_t>(1, attributes.places); ++place) {
        std::vector<Numbers> entries;
        for (std::size_t k = 0; k < node.operands.size(); ++k) {
          entries.push_back(operand(k));
          if (std::find(attributes.mapped.begin(), attributes.mapped.end(), static_cast<int>(k)) ==
              attributes.mapped.end())
            continue;
          const auto size = static_cast<std::int64_t>(operand(k).size()) / attributes.places;
          entries.back() = {operand(k).begin() + place * size, operand(k).begin() + (place + 1) * size};
        }
        const auto state = run_blocks(program, entries);
        for (const Complex& amplitude : state) out.push_back(amplitude.real());
        for (const Complex& amplitude : state) out.push_back(amplitude.imag());
      }
    } else if (node.op == Primitive::expval) {
      std::vector<Complex> state(operand(0).size() / 2);
      for (std::size_t b = 0; b < state.size(); ++b) state[b] = {operand(0)[b], operand(0)[b + state.size()]};
      out = expectations(state, g.blocks[node.as<graph::CircuitAttributes>().index].readout);
    }
  }
  return values[g.output(name)];
}

/// A graph whose output `y` is the circuit's readout; operand k is the input `xk`, varying where k is even.
inline graph::Graph graph_of(const circuit::Circuit& circuit, const std::vector<Numbers>& operands) {
  graph::Graph g;
  graph::Builder builder(g);
  std::vector<graph::ValueId> ids;
  for (std::size_t k = 0; k < operands.size(); ++k)
    ids.push_back(
        builder.input("x" + std::to_string(k), {{static_cast<std::int64_t>(operands[k].size())}, k % 2 == 0}));
  g.outputs.push_back({"y", builder.circuit(circuit, ids)});
  return g;
}
inline std::map<std::string, Numbers> inputs_of(const std::vector<Numbers>& operands) {
  std::map<std::string, Numbers> inputs;
  for (std::size_t k = 0; k < operands.size(); ++k) inputs["x" + std::to_string(k)] = operands[k];
  return inputs;
}

inline circuit::Operation operation(std::string_view name, std::vector<std::int32_t> qubits,
                                    std::vector<circuit::Angle> angles = {}) {
  circuit::Operation result;
  result.gate = *gate_named(name);
  result.qubits = std::move(qubits);
  result.angles = std::move(angles);
  return result;
}

/// <Z> of each qubit.
inline std::vector<circuit::Observable> all_z(int n) {
  std::vector<circuit::Observable> readout;
  for (int q = 0; q < n; ++q) readout.push_back({{1, 0, std::uint64_t{1} << (n - 1 - q)}});
  return readout;
}

struct RandomCircuit {
  circuit::Circuit circuit;
  std::vector<Numbers> operands;  // [16] varying, [16] uniform
};

/// Gates of the whole table, with inverses, extra controls, shared and constant angles; Pauli sums as readout.
inline RandomCircuit random_circuit(int n, int gates_wanted, unsigned seed) {
  std::mt19937 random(seed);
  auto below = [&](int bound) { return static_cast<int>(random() % bound); };
  auto real = [&] { return random() / 4294967296.0 * 6 - 3; };
  RandomCircuit result;
  result.circuit.name = "Random";
  result.circuit.qubits = n;
  result.operands.assign(2, Numbers(16));
  for (auto& operand : result.operands)
    for (double& v : operand) v = real();
  while (static_cast<int>(result.circuit.operations.size()) < gates_wanted) {
    circuit::Operation operation;
    operation.gate = static_cast<Gate>(below(static_cast<int>(gates().size())));
    operation.inverse = below(4) == 0;
    operation.controls = below(8) == 0;
    const int k = operation.controls + gate(operation.gate).qubits();
    if (k > n || k > 3) continue;
    std::vector<std::int32_t> qubits(n);
    for (int q = 0; q < n; ++q) qubits[q] = q;
    std::shuffle(qubits.begin(), qubits.end(), random);
    operation.qubits.assign(qubits.begin(), qubits.begin() + k);
    for (int a = 0; a < gate(operation.gate).parameter_count(); ++a) {
      circuit::Angle angle{below(3) - 1, below(16), 1, 0};
      if (angle.operand < 0 || below(4) == 0) angle.offset = real();
      if (angle.operand >= 0 && below(4) == 0) angle.scale = real();
      operation.angles.push_back(angle);
    }
    result.circuit.operations.push_back(operation);
  }
  result.circuit.readout = all_z(n);
  const std::uint64_t mask = (std::uint64_t{1} << n) - 1;
  result.circuit.readout.push_back({{0.5, random() & mask, random() & mask}, {-1.5, 0, random() & mask}});
  return result;
}

}  // namespace qiln::test
