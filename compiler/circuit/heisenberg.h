// The Heisenberg picture of a whole circuit: observables carried backwards from the readout, the state |0...0> carried
// forwards. It proves which angles cannot influence a result, and moves gates into the readout.
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
  global_phase,  // the gate finds its qubits in a basis state and the angle only turns the state's phase
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

/// Sorted by operand and element; `operand_elements` are the sizes of the circuit's operands. What is listed is proven;
/// observables that become sums of more than a few thousand strings are not followed further, so that what stands
/// before may be missing.
std::vector<DeadElement> dead_elements(const Circuit& circuit, const std::vector<std::int64_t>& operand_elements);

/// "RZ commutes with every later gate up to the Z readout"; a clause without a period.
std::string explain(const Circuit& circuit, const DeadElement& element);

/// Moves gates from the end of the circuit into the readout as far as each Pauli string stays one string, and channels
/// of constant probability, which damp and shift it; drops what no observable sees. The result has equal readings for
/// all angles.
Circuit absorb_into_readout(const Circuit& circuit);

}  // namespace qiln::circuit
