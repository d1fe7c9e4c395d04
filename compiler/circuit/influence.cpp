#include "compiler/circuit/influence.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <map>
#include <numbers>
#include <optional>
#include <random>
#include <set>

#include "compiler/circuit/dense.h"
#include "compiler/circuit/known_bits.h"
#include "compiler/circuit/observed.h"
#include "compiler/circuit/stabilisers.h"

namespace qiln::circuit {
namespace {

constexpr double zero_below = 1e-9;     // sums of a few products of sines and cosines, in double
constexpr double most_work = 3e8;       // amplitude updates that sampling may take: about a second
constexpr std::uint64_t seed = 0x51c7;  // of the sampled points

using Findings = std::vector<std::vector<std::optional<DeadReason>>>;  // [operation][angle]

/// By string modulo stabilisers, what an angle adds at each generic setting.
using Sums = std::map<PauliString, std::array<Complex, 3>>;

bool zero(const Sums& sums) {
  for (const auto& [string, by] : sums)
    for (const Complex& c : by)
      if (std::abs(c) > zero_below) return false;
  return true;
}

constexpr Complex power_of_i(int k) {
  constexpr Complex powers[] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}};
  return powers[k & 3];
}

/// No string that is seen behind the operation has another expectation when the angle is another.
bool leaves_expectations(const Operation& operation, int angle, int n, const Observed& after, const Stabilisers& before,
                         HeisenbergActions& actions) {
  HeisenbergAction& action = actions.of(operation);
  for (PauliString string : after.strings()) {
    Sums sums;
    for (const auto& change : action.changes(restrict(string, operation.qubits, n), angle)) {
      const PauliString whole = replace(string, change.string, operation.qubits, n);
      if (before.opposes(whole)) continue;
      const auto [rest, power] = before.reduce(whole);
      for (int s = 0; s < 3; ++s) sums[rest][s] += power_of_i(power) * change.by[s];
    }
    if (!zero(sums)) return false;
  }
  return true;
}

/// The state before the gate is an eigenstate of i U^dagger dU/d(angle), so that the angle turns its phase alone.
bool turns_phase(const Operation& operation, int angle, int n, const Stabilisers& before) {
  constexpr double generic[3][max_gate_parameters] = {{0.7390851332, 1.9106332362, -2.2360679775, 0.9068996821},
                                                      {-1.4142135624, 0.5671432904, 2.6651441427, -0.7071067812},
                                                      {2.0287578381, -0.8346268417, 1.2020569032, 1.6449340668}};
  const auto k = static_cast<int>(operation.qubits.size());
  const std::size_t side = std::size_t{1} << k;
  Sums sums;
  for (int s = 0; s < 3; ++s) {
    std::vector<double> angles;
    for (const Angle& a : operation.angles) angles.push_back(a.operand < 0 ? a.offset : generic[s][angles.size()]);
    const auto u = matrix_of(operation, angles), du = matrix_derivative(operation, angles, angle);
    for (std::size_t c = 1; c < side * side; ++c) {
      const PauliString q = decode(c, k);
      Complex trace = 0;  // tr(Q U^dagger dU), with Q|b> = phase |b ^ x>
      for (std::size_t b = 0; b < side; ++b)
        for (std::size_t r = 0; r < side; ++r)
          trace += pauli_phase(q, b) * std::conj(u[r * side + b]) * du[r * side + (b ^ q.x)];
      if (std::abs(trace) < zero_below) continue;
      const auto [rest, power] = before.reduce(replace({}, q, operation.qubits, n));
      if (!rest.identity()) sums[rest][s] += power_of_i(power) * trace;
    }
  }
  return zero(sums);
}

/// What is known before each operation.
std::vector<Stabilisers> forwards(const Circuit& circuit, HeisenbergActions& actions) {
  std::vector<Stabilisers> known;
  Stabilisers state(circuit);
  for (const Operation& operation : circuit.operations) {
    known.push_back(state);
    state.apply(operation, actions);
  }
  return known;
}

