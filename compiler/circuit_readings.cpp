#include "compiler/circuit_readings.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <map>
#include <numeric>

#include "compiler/passes/batch_value.h"
#include "compiler/sampling.h"

namespace qiln::elaboration {

using circuit::Observable;
using circuit::Operation;
using circuit::PauliTerm;

namespace {

Observable observable_of(const PauliSum& sum, int qubits) {
  auto mirrored = [&](std::uint64_t mask) {
    std::uint64_t result = 0;
    for (int q = 0; q < qubits; ++q) result |= (mask >> q & 1) << (qubits - 1 - q);
    return result;
  };
  Observable observable;
  for (const PauliProduct& term : sum)
    observable.push_back({term.coefficient.real(), mirrored(term.x), mirrored(term.z)});
  return observable;
}

/// What is read of the state for a call: the observables, and of a variance their squares behind them.
std::vector<Observable> observables_of(const Measurement& call, int qubits) {
  std::vector<Observable> result;
  for (const PauliSum& sum : call.observables) result.push_back(observable_of(sum, qubits));
  for (const PauliSum& sum : call.squares) result.push_back(observable_of(sum, qubits));
  return result;
}

/// A Pauli for each qubit, in which all terms of a group can be read at once.
struct Basis {
  std::uint64_t x = 0, z = 0;
  bool takes(const PauliTerm& term) const {
    const std::uint64_t shared = (x | z) & (term.x | term.z);
    return ((x ^ term.x) & shared) == 0 && ((z ^ term.z) & shared) == 0;
  }
};

/// Bases for all terms of a call, each term in the first that takes it (`chosen`, by observable and term).
std::vector<Basis> bases_of(const std::vector<Observable>& observables, std::vector<std::vector<int>>& chosen) {
  std::vector<Basis> bases;
  chosen.clear();
  for (const Observable& observable : observables) {
    auto& of_terms = chosen.emplace_back();
    for (const PauliTerm& term : observable) {
      std::size_t k = 0;
      while (k < bases.size() && !bases[k].takes(term)) ++k;
      if (k == bases.size()) bases.emplace_back();
      bases[k].x |= term.x;
      bases[k].z |= term.z;
      of_terms.push_back(static_cast<int>(k));
    }
  }
  return bases;
}

class Measuring {
 public:
  Measuring(graph::Builder& builder, std::string site) : b_(builder), site_(std::move(site)) {}

  /// What is read for each call, exactly or in shots: [.., values]; the sites of the draws are told apart by `run`.
  std::vector<ValueId> forward(const Runs& runs, std::span<const Measurement> calls, const char* run) {
    Known known;
    std::vector<ValueId> values = exact(runs, calls, false, known);
    for (std::size_t k = 0; k < calls.size(); ++k)
      if (calls[k].shots > 0) values[k] = sampled(runs, calls[k], fmt::format("{}.{}{}", site_, run, k), known);
    return values;
  }

  /// Values in shots where asked, with the gradients of the exact ones.
  std::vector<ValueId> with_exact_gradients(const Runs& runs, std::span<const Measurement> calls) {
    Known known;
    std::vector<ValueId> values = exact(runs, calls, true, known);
    for (std::size_t k = 0; k < calls.size(); ++k) {
      if (calls[k].shots == 0) continue;
      const ValueId draw = sampled(runs, calls[k], fmt::format("{}.shots{}", site_, k), known);
      values[k] = b_.add(values[k], b_.stop_gradient(b_.subtract(draw, values[k])));
    }
    return values;
  }

  /// Values with gradients by parameter shifts, whose draws are independent of the values'.
  std::vector<ValueId> with_shifts(const Runs& runs, std::span<const Measurement> calls) {
    std::vector<ValueId> values = forward(runs, calls, "shots");
    const Shifts shifts = shifts_of(runs);
    if (shifts.angles.empty()) return values;
    const auto angles = static_cast<std::int64_t>(shifts.angles.size()),
               count = static_cast<std::int64_t>(shifts.terms.size()), places = std::max<std::int64_t>(runs.places, 1);
    passes::BatchMath math(b_, angles, runs.places, runs.mapped);
    const ValueId theta = b_.reshape(math.materialise(math.gather(shifts.angles, runs.operands)), {places, angles});
    std::vector<double> offsets(count * angles), weights(angles * count);
    for (std::int64_t t = 0; t < count; ++t) {
      offsets[t * angles + shifts.terms[t].angle] = shifts.terms[t].term.shift;
      weights[shifts.terms[t].angle * count + t] = shifts.terms[t].term.coefficient;
    }
    const Shape all{places, count, angles};
    const ValueId moved = b_.add(b_.broadcast(b_.stop_gradient(theta), all, {0, 2}),
                                 b_.broadcast(b_.constant(std::move(offsets), {count, angles}), all, {1, 2}));
    Runs shifted{shifts.circuit, {b_.reshape(moved, {places * count, angles})}, places * count, {0}};
    const std::vector<ValueId> readings = forward(shifted, calls, "shift");
    for (std::size_t k = 0; k < calls.size(); ++k) {
      const std::int64_t width = b_.graph().shape(readings[k]).back();
      const ValueId slope = b_.stop_gradient(jacobian(readings[k], weights, places, count, angles, width));
      ValueId tangent = product(slope, theta, places, angles, width);
      tangent = b_.reshape(tangent, b_.graph().shape(values[k]));
      values[k] = b_.add(b_.stop_gradient(values[k]), b_.subtract(tangent, b_.stop_gradient(tangent)));
    }
    return values;
  }

