// What an expression of the language is worth while a program is elaborated.
#pragma once

#include <complex>
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
/// One of `classes`, as a number a sample.
struct Label {
  ValueId index = graph::no_value;
  std::int64_t classes = 0;
};
/// Functions that are neither primitives nor written in the language.
enum class Builtin : std::uint8_t {
  shape,
  product,
  length,
  append,
  random,
  index,
  one_hot,
  quotient,
  require,
  expval,
  variance,
  probs,
  pauli_x,
  pauli_y,
  pauli_z
};
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
/// coefficient * product of Paulis; bit q of x (z) is set where qubit q has X or Y (Z or Y).
struct PauliProduct {
  std::complex<double> coefficient = 1;
  std::uint64_t x = 0, z = 0;
};
/// Products that differ in x or z, in the order in which they were written.
using PauliSum = std::vector<PauliProduct>;
struct Observables {
  std::vector<PauliSum> each;
};
/// One call of a measurement.
struct Measurement {
  enum class Kind : std::uint8_t { expectation, variance, probabilities } kind = Kind::expectation;
  std::vector<PauliSum> observables;  // hermitian
  std::vector<PauliSum> squares;      // of the observables of a variance
  std::vector<std::int32_t> qubits;   // of probabilities
  std::int64_t shots = 0;             // 0: exact
  std::size_t operations = 0;         // of the circuit, when it was written
  Span span;
  std::int64_t size() const {
    return kind == Kind::probabilities ? std::int64_t{1} << qubits.size()
                                       : static_cast<std::int64_t>(observables.size());
  }
};
/// Results of measurements, sliced and joined; numbers once the circuit is finished.
struct Measured {
  struct Place {
    std::int32_t call = 0;
    std::int64_t element = 0;
  };
  std::vector<Measurement> calls;
  std::vector<Place> elements;
};
/// `y: [shape]` before anything was added into it.
struct Declared {
  Shape shape;
};

struct Value {
  std::variant<Poison, std::int64_t, double, bool, std::string, List, Tensor, Element, Callable, Layers, Qubits,
               Observables, Measured, Declared, Label>
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