std::optional<DeadReason> reason(const Circuit& circuit, std::size_t o, int angle, const Observed& after,
                                 const Stabilisers& before, HeisenbergActions& actions) {
  const Operation& operation = circuit.operations[o];
  if (!after.sees(operation)) return DeadReason::unseen;
  if (!HeisenbergActions::covers(operation)) return std::nullopt;
  bool only_z = true, changes = false;
  for (PauliString local : after.on(operation)) {
    only_z &= local.x == 0;
    changes |= actions.of(operation).depends(local, angle);
  }
  const bool diagonal = !operation.is_channel() && gate(operation.gate).flags.diagonal;
  if (!changes) return diagonal && only_z ? DeadReason::diagonal : DeadReason::commutes;
  if (!operation.is_channel() && turns_phase(operation, angle, circuit.qubits, before)) return DeadReason::eigenstate;
  if (after.exact() && leaves_expectations(operation, angle, circuit.qubits, after, before, actions))
    return DeadReason::vanishes;
  return std::nullopt;
}

Findings find(const Circuit& circuit) {
  HeisenbergActions actions;
  const std::vector<Stabilisers> known = forwards(circuit, actions);
  Findings findings = angles_on_known_bits(circuit);
  Observed observed(circuit);
  for (std::size_t o = circuit.operations.size(); o-- > 0;) {
    const Operation& operation = circuit.operations[o];
    for (std::size_t a = 0; a < operation.angles.size(); ++a)
      if (operation.angles[a].operand >= 0 && !findings[o][a])
        findings[o][a] = reason(circuit, o, static_cast<int>(a), observed, known[o], actions);
    observed.carry_back(operation, actions);
  }
  return findings;
}

/// One value for each element of the operands.
template <class T>
using Elements = std::vector<std::vector<T>>;

template <class T>
Elements<T> elements(const std::vector<std::int64_t>& sizes, T value) {
  Elements<T> result;
  for (std::int64_t size : sizes) result.emplace_back(size, value);
  return result;
}

/// Calls visit(operand, element, operation, angle) for each use of an element.
template <class Visit>
void each_use(const Circuit& circuit, Visit visit) {
  for (std::size_t o = 0; o < circuit.operations.size(); ++o)
    for (std::size_t a = 0; a < circuit.operations[o].angles.size(); ++a)
      if (const Angle& angle = circuit.operations[o].angles[a]; angle.operand >= 0 && angle.scale != 0)
        visit(angle.operand, angle.element, o, a);
}

bool can_sample(const Circuit& circuit) {
  if (circuit.has_channels() || circuit.simulation != Simulation::state) return false;
  if (circuit.qubits > most_sampled_qubits) return false;
  double work = 0;  // of one point
  for (const Operation& operation : circuit.operations) work += 3 + 2 * static_cast<double>(operation.angles.size());
  return work * std::pow(2.0, circuit.qubits) <= most_work;
}

OperandValues random_point(const Circuit& circuit, const std::vector<std::int64_t>& sizes, std::mt19937_64& random) {
  OperandValues point;
  for (std::int64_t size : sizes) {
    auto& values = point.emplace_back(size);
    for (double& v : values) v = (static_cast<double>(random() >> 11) * 0x1p-53 * 2 - 1) * std::numbers::pi;
  }
  if (circuit.initial) {
    auto& amplitudes = point[circuit.initial->operand];
    double norm = 0;
    for (double a : amplitudes) norm += a * a;
    for (double& a : amplitudes) a /= std::sqrt(norm);
  }
  return point;
}

}  // namespace

