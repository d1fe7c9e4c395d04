#include "compiler/circuit/heisenberg.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "compiler/circuit/pauli.h"

namespace qiln::circuit {
namespace {

constexpr std::size_t max_absorbed_terms = 16;  // of an observable behind channels that make two strings of one
constexpr std::size_t max_strings = 4096;

/// The actions of the operations seen so far, shared by those that differ in qubits and operands only.
class Actions {
 public:
  HeisenbergAction& of(const Operation& operation) {
    auto key = action_key(operation);
    auto found = actions_.find(key);
    if (found == actions_.end()) found = actions_.emplace(std::move(key), HeisenbergAction(operation)).first;
    return found->second;
  }

 private:
  std::map<std::vector<double>, HeisenbergAction> actions_;
};

bool analysable(const Operation& operation) {
  return static_cast<int>(operation.qubits.size()) <= HeisenbergAction::max_qubits;
}

bool is_diagonal(const Operation& operation) { return !operation.is_channel() && gate(operation.gate).flags.diagonal; }

struct AngleFinding {
  bool dead = false;
  DeadReason reason{};
};
using Findings = std::vector<std::vector<AngleFinding>>;  // [operation][angle]

/// The products of Z on some of `list`, which the probabilities of its basis states are sums of; false if too many.
bool add_z_strings(const std::vector<std::int32_t>& list, int n, std::set<PauliString>& strings) {
  if (std::size_t{1} << std::min<std::size_t>(list.size(), 30) > max_strings) return false;
  for (std::size_t subset = 1; subset < std::size_t{1} << list.size(); ++subset) {
    PauliString string;
    for (std::size_t k = 0; k < list.size(); ++k)
      if (subset >> k & 1) string.z |= std::uint64_t{1} << (n - 1 - list[k]);
    strings.insert(string);
  }
  return true;
}

/// Marks the angles that no observable sees, from the readout backwards.
void look_backwards(const Circuit& circuit, Findings& findings) {
  Actions actions;
  std::set<PauliString> strings;
  for (const auto& list : circuit.probabilities)
    if (!add_z_strings(list, circuit.qubits, strings)) return;
  for (const Observable& observable : circuit.readout)
    for (const PauliTerm& term : observable)
      if (term.coefficient != 0 && (term.x | term.z) != 0) strings.insert({term.x, term.z});
  for (std::size_t o = circuit.operations.size(); o-- > 0;) {
    const Operation& operation = circuit.operations[o];
    if (!analysable(operation)) return;
    HeisenbergAction& action = actions.of(operation);
    bool only_z = true, seen = false;
    std::vector<bool> live(operation.angles.size());
    std::set<PauliString> before;
    for (const PauliString& string : strings) {
      const PauliString local = restrict(string, operation.qubits, circuit.qubits);
      seen |= !local.identity();
      only_z &= local.x == 0;
      for (std::size_t a = 0; a < live.size(); ++a)
        if (action.depends(local, static_cast<int>(a))) live[a] = true;
      for (const PauliString& image : action.support(local))
        before.insert(replace(string, image, operation.qubits, circuit.qubits));
    }
    for (std::size_t a = 0; a < live.size(); ++a)
      if (!live[a])
        findings[o][a] = {true, !seen                              ? DeadReason::unseen
                                : is_diagonal(operation) && only_z ? DeadReason::diagonal
                                                                   : DeadReason::commutes};
    if (before.size() > max_strings) return;
    strings = std::move(before);
  }
}

/// U|b> for an operation at given angles.
std::vector<std::complex<double>> column(const Operation& operation, std::span<const double> angles, std::size_t b) {
  const auto u = gate_matrix(operation.gate, angles, operation.inverse, operation.controls);
  const std::size_t size = std::size_t{1} << operation.qubits.size();
  std::vector<std::complex<double>> result(size);
  for (std::size_t i = 0; i < size; ++i) result[i] = u[i * size + b];
  return result;
}

double overlap(const std::vector<std::complex<double>>& a, const std::vector<std::complex<double>>& b) {
  std::complex<double> sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::conj(a[i]) * b[i];
  return std::abs(sum);
}

/// The bit that a channel leaves a qubit with bit `b` (-1: not known) in, or -1.
int bit_after(const Operation& operation, int b) {
  std::vector<double> parameters;
  for (const Angle& angle : operation.angles) parameters.push_back(angle.operand < 0 ? angle.offset : 0.3);
  const auto transfer = transfer_matrix(operation.channel, parameters);
  if (b < 0 && transfer[15] != 0) return -1;
  const double z = transfer[12] + (b < 0 ? 0 : b == 0 ? transfer[15] : -transfer[15]);
  return std::abs(std::abs(z) - 1) < 1e-12 ? (z < 0 ? 1 : 0) : -1;
}

/// Marks the angles that only turn the phase of a basis state, from |0...0> forwards.
void look_forwards(const Circuit& circuit, Findings& findings) {
  std::vector<int> basis(circuit.qubits, 0);  // the bit a qubit is known to have, or -1
  if (circuit.initial)
    for (std::int32_t q : circuit.initial->qubits) basis[q] = -1;
  const std::vector<double> generic{0.7390851332, 1.9106332362, -2.2360679775, 0.9068996821};
  for (std::size_t o = 0; o < circuit.operations.size(); ++o) {
    const Operation& operation = circuit.operations[o];
    if (operation.is_channel()) {
      basis[operation.qubits[0]] = bit_after(operation, basis[operation.qubits[0]]);
      continue;
    }
    std::size_t b = 0;
    bool known = true;
    for (std::int32_t q : operation.qubits) {
      known &= basis[q] >= 0;
      b = b << 1 | (basis[q] == 1);
    }
    if (!known) {
      if (!is_diagonal(operation))
        for (std::int32_t q : operation.qubits) basis[q] = -1;
      continue;
    }
    std::vector<double> angles;
    for (const Angle& angle : operation.angles)
      angles.push_back(angle.operand < 0 ? angle.offset : generic[angles.size()]);
    const auto image = column(operation, angles, b);
    for (std::size_t a = 0; a < angles.size(); ++a) {
      if (operation.angles[a].operand < 0) continue;
      bool fixed = true;
      for (double change : {0.9189385332, 1.6180339887, -2.6220575543}) {
        std::vector<double> other = angles;
        other[a] += change;
        fixed &= std::abs(overlap(image, column(operation, other, b)) - 1) < 1e-9;
      }
      if (fixed) findings[o][a] = {true, DeadReason::global_phase};
    }
    std::size_t where = 0;
    while (where < image.size() && std::abs(std::abs(image[where]) - 1) > 1e-9) ++where;
    for (std::size_t k = operation.qubits.size(); k-- > 0; where >>= 1)
      basis[operation.qubits[k]] = where < image.size() ? static_cast<int>(where & 1) : -1;
  }
}

}  // namespace

std::vector<DeadElement> dead_elements(const Circuit& circuit, const std::vector<std::int64_t>& operand_elements) {
  Findings findings(circuit.operations.size());
  for (std::size_t o = 0; o < findings.size(); ++o) findings[o].resize(circuit.operations[o].angles.size());
  look_backwards(circuit, findings);
  look_forwards(circuit, findings);

  std::vector<std::vector<std::optional<DeadElement>>> elements(operand_elements.size());
  std::vector<std::vector<bool>> live(operand_elements.size());
  for (std::size_t k = 0; k < elements.size(); ++k) {
    elements[k].resize(operand_elements[k]);
    live[k].resize(operand_elements[k]);
  }
  if (circuit.initial) live[circuit.initial->operand].assign(live[circuit.initial->operand].size(), true);
  for (std::size_t o = 0; o < findings.size(); ++o) {
    for (std::size_t a = 0; a < findings[o].size(); ++a) {
      const Angle& angle = circuit.operations[o].angles[a];
      if (angle.operand < 0 || angle.scale == 0) continue;
      if (findings[o][a].dead)
        elements[angle.operand][angle.element] =
            DeadElement{angle.operand, angle.element, findings[o][a].reason, static_cast<std::int32_t>(o)};
      else
        live[angle.operand][angle.element] = true;
    }
  }
  std::vector<DeadElement> dead;
  for (std::size_t k = 0; k < elements.size(); ++k)
    for (std::size_t e = 0; e < elements[k].size(); ++e)
      if (!live[k][e])
        dead.push_back(elements[k][e].value_or(
            DeadElement{static_cast<std::int32_t>(k), static_cast<std::int64_t>(e), DeadReason::unused, -1}));
  return dead;
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
      return name + " only turns the phase of a basis state there";
  }
  assert(false && "no such reason");
  return "";
}