 private:
  struct Shifts {
    struct Term {
      std::int64_t angle;
      ShiftTerm term;
    };
    circuit::Circuit circuit;            // its one operand holds all angles
    std::vector<circuit::Angle> angles;  // by which the original has them
    std::vector<Term> terms;
  };

  static Shifts shifts_of(const Runs& runs) {
    Shifts shifts;
    shifts.circuit = runs.circuit;
    for (Operation& operation : shifts.circuit.operations)
      for (std::size_t a = 0; a < operation.angles.size(); ++a) {
        if (operation.angles[a].operand < 0) continue;
        const auto number = static_cast<std::int64_t>(shifts.angles.size());
        shifts.angles.push_back(operation.angles[a]);
        operation.angles[a] = {0, number, 1, 0};
        for (const ShiftTerm& term : shift_rule(operation.gate, static_cast<int>(a), operation.controls))
          shifts.terms.push_back({number, term});
      }
    return shifts;
  }

  /// [places, angles, width] of readings [places * count, width].
  ValueId jacobian(ValueId readings, std::vector<double> weights, std::int64_t places, std::int64_t count,
                   std::int64_t angles, std::int64_t width) {
    graph::ContractAttributes attributes;
    attributes.space = {places, angles, width, count};
    attributes.operands = {{{{0, 1, 0, 0}, 0}, {{0, 0, 0, 1}, 0}},
                           {{{1, 0, 0, 0}, 0}, {{0, 0, 0, 1}, 0}, {{0, 0, 1, 0}, 0}}};
    attributes.output = {{{1, 0, 0, 0}, 0}, {{0, 1, 0, 0}, 0}, {{0, 0, 1, 0}, 0}};
    return b_.contract(std::move(attributes),
                       {b_.constant(std::move(weights), {angles, count}), b_.reshape(readings, {places, count, width})},
                       {places, angles, width});
  }

  /// [places, width]: the sum over the angles of slope [places, angles, width] times theta [places, angles].
  ValueId product(ValueId slope, ValueId theta, std::int64_t places, std::int64_t angles, std::int64_t width) {
    graph::ContractAttributes attributes;
    attributes.space = {places, width, angles};
    attributes.operands = {{{{1, 0, 0}, 0}, {{0, 0, 1}, 0}, {{0, 1, 0}, 0}}, {{{1, 0, 0}, 0}, {{0, 0, 1}, 0}}};
    attributes.output = {{{1, 0, 0}, 0}, {{0, 1, 0}, 0}};
    return b_.contract(std::move(attributes), {slope, theta}, {places, width});
  }

  ValueId run(const Runs& runs, circuit::Circuit circuit) {
    return b_.circuit(std::move(circuit), runs.operands, runs.places, runs.mapped);
  }

  /// Probabilities of qubits at the end of the circuit as it is, by the qubits.
  using Known = std::map<std::vector<std::int32_t>, ValueId>;

  /// The qubits whose probabilities a call draws from, where the circuit as it is gives them.
  static std::vector<std::vector<std::int32_t>> drawn_from(const Measurement& call, int qubits) {
    if (call.shots == 0) return {};
    if (call.kind == Measurement::Kind::probabilities) return {call.qubits};
    std::vector<std::vector<std::int32_t>> lists;
    std::vector<std::vector<int>> chosen;
    for (const Basis& basis : bases_of(observables_of(call, qubits), chosen))
      if (basis.x == 0) lists.push_back(read_by(basis, qubits));
    return lists;
  }

  static std::vector<std::int32_t> read_by(const Basis& basis, int qubits) {
    std::vector<std::int32_t> read;
    for (int q = 0; q < qubits; ++q)
      if ((basis.x | basis.z) >> (qubits - 1 - q) & 1) read.push_back(q);
    if (read.empty()) read.push_back(0);  // only constants
    return read;
  }

