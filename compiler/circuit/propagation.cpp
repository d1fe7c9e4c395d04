#include "compiler/circuit/propagation.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <set>

#include "compiler/circuit/dense.h"

namespace qiln::circuit {
namespace {

constexpr double zero_below = 1e-12;  // coefficients are sums of a few products of sines and cosines, in double

struct Coefficient {
  Monomial monomial = 0;
  double value = 0;
};
/// What stands before an operation for a string behind it.
using Image = std::map<PauliString, std::vector<Coefficient>>;

/// 1, cos, sin, cos of half, sin of half from values at five points of the period 4 pi, in place.
void to_factors(double* v, std::size_t stride) {
  double at[factors_of_an_angle], sums[factors_of_an_angle] = {};
  for (int j = 0; j < factors_of_an_angle; ++j) at[j] = v[j * stride];
  for (int j = 0; j < factors_of_an_angle; ++j) {
    const double half = 2 * std::numbers::pi * j / factors_of_an_angle;
    const double of[] = {0.5, std::cos(2 * half), std::sin(2 * half), std::cos(half), std::sin(half)};
    for (int f = 0; f < factors_of_an_angle; ++f) sums[f] += 0.4 * at[j] * of[f];
  }
  for (int f = 0; f < factors_of_an_angle; ++f) v[f * stride] = sums[f];
}

/// Rounded where it is meant to be simple: factors of a table's entries.
double tidy(double v) {
  for (const double simple : {0.0, 0.25, 0.5, 1.0})
    if (std::abs(std::abs(v) - simple) < zero_below) return v < 0 ? -simple : simple;
  return v;
}

Image image_of(const Operation& operation, PauliString local) {
  const auto k = static_cast<int>(operation.qubits.size());
  const std::size_t strings = std::size_t{1} << (2 * k);
  std::size_t points = 1;
  for (const Angle& angle : operation.angles)
    if (angle.operand >= 0) points *= factors_of_an_angle;
  std::vector<double> values(strings * points);  // [string][point]; the first variable angle is the fastest
  std::vector<Monomial> monomials(points);
  for (std::size_t p = 0; p < points; ++p) {
    std::vector<double> angles;
    std::size_t rest = p;
    Monomial place = 1;
    for (const Angle& angle : operation.angles) {
      angles.push_back(angle.offset);
      if (angle.operand >= 0) {
        const auto digit = static_cast<int>(rest % factors_of_an_angle);
        rest /= factors_of_an_angle;
        angles.back() = 4 * std::numbers::pi * digit / factors_of_an_angle;
        monomials[p] += place * digit;
      }
      place *= factors_of_an_angle;
    }
    const auto image = operation.is_channel() ? heisenberg_image(operation.channel, angles, local)
                                              : heisenberg_image(matrix_of(operation, angles), local);
    for (std::size_t c = 0; c < strings; ++c) values[c * points + p] = image[c];
  }
  Image image;
  for (std::size_t c = 0; c < strings; ++c) {
    double* of = values.data() + c * points;
    for (std::size_t stride = 1; stride < points; stride *= factors_of_an_angle)
      for (std::size_t p = 0; p < points; ++p)
        if (p / stride % factors_of_an_angle == 0) to_factors(of + p, stride);
    for (std::size_t p = 0; p < points; ++p)
      if (const double v = tidy(of[p]); v != 0) image[decode(c, k)].push_back({monomials[p], v});
  }
  return image;
}

class Images {
 public:
  const Image& of(const Operation& operation, PauliString local) {
    std::vector<double> key = action_key(operation);
    key.push_back(static_cast<double>(code(local, static_cast<int>(operation.qubits.size()))));
    auto found = known_.find(key);
    if (found == known_.end()) found = known_.emplace(std::move(key), image_of(operation, local)).first;
    return found->second;
  }

 private:
  std::map<std::vector<double>, Image> known_;
};

bool possible(const Operation& operation) {
  if (!HeisenbergActions::covers(operation)) return false;
  if (operation.angles.size() * operation.qubits.size() > 8) return false;  // 5^angles matrices of 4^qubits elements
  return !operation.is_channel() ||
         std::all_of(operation.angles.begin(), operation.angles.end(), [](const Angle& a) { return a.operand < 0; });
}

class Propagation {
 public:
  Propagation(const Circuit& circuit, std::size_t most_values) : circuit_(circuit), most_values_(most_values) {}

  std::optional<Propagated> run() {
    split();
    if (!std::all_of(rest_.begin(), rest_.end(), [&](int o) { return possible(circuit_.operations[o]); }))
      return std::nullopt;
    std::set<PauliString> needed;
    for (const Observable& observable : circuit_.readout)
      for (const PauliTerm& term : observable) needed.insert({term.x, term.z});
    if (!backwards(needed)) return std::nullopt;
    begin(needed);
    for (std::size_t i = 0; i < rest_.size(); ++i) forwards(i);
    if (result_.values.size() > most_values_) return std::nullopt;
    for (const Observable& observable : circuit_.readout) {
      auto& sum = result_.readings.emplace_back();
      for (const PauliTerm& term : observable) {
        Scaled value = current_.at({term.x, term.z});
        value.factor *= term.coefficient;
        if (value.factor != 0) sum.push_back(value);
      }
    }
    return std::move(result_);
  }

 private:
  void split() {
    std::vector<bool> begun(circuit_.qubits);
    for (std::size_t o = 0; o < circuit_.operations.size(); ++o) {
      const Operation& operation = circuit_.operations[o];
      if (operation.qubits.size() == 1 && !operation.is_channel() && !begun[operation.qubits[0]]) {
        result_.prefix.push_back(operation);
        continue;
      }
      rest_.push_back(static_cast<int>(o));
      for (std::int32_t q : operation.qubits) begun[q] = true;
    }
  }