namespace {

/// Takes an observable through a channel whose parameters are constants: strings are damped, and may become two. False
/// where they are not constants, or the sum would grow too long.
bool pass(Observable& observable, const Operation& channel, HeisenbergAction& action, int qubits) {
  Observable before;
  for (const PauliTerm& term : observable) {
    const auto& image = action.fixed_image(restrict({term.x, term.z}, channel.qubits, qubits));
    if (!image) return false;
    for (const auto& part : *image) {
      const PauliString string = replace({term.x, term.z}, part.string, channel.qubits, qubits);
      auto known = std::find_if(before.begin(), before.end(),
                                [&](const PauliTerm& other) { return other.x == string.x && other.z == string.z; });
      if (known == before.end()) known = before.insert(known, PauliTerm{0, string.x, string.z});
      known->coefficient += term.coefficient * part.coefficient;
    }
  }
  if (before.size() > std::max<std::size_t>(observable.size(), max_absorbed_terms)) return false;
  observable = std::move(before);
  return true;
}

}  // namespace

Circuit absorb_into_readout(const Circuit& circuit) {
  Circuit result = circuit;
  result.operations.clear();
  Actions actions;
  std::vector<bool> blocked(circuit.qubits);
  std::uint64_t counted = 0;  // bit n - 1 - q: a probability asks for qubit q
  for (const auto& list : circuit.probabilities)
    for (std::int32_t q : list) counted |= std::uint64_t{1} << (circuit.qubits - 1 - q);
  for (std::size_t o = circuit.operations.size(); o-- > 0;) {
    const Operation& operation = circuit.operations[o];
    const bool free = analysable(operation) && std::none_of(operation.qubits.begin(), operation.qubits.end(),
                                                            [&](std::int32_t q) { return blocked[q]; });
    auto absorb = [&] {
      std::vector<Observable> readout = result.readout;
      HeisenbergAction& action = actions.of(operation);
      // Probabilities are what all products of Z on their qubits say: such a gate must leave each as it is.
      const auto k = static_cast<int>(operation.qubits.size());
      const std::uint64_t local = restrict({0, counted}, operation.qubits, circuit.qubits).z;
      for (std::uint64_t z = 1; z < std::uint64_t{1} << k; ++z)
        if ((z & ~local) == 0 && !action.fixes({0, z})) return false;
      for (Observable& observable : readout) {
        if (operation.is_channel()) {
          if (!pass(observable, operation, action, circuit.qubits)) return false;
          continue;
        }
        for (PauliTerm& term : observable) {
          const auto image = action.single(restrict({term.x, term.z}, operation.qubits, circuit.qubits));
          if (!image) return false;
          const PauliString string = replace({term.x, term.z}, image->string, operation.qubits, circuit.qubits);
          term = {term.coefficient * image->sign, string.x, string.z};
        }
      }
      result.readout = std::move(readout);
      return true;
    };
    if (free && absorb()) continue;
    for (std::int32_t q : operation.qubits) blocked[q] = true;
    result.operations.push_back(operation);
  }
  std::reverse(result.operations.begin(), result.operations.end());
  return result;
}

}  // namespace qiln::circuit
