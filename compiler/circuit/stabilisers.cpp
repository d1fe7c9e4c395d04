#include "compiler/circuit/stabilisers.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace qiln::circuit {
namespace {

bool anticommute(PauliString a, PauliString b) { return (std::popcount(a.x & b.z) + std::popcount(a.z & b.x)) & 1; }

/// The lowest set bit, those of x first; of a string that is not the identity.
PauliString pivot(PauliString s) { return s.x != 0 ? PauliString{s.x & -s.x, 0} : PauliString{0, s.z & -s.z}; }
bool has(PauliString s, PauliString bit) { return (s.x & bit.x) != 0 || (s.z & bit.z) != 0; }

PauliString plus(PauliString a, PauliString b) { return {a.x ^ b.x, a.z ^ b.z}; }

/// A subspace over GF(2) of strings on few qubits.
class Subspace {
 public:
  PauliString reduced(PauliString s) const {
    for (PauliString b : basis_)
      if (has(s, pivot(b))) s = plus(s, b);
    return s;
  }
  void add(PauliString s) {
    s = reduced(s);
    if (s.identity()) return;
    for (PauliString& b : basis_)
      if (has(b, pivot(s))) b = plus(b, s);
    basis_.push_back(s);
  }

 private:
  std::vector<PauliString> basis_;
};

Operation undone(Operation operation) {
  operation.inverse = !operation.inverse;
  return operation;
}

}  // namespace

Stabilisers::Stabilisers(const Circuit& circuit) : qubits_(circuit.qubits) {
  std::uint64_t given = 0;
  if (circuit.initial)
    for (std::int32_t q : circuit.initial->qubits) given |= std::uint64_t{1} << (qubits_ - 1 - q);
  for (int bit = 0; bit < qubits_; ++bit)
    if (!(given >> bit & 1)) generators_.push_back({{0, std::uint64_t{1} << bit}, 0});
}

/// With P(x, z) = i^|x & z| X^x Z^z.
Stabilisers::Element Stabilisers::product(Element a, Element b) {
  const PauliString c = plus(a.string, b.string);
  const int power = a.power + b.power + std::popcount(a.string.x & a.string.z) +
                    std::popcount(b.string.x & b.string.z) + 2 * std::popcount(a.string.z & b.string.x) -
                    std::popcount(c.x & c.z);
  return {c, power & 3};
}

void Stabilisers::apply(const Operation& operation, HeisenbergActions& actions) {
  const auto k = static_cast<int>(operation.qubits.size());
  const bool covered = HeisenbergActions::covers(operation);
  const bool noise = operation.is_channel();
  HeisenbergAction* action = covered ? &actions.of(noise ? operation : undone(operation)) : nullptr;
  // What a gate makes of a string on its qubits is what its inverse makes of an observable. A channel keeps strings
  // that commute with all that it may do.
  auto image = [&](PauliString local) -> std::optional<HeisenbergAction::Signed> {
    if (local.identity()) return HeisenbergAction::Signed{local, 1};
    if (!covered || (noise && !action->fixes(local))) return std::nullopt;
    return action->single(local);
  };
  Subspace kept;
  if (covered)
    for (std::size_t c = 1; c < std::size_t{1} << (2 * k); ++c)
      if (image(decode(c, k))) kept.add(decode(c, k));
  // Products of stabilisers may be kept where each alone is not.
  std::vector<Element> result, lost;
  for (Element element : generators_) {
    auto local = [&](const Element& e) { return kept.reduced(restrict(e.string, operation.qubits, qubits_)); };
    for (const Element& other : lost)
      if (has(local(element), pivot(local(other)))) element = product(element, other);
    if (!local(element).identity()) {
      for (Element& other : lost)
        if (has(local(other), pivot(local(element)))) other = product(other, element);
      lost.push_back(element);
      continue;
    }
    const auto moved = image(restrict(element.string, operation.qubits, qubits_));
    assert(moved && "a subgroup is closed");
    element.string = replace(element.string, moved->string, operation.qubits, qubits_);
    if (moved->sign < 0) element.power ^= 2;
    result.push_back(element);
  }
  if (noise && covered)  // a reset leaves its qubit in a state of its own
    for (std::size_t c = 1; c < 4; ++c) {
      const auto fixed = action->single(decode(c, 1));
      if (fixed && fixed->string.identity())
        result.push_back({replace({}, decode(c, 1), operation.qubits, qubits_), fixed->sign < 0 ? 2 : 0});
    }
  generators_ = std::move(result);
  make_canonical();
}

void Stabilisers::make_canonical() {
  std::vector<Element> given = std::move(generators_);
  generators_.clear();
  for (const Element& next : given) {
    const Reduced reduced = reduce(next.string);
    const Element element{reduced.string, (reduced.power + next.power) & 3};
    for (Element& other : generators_)
      if (has(other.string, pivot(element.string))) other = product(other, element);
    generators_.push_back(element);
  }
}

Stabilisers::Reduced Stabilisers::reduce(PauliString q) const {
  Element element{q, 0};
  for (const Element& generator : generators_)
    if (has(element.string, pivot(generator.string))) element = product(element, generator);
  return {element.string, element.power & 3};
}

bool Stabilisers::opposes(PauliString q) const {
  return std::any_of(generators_.begin(), generators_.end(),
                     [&](const Element& generator) { return anticommute(generator.string, q); });
}

}  // namespace qiln::circuit