  /// One node for what is read of the circuit as it is: exact values, of all calls or of those without shots (the
  /// others stay open), and the probabilities to draw from.
  std::vector<ValueId> exact(const Runs& runs, std::span<const Measurement> calls, bool all, Known& known) {
    circuit::Circuit circuit = runs.circuit;
    std::vector<std::vector<std::int64_t>> indices(calls.size());
    for (std::size_t k = 0; k < calls.size(); ++k) {
      if (!all && calls[k].shots > 0) continue;
      for (Observable& observable : observables_of(calls[k], circuit.qubits)) {
        auto found = std::find(circuit.readout.begin(), circuit.readout.end(), observable);
        if (found == circuit.readout.end()) found = circuit.readout.insert(found, std::move(observable));
        indices[k].push_back(found - circuit.readout.begin());
      }
    }
    std::map<std::vector<std::int32_t>, std::int64_t> begins;
    auto end = static_cast<std::int64_t>(circuit.readout.size());
    auto add = [&](const std::vector<std::int32_t>& list) {
      const auto [found, added] = begins.emplace(list, end);
      if (added) circuit.probabilities.push_back(list);
      if (added) end += std::int64_t{1} << list.size();
      return found->second;
    };
    for (std::size_t k = 0; k < calls.size(); ++k) {
      if (calls[k].kind == Measurement::Kind::probabilities && (all || calls[k].shots == 0))
        for (std::int64_t e = 0, first = add(calls[k].qubits); e < calls[k].size(); ++e)
          indices[k].push_back(first + e);
      if (drawn_anew(circuit)) continue;
      for (const auto& list : drawn_from(calls[k], circuit.qubits)) add(list);
    }
    std::vector<ValueId> values(calls.size(), graph::no_value);
    if (end == 0) return values;
    const ValueId results = run(runs, std::move(circuit));
    for (std::size_t k = 0; k < calls.size(); ++k)
      if (!indices[k].empty()) values[k] = chosen_elements(b_, results, indices[k]);
    for (const auto& [list, first] : begins) {
      std::vector<std::int64_t> elements(std::size_t{1} << list.size());
      std::iota(elements.begin(), elements.end(), first);
      known[list] = chosen_elements(b_, results, elements);
    }
    return values;
  }

  ValueId sampled(const Runs& runs, const Measurement& call, const std::string& site, const Known& known) {
    if (call.kind == Measurement::Kind::probabilities)
      return frequencies(runs, Basis{}, call.qubits, call.shots, site, known);
    const std::vector<Observable> observables = observables_of(call, runs.circuit.qubits);
    std::vector<std::vector<int>> chosen;
    const std::vector<Basis> bases = bases_of(observables, chosen);
    ValueId sum = graph::no_value;
    for (std::size_t g = 0; g < bases.size(); ++g) {
      const std::vector<std::int32_t> read = read_by(bases[g], runs.circuit.qubits);
      const ValueId found = frequencies(runs, bases[g], read, call.shots, fmt::format("{}.{}", site, g), known);
      const ValueId part = averages(found, observables, chosen, static_cast<int>(g), read, runs.circuit.qubits);
      sum = sum == graph::no_value ? part : b_.add(sum, part);
    }
    return sum;
  }

  /// Each shot has draws of its own for the circuit's channels.
  static bool drawn_anew(const circuit::Circuit& circuit) {
    return circuit.simulation == circuit::Simulation::state &&
           std::any_of(circuit.operations.begin(), circuit.operations.end(),
                       [](const Operation& o) { return o.is_channel() && channel(o.channel).flags.mixed_unitary; });
  }

  /// How often each basis state of `read` is found in the basis: [.., 2^read].
  ValueId frequencies(const Runs& runs, const Basis& basis, const std::vector<std::int32_t>& read, std::int64_t shots,
                      const std::string& site, const Known& known) {
    if (!drawn_anew(runs.circuit)) {
      const ValueId probabilities = basis.x == 0 ? known.at(read) : run(runs, turned(runs.circuit, basis, read));
      return multinomial(b_, probabilities, shots, site);
    }
    // Shots are places, each with one draw.
    const std::int64_t places = std::max<std::int64_t>(runs.places, 1), outcomes = std::int64_t{1} << read.size();
    Runs each{{}, runs.operands, places * shots, runs.mapped};
    for (int k : runs.mapped) {
      Shape shape = b_.graph().shape(runs.operands[k]), wide = shape;
      std::vector<int> axes{0};
      for (int axis = 1; axis < static_cast<int>(shape.size()); ++axis) axes.push_back(axis + 1);
      wide.insert(wide.begin() + 1, shots);
      shape[0] *= shots;
      each.operands[k] = b_.reshape(b_.broadcast(runs.operands[k], std::move(wide), std::move(axes)), std::move(shape));
    }
    const ValueId found = multinomial(b_, run(each, turned(runs.circuit, basis, read)), 1, site);
    const ValueId counts = b_.reduce_sum(b_.reshape(found, {places, shots, outcomes}), {1});
    const ValueId shares = b_.scale(counts, 1.0 / static_cast<double>(shots));
    return runs.places > 0 ? shares : b_.reshape(shares, {outcomes});
  }

