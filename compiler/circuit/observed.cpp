#include "compiler/circuit/observed.h"

#include <algorithm>

namespace qiln::circuit {
namespace {

constexpr int only_identity = 1, anything = 15;

}  // namespace

Observed::Observed(const Circuit& circuit) : qubits_(circuit.qubits) {
  for (const Observable& observable : circuit.readout)
    for (const PauliTerm& term : observable)
      if (term.coefficient != 0 && (term.x | term.z) != 0) strings_.insert({term.x, term.z});
  std::size_t more = 0;
  for (const auto& list : circuit.probabilities) more += std::size_t{1} << list.size();
  if (strings_.size() + more <= max_strings) {
    for (const auto& list : circuit.probabilities)
      for (std::uint64_t z = 1; z < std::uint64_t{1} << list.size(); ++z)
        strings_.insert(replace({}, {0, z}, list, qubits_));
    return;
  }
  lose_strings();
  for (const auto& list : circuit.probabilities)
    for (std::int32_t q : list) paulis_[q] |= only_identity << code({0, 1}, 1);
}

void Observed::lose_strings() {
  exact_ = false;
  paulis_.assign(qubits_, only_identity);
  for (PauliString string : strings_)
    for (std::int32_t q = 0; q < qubits_; ++q) paulis_[q] |= 1 << code(restrict(string, {&q, 1}, qubits_), 1);
  strings_.clear();
}

std::vector<PauliString> Observed::on(const Operation& operation) const {
  std::set<PauliString> locals;
  if (exact_) {
    for (PauliString string : strings_) locals.insert(restrict(string, operation.qubits, qubits_));
    return {locals.begin(), locals.end()};
  }
  std::vector<PauliString> all{{}};
  for (std::int32_t q : operation.qubits) {
    std::vector<PauliString> longer;
    for (PauliString string : all)
      for (std::size_t c = 0; c < 4; ++c)
        if (paulis_[q] >> c & 1) {
          const PauliString last = decode(c, 1);
          longer.push_back({string.x << 1 | last.x, string.z << 1 | last.z});
        }
    all = std::move(longer);
  }
  return all;
}

bool Observed::sees(const Operation& operation) const {
  if (!exact_)
    return std::any_of(operation.qubits.begin(), operation.qubits.end(),
                       [&](std::int32_t q) { return paulis_[q] != only_identity; });
  return std::any_of(strings_.begin(), strings_.end(),
                     [&](PauliString string) { return !restrict(string, operation.qubits, qubits_).identity(); });
}

void Observed::carry_back(const Operation& operation, HeisenbergActions& actions) {
  if (!sees(operation)) return;
  const bool covered = HeisenbergActions::covers(operation);
  if (exact_ && covered) {
    HeisenbergAction& action = actions.of(operation);
    std::set<PauliString> before;
    for (PauliString string : strings_)
      for (PauliString image : action.support(restrict(string, operation.qubits, qubits_)))
        if (const PauliString whole = replace(string, image, operation.qubits, qubits_); !whole.identity())
          before.insert(whole);
    strings_ = std::move(before);
    if (strings_.size() > max_strings) lose_strings();
    return;
  }
  if (exact_) lose_strings();
  if (!covered) {
    for (std::int32_t q : operation.qubits) paulis_[q] = anything;
    return;
  }
  const std::vector<PauliString> seen = on(operation);
  for (std::int32_t q : operation.qubits) paulis_[q] = only_identity;
  for (PauliString local : seen)
    for (PauliString image : actions.of(operation).support(local))
      for (std::size_t k = operation.qubits.size(); k-- > 0; image.x >>= 1, image.z >>= 1)
        paulis_[operation.qubits[k]] |= 1 << code({image.x & 1, image.z & 1}, 1);
}

}  // namespace qiln::circuit
