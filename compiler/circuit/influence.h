// Which elements of a circuit's operands can influence its results. The proof looks from both ends: observables carried
// backwards from the readout (observed.h), what is known of the state carried forwards from |0...0> (stabilisers.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/circuit/circuit.h"

namespace qiln::circuit {

enum class DeadReason : std::uint8_t {
  unused,        // no gate has it as an angle
  unseen,        // every observable is the identity on the gate's qubits
  diagonal,      // a diagonal gate, and only products of Z are read behind it
  commutes,      // every observable, carried back to the gate, is fixed by it
  global_phase,  // the gate finds qubits whose bits are known, and the angle only turns the state's phase
  eigenstate,    // the same with another state that is known
  vanishes,      // what the angle changes of the observables has expectation 0 in the state before the gate
};

/// Element `element` of the circuit's operand `operand` cannot influence any result. `operation` is the last gate that
/// has it as an angle (-1: none).
struct DeadElement {
  std::int32_t operand = 0;
  std::int64_t element = 0;
  DeadReason reason{};
  std::int32_t operation = -1;
  bool operator==(const DeadElement&) const = default;
};

/// Sorted by operand and element; `operand_elements` are the sizes of the circuit's operands. All that is listed is
/// proven, for each value of everything else.
std::vector<DeadElement> dead_elements(const Circuit& circuit, const std::vector<std::int64_t>& operand_elements);

/// "RZ commutes with every later gate up to the Z readout"; a clause without a period.
std::string explain(const Circuit& circuit, const DeadElement& element);

/// An element for which there is no proof either way.
struct DoubtfulElement {
  std::int32_t operand = 0;
  std::int64_t element = 0;
  bool suspect = false;  // no result changed with it at any of the points tried; else it was not tried
  bool operator==(const DoubtfulElement&) const = default;
};

/// Points at which a gradient is looked for.
inline constexpr int sampled_points = 8;
/// Circuits on more qubits are not sampled, nor larger ones with very many gates, nor those with channels.
inline constexpr int most_sampled_qubits = 16;

/// What remains besides `dead`: an element that some gate uses is alive when a gradient at a random point (of a fixed
/// seed) is not zero. It is a suspect when all are zero; it is not proven when the circuit is too large to sample and
/// its observables became more strings than Observed keeps one by one. Sorted as above.
std::vector<DoubtfulElement> doubtful_elements(const Circuit& circuit,
                                               const std::vector<std::int64_t>& operand_elements,
                                               const std::vector<DeadElement>& dead);

}  // namespace qiln::circuit