  /// The end, or in front of a channel that spoils what is read of the qubit.
  static std::vector<Operation>::iterator before_reading(circuit::Circuit& circuit, std::int32_t qubit) {
    return std::find_if(circuit.operations.begin(), circuit.operations.end(), [&](const Operation& operation) {
      return operation.is_channel() && channel(operation.channel).flags.readout && operation.qubits[0] == qubit;
    });
  }

  /// The circuit that gives the probabilities of `read` in the basis, which is turned to that of Z.
  static circuit::Circuit turned(circuit::Circuit circuit, const Basis& basis, const std::vector<std::int32_t>& read) {
    const Gate h = *gate_named("H"), sdg = *gate_named("Sdg");
    for (std::int32_t q : read) {
      const bool x = basis.x >> (circuit.qubits - 1 - q) & 1, z = basis.z >> (circuit.qubits - 1 - q) & 1;
      Operation turn;
      turn.qubits = {q};
      for (Gate gate : {sdg, h}) {
        if (!x || (gate == sdg && !z)) continue;
        turn.gate = gate;
        circuit.operations.insert(before_reading(circuit, q), turn);
      }
    }
    circuit.probabilities = {read};
    return circuit;
  }

  /// What the terms of basis `g` contribute to each observable: [.., observables].
  ValueId averages(ValueId frequencies, const std::vector<Observable>& observables,
                   const std::vector<std::vector<int>>& chosen, int g, const std::vector<std::int32_t>& read, int n) {
    const auto rows = static_cast<std::int64_t>(observables.size()), outcomes = std::int64_t{1} << read.size();
    std::vector<double> weights(rows * outcomes);
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::size_t t = 0; t < observables[i].size(); ++t) {
        if (chosen[i][t] != g) continue;
        const PauliTerm& term = observables[i][t];
        std::uint64_t local = 0;
        for (std::int32_t q : read) local = local << 1 | ((term.x | term.z) >> (n - 1 - q) & 1);
        for (std::int64_t b = 0; b < outcomes; ++b)
          weights[i * outcomes + b] +=
              std::popcount(local & static_cast<std::uint64_t>(b)) % 2 ? -term.coefficient : term.coefficient;
      }
    return linear_map(b_, std::move(weights), rows, frequencies);
  }

  graph::Builder& b_;
  std::string site_;
};

}  // namespace

std::vector<ValueId> read_with_exact_gradients(graph::Builder& builder, const std::string& site, const Runs& runs,
                                               std::span<const Measurement> calls) {
  return Measuring(builder, site).with_exact_gradients(runs, calls);
}

std::vector<ValueId> read_with_shifts(graph::Builder& builder, const std::string& site, const Runs& runs,
                                      std::span<const Measurement> calls) {
  return Measuring(builder, site).with_shifts(runs, calls);
}

std::int64_t shift_count(const circuit::Circuit& circuit) {
  std::int64_t count = 0;
  for (const Operation& operation : circuit.operations)
    for (std::size_t a = 0; a < operation.angles.size() && !operation.is_channel(); ++a)
      if (operation.angles[a].operand >= 0)
        count += static_cast<std::int64_t>(shift_rule(operation.gate, static_cast<int>(a), operation.controls).size());
  return count;
}

std::size_t base_count(const Measurement& call, int qubits) {
  std::vector<std::vector<int>> chosen;
  if (call.kind == Measurement::Kind::probabilities) return 1;
  return bases_of(observables_of(call, qubits), chosen).size();
}

ValueId chosen_elements(graph::Builder& b, ValueId values, const std::vector<std::int64_t>& indices) {
  const Shape from = b.graph().shape(values);
  std::vector<ValueId> parts;
  for (std::size_t k = 0; k < indices.size();) {
    std::size_t end = k + 1;
    while (end < indices.size() && indices[end] == indices[end - 1] + 1) ++end;
    std::vector<std::int64_t> start(from.size(), 0);
    const std::vector<std::int64_t> step(from.size(), 1);
    start.back() = indices[k];
    Shape shape = from;
    shape.back() = static_cast<std::int64_t>(end - k);
    parts.push_back(b.slice(values, std::move(start), step, std::move(shape)));
    k = end;
  }
  return b.concat(std::move(parts), static_cast<int>(from.size()) - 1);
}

}  // namespace qiln::elaboration
