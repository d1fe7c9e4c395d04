// Dense simulation of density matrices in double, from the gate table's matrices and the channels' Kraus operators.
#pragma once

#include "dsl/channels.h"
#include "tests/compiler/circuit_support.h"

namespace qiln::test {

inline circuit::Operation noise(std::string_view name, std::int32_t qubit,
                                std::vector<circuit::Angle> parameters = {}) {
  circuit::Operation result;
  result.kind = circuit::Operation::Kind::channel;
  result.channel = *channel_named(name);
  result.qubits = {qubit};
  result.angles = std::move(parameters);
  return result;
}

/// The density matrix as a vector of 2n qubits, rows before columns, is mapped by sum over k of K_k (x) conj(K_k).
inline void apply_channel(std::vector<Complex>& rho, Channel id, const Numbers& parameters, std::int32_t q, int n) {
  std::vector<Complex> map(16);
  for (const KrausOperator& k : channel(id).kraus(parameters))
    for (int e = 0; e < 16; ++e) map[e] += k[(e >> 3) * 2 + (e >> 1 & 1)] * std::conj(k[(e >> 2 & 1) * 2 + (e & 1)]);
  apply_matrix(rho, map, {q, q + n}, 2 * n);
}

/// tr(P rho); readout errors scale and shift the expectation on each of their qubits, whatever the Pauli.
inline double expectation(const std::vector<Complex>& rho, circuit::PauliTerm term, int n,
                          std::map<std::int32_t, Numbers> errors) {
  for (auto it = errors.begin(); it != errors.end(); it = errors.erase(it)) {
    const std::uint64_t bit = std::uint64_t{1} << (n - 1 - it->first);
    if (((term.x | term.z) & bit) == 0) continue;
    const double p01 = it->second[0], p10 = it->second[1];
    const circuit::PauliTerm without{term.coefficient * (p10 - p01), term.x & ~bit, term.z & ~bit};
    term.coefficient *= 1 - p01 - p10;
    errors.erase(it);
    return expectation(rho, term, n, errors) + expectation(rho, without, n, errors);
  }
  constexpr Complex i_powers[] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}};
  Complex sum = 0;
  const std::size_t size = std::size_t{1} << n;
  for (std::size_t b = 0; b < size; ++b)
    sum +=
        rho[b * size + (b ^ term.x)] * i_powers[(std::popcount(term.x & term.z) + 2 * std::popcount(term.z & b)) & 3];
  return term.coefficient * sum.real();
}

/// Readings, then probabilities.
inline Numbers simulate_density(const circuit::Circuit& circuit, const std::vector<Numbers>& operands) {
  const int n = circuit.qubits;
  std::vector<Complex> rho(std::size_t{1} << (2 * n));
  rho[0] = 1;
  if (circuit.initial) {
    const Numbers& amplitudes = operands[circuit.initial->operand];
    for (std::size_t r = 0; r < amplitudes.size(); ++r)
      for (std::size_t c = 0; c < amplitudes.size(); ++c) {
        std::vector<std::int32_t> columns = circuit.initial->qubits;
        for (std::int32_t& q : columns) q += n;
        rho[scatter_bits(scatter_bits(0, r, circuit.initial->qubits, 2 * n), c, columns, 2 * n)] =
            amplitudes[r] * amplitudes[c];
      }
  }
  std::map<std::int32_t, Numbers> errors;
  for (const auto& operation : circuit.operations) {
    Numbers angles;
    for (const auto& angle : operation.angles)
      angles.push_back(angle.operand < 0 ? angle.offset
                                         : angle.scale * operands[angle.operand][angle.element] + angle.offset);
    if (operation.is_channel()) {
      if (channel(operation.channel).flags.readout)
        errors[operation.qubits[0]] = angles;
      else
        apply_channel(rho, operation.channel, angles, operation.qubits[0], n);
      continue;
    }
    auto u = gate_matrix(operation.gate, angles, operation.inverse, operation.controls);
    apply_matrix(rho, u, operation.qubits, 2 * n);
    for (Complex& v : u) v = std::conj(v);
    std::vector<std::int32_t> columns = operation.qubits;
    for (std::int32_t& q : columns) q += n;
    apply_matrix(rho, u, columns, 2 * n);
  }
  Numbers results;
  for (const auto& observable : circuit.readout) {
    results.push_back(0);
    for (const auto& term : observable) results.back() += expectation(rho, term, n, errors);
  }
  const std::size_t size = std::size_t{1} << n;
  for (const auto& list : circuit.probabilities) {
    Numbers p(std::size_t{1} << list.size());
    for (std::size_t b = 0; b < size; ++b) p[gather_bits(b, list, n)] += rho[b * size + b].real();
    for (std::size_t k = 0; k < list.size(); ++k) {
      if (!errors.contains(list[k])) continue;
      const double p01 = errors[list[k]][0], p10 = errors[list[k]][1];
      const std::size_t bit = std::size_t{1} << (list.size() - 1 - k);
      for (std::size_t b = 0; b < p.size(); ++b) {
        if (b & bit) continue;
        const double zero = p[b], one = p[b | bit];
        p[b] = (1 - p01) * zero + p10 * one;
        p[b | bit] = p01 * zero + (1 - p10) * one;
      }
    }
    results.insert(results.end(), p.begin(), p.end());
  }
  return results;
}

/// A random circuit with a channel behind every other gate. Parameters are constants, or elements of operand 2, the
/// last, which holds probabilities; `only` says which channels there may be.
template <class Only>
RandomCircuit noisy_circuit(int n, int gates_wanted, unsigned seed, bool constant, Only only) {
  RandomCircuit result = random_circuit(n, gates_wanted, seed);
  std::mt19937 random(seed + 1000);
  auto below = [&](int bound) { return static_cast<int>(random() % bound); };
  result.operands.push_back(Numbers(8));
  for (double& p : result.operands[2]) p = 0.05 + 0.4 * (random() / 4294967296.0);
  std::vector<circuit::Operation> operations;
  for (auto& operation : result.circuit.operations) {
    operations.push_back(std::move(operation));
    if (below(2) == 0) continue;
    int id = below(static_cast<int>(channels().size()));
    while (!only(channels()[id])) id = below(static_cast<int>(channels().size()));
    circuit::Operation channel = noise(channels()[id].name, below(n));
    for (int k = 0; k < channels()[id].parameter_count(); ++k)
      channel.angles.push_back(constant ? circuit::Angle{-1, 0, 1, 0.02 + 0.05 * below(10)}
                                        : circuit::Angle{2, below(8), below(2) ? 1 : 0.5, 0});
    operations.push_back(std::move(channel));
  }
  result.circuit.operations = std::move(operations);
  return result;
}

}  // namespace qiln::test