  /// For each operation of the rest, the strings behind it that it changes.
  bool backwards(std::set<PauliString>& needed) {
    changed_.resize(rest_.size());
    std::size_t count = 0;
    for (std::size_t i = rest_.size(); i-- > 0;) {
      const Operation& operation = circuit_.operations[rest_[i]];
      std::set<PauliString> before;
      for (PauliString string : needed) {
        const PauliString local = restrict(string, operation.qubits, circuit_.qubits);
        const Image& image = images_.of(operation, local);
        const auto same = image.find(local);
        if (image.size() == 1 && same != image.end() && same->second.size() == 1 && same->second[0].monomial == 0 &&
            same->second[0].value == 1) {
          before.insert(string);
          continue;
        }
        changed_[i].push_back(string);
        for (const auto& [part, coefficients] : image)
          before.insert(replace(string, part, operation.qubits, circuit_.qubits));
      }
      count += changed_[i].size();
      // Values that turn out to be constants or multiples of others are not counted in the end.
      if (before.size() > most_values_ || count > 64 * most_values_) return false;
      needed = std::move(before);
    }
    return true;
  }

  /// The expectations in the product state: 0 where a qubit's vector has no such component whatever the angles.
  void begin(const std::set<PauliString>& needed) {
    Circuit front;
    front.qubits = 1;
    std::vector<std::array<bool, 4>> possible(circuit_.qubits, {true, false, false, false});
    for (std::int32_t q = 0; q < circuit_.qubits; ++q)
      for (int setting = 0; setting < 3; ++setting) {
        State state{1, 0};
        for (const Operation& operation : result_.prefix) {
          if (operation.qubits[0] != q) continue;
          std::vector<double> angles;
          for (const Angle& angle : operation.angles)
            angles.push_back(angle.operand < 0 ? angle.offset : generic(setting, angle) * angle.scale + angle.offset);
          apply(state, matrix_of(operation, angles), std::vector<std::int32_t>{0}, 1);
        }
        const Complex cross = std::conj(state[0]) * state[1];
        const double bloch[] = {2 * cross.real(), 2 * cross.imag(), std::norm(state[0]) - std::norm(state[1])};
        const PauliString paulis[] = {{1, 0}, {1, 1}, {0, 1}};
        for (int p = 0; p < 3; ++p)
          if (std::abs(bloch[p]) > 1e-9) possible[q][code(paulis[p], 1)] = true;
      }
    for (PauliString string : needed) {
      bool zero = false;
      for (std::int32_t q = 0; q < circuit_.qubits; ++q)
        zero = zero || !possible[q][code(restrict(string, {&q, 1}, circuit_.qubits), 1)];
      if (zero) {
        current_[string] = {};
      } else if (string.identity()) {
        current_[string] = {-1, 1};
      } else {
        current_[string] = {static_cast<int>(result_.values.size()), 1};
        result_.values.push_back({-1, string, {}, 0});
      }
    }
  }

  static double generic(int setting, const Angle& angle) {
    const double x = 0.6180339887498949 * static_cast<double>(angle.element + 1) * (setting + 1) +
                     0.4142135623730951 * (angle.operand + 1) + 0.2360679774997897 * setting;
    return 6 * (x - std::floor(x)) - 3;
  }

  void forwards(std::size_t i) {
    const Operation& operation = circuit_.operations[rest_[i]];
    std::vector<std::pair<PauliString, Scaled>> updates;
    for (PauliString string : changed_[i]) {
      const Image& image = images_.of(operation, restrict(string, operation.qubits, circuit_.qubits));
      std::vector<Propagated::Part> parts;
      for (const auto& [local, coefficients] : image) {
        const Scaled& of = current_.at(replace(string, local, operation.qubits, circuit_.qubits));
        if (of.factor == 0) continue;
        for (const auto& [monomial, value] : coefficients) parts.push_back({{of.value, of.factor * value}, monomial});
      }
      updates.emplace_back(string, settle(std::move(parts), rest_[i]));
    }
    for (const auto& [string, value] : updates) current_[string] = value;
  }

  /// A value for the parts, unless they are a constant or a multiple of a value that there is.
  Scaled settle(std::vector<Propagated::Part> parts, int operation) {
    if (parts.empty()) return {};
    if (parts.size() == 1 && parts[0].monomial == 0) return parts[0].of;
    const bool constant = std::all_of(parts.begin(), parts.end(),
                                      [](const auto& part) { return part.of.value < 0 && part.monomial == 0; });
    if (constant) {
      Scaled sum;
      for (const auto& part : parts) sum.factor += part.of.factor;
      return sum;
    }
    int level = 0;
    for (const auto& part : parts)
      if (part.of.value >= 0) level = std::max(level, result_.values[part.of.value].level);
    result_.values.push_back({operation, {}, std::move(parts), level + 1});
    result_.levels = std::max(result_.levels, level + 1);
    return {static_cast<int>(result_.values.size()) - 1, 1};
  }

  const Circuit& circuit_;
  std::size_t most_values_;
  Images images_;
  std::vector<int> rest_;  // indices of the operations behind the prefix
  std::vector<std::vector<PauliString>> changed_;
  std::map<PauliString, Scaled> current_;
  Propagated result_;
};

}  // namespace

std::optional<Propagated> propagate(const Circuit& circuit, std::size_t most_values) {
  return Propagation(circuit, most_values).run();
}

}  // namespace qiln::circuit
