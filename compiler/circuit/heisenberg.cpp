#include "compiler/circuit/heisenberg.h"

#include <algorithm>

#include "compiler/circuit/pauli.h"

namespace qiln::circuit {
namespace {

constexpr std::size_t max_absorbed_terms = 16;  // of an observable behind channels that make two strings of one

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
  HeisenbergActions actions;
  std::vector<bool> blocked(circuit.qubits);
  std::uint64_t counted = 0;  // bit n - 1 - q: a probability asks for qubit q
  for (const auto& list : circuit.probabilities)
    for (std::int32_t q : list) counted |= std::uint64_t{1} << (circuit.qubits - 1 - q);
  for (std::size_t o = circuit.operations.size(); o-- > 0;) {
    const Operation& operation = circuit.operations[o];
    const bool free = HeisenbergActions::covers(operation) && std::none_of(operation.qubits.begin(), operation.qubits.end(),
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