std::vector<DeadElement> dead_elements(const Circuit& circuit, const std::vector<std::int64_t>& operand_elements) {
  const Findings findings = find(circuit);
  auto last = elements<std::optional<DeadElement>>(operand_elements, {});
  auto alive = elements<char>(operand_elements, false);
  each_use(circuit, [&](std::int32_t k, std::int64_t e, std::size_t o, std::size_t a) {
    if (findings[o][a])
      last[k][e] = DeadElement{k, e, *findings[o][a], static_cast<std::int32_t>(o)};
    else
      alive[k][e] = true;
  });
  if (circuit.initial) std::fill(alive[circuit.initial->operand].begin(), alive[circuit.initial->operand].end(), true);
  std::vector<DeadElement> dead;
  for (std::size_t k = 0; k < last.size(); ++k)
    for (std::size_t e = 0; e < last[k].size(); ++e)
      if (!alive[k][e])
        dead.push_back(last[k][e].value_or(
            DeadElement{static_cast<std::int32_t>(k), static_cast<std::int64_t>(e), DeadReason::unused, -1}));
  return dead;
}

std::vector<DoubtfulElement> doubtful_elements(const Circuit& circuit,
                                               const std::vector<std::int64_t>& operand_elements,
                                               const std::vector<DeadElement>& dead) {
  auto open = elements<char>(operand_elements, false);
  each_use(circuit, [&](std::int32_t k, std::int64_t e, std::size_t, std::size_t) { open[k][e] = true; });
  for (const DeadElement& element : dead) open[element.operand][element.element] = false;
  auto any_open = [&] {
    return std::any_of(open.begin(), open.end(),
                       [](const auto& list) { return std::find(list.begin(), list.end(), true) != list.end(); });
  };
  const bool sampled = can_sample(circuit);
  if (sampled) {
    std::mt19937_64 random(seed);
    for (int point = 0; point < sampled_points && any_open(); ++point) {
      const OperandValues values = random_point(circuit, operand_elements, random);
      std::vector<double> weights(circuit.outputs());
      for (double& w : weights) w = 0.5 + static_cast<double>(random() >> 11) * 0x1p-53;
      const OperandValues slopes = gradient(circuit, values, weights);
      for (std::size_t k = 0; k < open.size(); ++k)
        for (std::size_t e = 0; e < open[k].size(); ++e)
          if (std::abs(slopes[k][e]) > zero_below) open[k][e] = false;
    }
  } else {
    // Exact strings say that an element matters as surely as a gradient: its change is a sum of different strings.
    HeisenbergActions actions;
    Observed observed(circuit);
    auto beyond = elements<char>(operand_elements, false);
    for (std::size_t o = circuit.operations.size(); o-- > 0;) {
      if (!observed.exact())
        for (const Angle& angle : circuit.operations[o].angles)
          if (angle.operand >= 0) beyond[angle.operand][angle.element] = true;
      observed.carry_back(circuit.operations[o], actions);
    }
    for (std::size_t k = 0; k < open.size(); ++k)
      for (std::size_t e = 0; e < open[k].size(); ++e) open[k][e] = open[k][e] && beyond[k][e];
  }
  std::vector<DoubtfulElement> doubtful;
  for (std::size_t k = 0; k < open.size(); ++k)
    for (std::size_t e = 0; e < open[k].size(); ++e)
      if (open[k][e]) doubtful.push_back({static_cast<std::int32_t>(k), static_cast<std::int64_t>(e), sampled});
  return doubtful;
}

std::string explain(const Circuit& circuit, const DeadElement& element) {
  const std::string name = element.operation < 0 ? "" : std::string(circuit.operations[element.operation].name());
  switch (element.reason) {
    case DeadReason::unused:
      return "no gate uses it";
    case DeadReason::unseen:
      return "no readout sees the qubits of " + name;
    case DeadReason::diagonal:
      return name + " commutes with every later gate up to the Z readout";
    case DeadReason::commutes:
      return "this angle of " + name + " leaves every observable that is read behind it as it is";
    case DeadReason::global_phase:
      return name + " finds known bits and only turns the phase of the state";
    case DeadReason::eigenstate:
      return name + " only turns the phase of the state that it finds, an eigenstate of its generator";
    case DeadReason::vanishes:
      return "what this angle of " + name + " changes has expectation 0 in the state that the gate finds";
  }
  assert(false && "no such reason");
  return "";
}

}  // namespace qiln::circuit
