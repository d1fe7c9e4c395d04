// What an expression of the language is worth while a program is elaborated.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "compiler/circuit/circuit.h"
#include "compiler/graph/graph.h"
#include "dsl/ast.h"

namespace qiln::elaboration {

namespace ast = dsl::ast;
using dsl::Span;
using graph::Shape;
using graph::ValueId;

struct Value;

/// Stands for what an error has been reported about: everything made of it is silent.
struct Poison {};
struct List {
  std::vector<Value> items;
};
struct Tensor {
  ValueId id = graph::no_value;
};
/// scale * tensor[element] + offset, not yet in the graph: a gate takes it as it is.
struct Element {
  ValueId tensor = graph::no_value;
  std::int64_t element = 0;
  double scale = 1, offset = 0;
};
/// Functions that are neither primitives nor written in the language.
enum class Builtin : std::uint8_t { shape, product, length, append, expval, pauli_x, pauli_y, pauli_z };
struct Callable {
  std::variant<const ast::Function*, const ast::Module*, Primitive, Builtin> target;
};
/// Named instances: numbers in the elaborator's table of layers, by subscripts (none for `layer n = …`).
struct Layers {
  std::map<std::vector<std::int64_t>, int> numbers;
};
struct Qubits {
  std::vector<std::int32_t> numbers;
};
/// Sums of Pauli products; `measured` once `expval` was taken.
struct Observables {
  std::vector<circuit::Observable> each;
  bool measured = false;
};
/// `y: [shape]` before anything was added into it.
struct Declared {
  Shape shape;
};

struct Value {
  std::variant<Poison, std::int64_t, double, bool, std::string, List, Tensor, Element, Callable, Layers, Qubits,
               Observables, Declared>
      data;

  Value() = default;
  template <class T>
  Value(T value) : data(std::move(value)) {}  // NOLINT: converts on purpose

  template <class T>
  bool is() const {
    return std::holds_alternative<T>(data);
  }
  template <class T>
  const T& as() const {
    return std::get<T>(data);
  }
  bool poisoned() const { return is<Poison>(); }
  /// An integer, real or boolean.
  bool number() const { return is<std::int64_t>() || is<double>() || is<bool>(); }
  double real() const;
  /// In the graph, or an element of something that is.
  bool tensor() const { return is<Tensor>() || is<Element>(); }
};

/// `an integer`, `a list`, …
std::string describe(const Value& value);

}  // namespace qiln::elaboration
