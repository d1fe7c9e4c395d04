#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "dsl/box.h"
#include "dsl/source.h"

/// A file as it was written: value types with spans. Names are not resolved and nothing is checked beyond the grammar.
/// Equality compares everything but the spans.
namespace qiln::dsl::ast {

/// Where a node was written. Takes no part in equality.
struct Location : Span {
  Location() = default;
  Location(Span span) : Span(span) {}  // NOLINT: converts on purpose
  friend bool operator==(const Location&, const Location&) { return true; }
};

struct Expr;
struct Statement;
bool operator==(const Expr& a, const Expr& b);
bool operator==(const Statement& a, const Statement& b);

struct Name {
  std::string text;
  Location span;
  bool operator==(const Name&) const = default;
};

struct Integer {
  std::int64_t value = 0;
  bool operator==(const Integer&) const = default;
};

/// Keeps its spelling, so that `3e-4` prints as written.
struct Real {
  double value = 0;
  std::string spelling;
  bool operator==(const Real&) const = default;
};

struct Boolean {
  bool value = false;
  bool operator==(const Boolean&) const = default;
};

struct String {
  std::string value;
  bool operator==(const String&) const = default;
};

/// A name where an expression is expected.
struct Reference {
  std::string name;
  bool operator==(const Reference&) const = default;
};

/// `A..`: the leading axes, in a shape of a signature or as a subscript of an index binding.
struct LeadingAxes {
  std::string name;
  bool operator==(const LeadingAxes&) const = default;
};

enum class UnaryOp { negate, logical_not };

struct Unary {
  UnaryOp op = UnaryOp::negate;
  Box<Expr> operand;
  bool operator==(const Unary&) const = default;
};

enum class BinaryOp {
  add,
  subtract,
  multiply,
  divide,
  floor_divide,
  modulo,
  power,
  less,
  less_equal,
  greater,
  greater_equal,
  equal,
  not_equal,
  logical_and,
  logical_or,
  join,  // `++` of registers
};

struct Binary {
  BinaryOp op = BinaryOp::add;
  Box<Expr> left;
  Box<Expr> right;
  Location operator_span;
  bool operator==(const Binary&) const = default;
};

/// `if c then a else b`
struct Conditional {
  Box<Expr> condition;
  Box<Expr> then;
  Box<Expr> otherwise;
  bool operator==(const Conditional&) const = default;
};

/// `begin..end step step`, half open. Stands in subscripts, after `in`, and nowhere else.
struct Range {
  Box<Expr> begin;
  Box<Expr> end;
  std::optional<Box<Expr>> step;
  bool operator==(const Range&) const = default;
};

/// `value`, or `name = value`
struct Argument {
  std::optional<Name> name;
  Box<Expr> value;
  Location span;
  bool operator==(const Argument&) const = default;
};

/// `callee(arguments)`. The callee is a `Reference`, or an `Index` of one (`blocks[i](x)`).
struct Call {
  Box<Expr> callee;
  std::vector<Argument> arguments;
  bool frozen = false;  // `freeze` stands before it
  bool bare = false;    // a stage of a pipe written without parentheses: `x |> relu`
  bool operator==(const Call&) const = default;
};

/// `value |> stage`; the stage is always a `Call`, and `value` is its first argument: see `call_of`.
struct Pipe {
  Box<Expr> value;
  Box<Expr> stage;
  bool operator==(const Pipe&) const = default;
};

/// `base[subscripts]`: each subscript is a plain expression, a `Range` (slice) or `LeadingAxes`.
/// Fewer subscripts than axes index the leading ones.
struct Index {
  Box<Expr> base;
  std::vector<Expr> subscripts;
  bool operator==(const Index&) const = default;
};

struct List {
  std::vector<Expr> elements;
  bool operator==(const List&) const = default;
};

/// `(a, b)` with at least two elements, as in the points of a schedule.
struct Tuple {
  std::vector<Expr> elements;
  bool operator==(const Tuple&) const = default;
};

/// `for index in domain`; the domain is a `Range` or a list.
struct Generator {
  Name index;
  Box<Expr> domain;
  bool operator==(const Generator&) const = default;
};

/// `[element for i in … for j in …]`, the last generator running fastest.
struct Comprehension {
  Box<Expr> element;
  std::vector<Generator> generators;
  bool operator==(const Comprehension&) const = default;
};

enum class ReductionOp { sum, max };

/// An index of a reduction, `i` or `i in range`.
struct ReductionIndex {
  Name name;
  std::optional<Box<Expr>> range;
  bool operator==(const ReductionIndex&) const = default;
};

/// `sum[i, u in 0..k] body`, where the body is one product.
struct Reduction {
  ReductionOp op = ReductionOp::sum;
  std::vector<ReductionIndex> indices;
  Box<Expr> body;
  bool operator==(const Reduction&) const = default;
};

struct Expr {
  using Node = std::variant<Integer, Real, Boolean, String, Reference, LeadingAxes, Unary, Binary, Conditional, Range,
                            Call, Pipe, Index, List, Tuple, Comprehension, Reduction>;
  Node node;
  Location span;
};

/// The stage of a pipe as the call it stands for, with the piped value as first argument.
Call call_of(const Pipe& pipe);
/// The name of a reference, or of the callee of a call when it is one; nothing otherwise.
std::optional<Name> name_of(const Expr& expr);

/// `[C, H // 2]`; `[]` is a scalar. An axis is an expression or `LeadingAxes`.
struct Shape {
  std::vector<Expr> axes;
  Location span;
  bool operator==(const Shape&) const = default;
};

/// `circuit` in `F: circuit`, `label[10]` in `y: label[10]`.
struct NamedType {
  Name name;
  std::vector<Expr> arguments;
  Location span;
  bool operator==(const NamedType&) const = default;
};

/// One of `x: shape`, `F: type`, or a bare compile-time value; possibly with a default.
struct Parameter {
  Name name;
  std::optional<Shape> shape;
  std::optional<NamedType> type;
  std::optional<Expr> default_value;
  Location span;
  bool operator==(const Parameter&) const = default;
};

/// `q[n]`, or `r`: one qubit.
struct Register {
  Name name;
  std::optional<Expr> size;
  bool operator==(const Register&) const = default;
};

using Block = std::vector<Statement>;

/// `name = value`, `name: shape = value`
struct Binding {
  Name name;
  std::optional<Shape> shape;
  Expr value;
  bool operator==(const Binding&) const = default;
};

/// `name: shape`, before index bindings with affine left sides that add into it.
struct Declaration {
  Name name;
  Shape shape;
  bool operator==(const Declaration&) const = default;
};

/// A subscript on the left of an index binding: affine in indices, or `a..`; an index that stands alone may state its
/// range (`r in 0..R`).
struct LeftSubscript {
  Expr index;
  std::optional<Expr> range;
  bool operator==(const LeftSubscript&) const = default;
};

/// `name[subscripts] = value`
struct IndexBinding {
  Name name;
  std::vector<LeftSubscript> subscripts;
  Expr value;
  bool operator==(const IndexBinding&) const = default;
};

/// `const name = value`, in a body or as an item.
struct Const {
  Name name;
  Expr value;
  bool operator==(const Const&) const = default;
};

/// `param name: shape ~ initialiser`; a `buffer` is stored but not trained.
struct ParamStatement {
  bool trained = true;
  Name name;
  Shape shape;
  std::optional<Expr> initialiser;
  bool operator==(const ParamStatement&) const = default;
};

/// `layer name = call`, `layer name[i] = call`
struct LayerStatement {
  Name name;
  std::vector<Expr> subscripts;
  Expr value;
  bool operator==(const LayerStatement&) const = default;
};

struct ReturnStatement {
  Expr value;
  bool operator==(const ReturnStatement&) const = default;
};

struct ForStatement {
  Generator generator;
  Block body;
  bool operator==(const ForStatement&) const = default;
};

/// `else if` is an `otherwise` that holds one `IfStatement`.
struct IfStatement {
  Expr condition;
  Block then;
  Block otherwise;
  bool operator==(const IfStatement&) const = default;
};

/// `qubits d[6], a`
struct QubitsStatement {
  std::vector<Register> registers;
  bool operator==(const QubitsStatement&) const = default;
};

enum class ModifierKind { inverse, control, power };

/// `inv @`, `ctrl @`, `pow(exponent) @`
struct Modifier {
  ModifierKind kind = ModifierKind::inverse;
  std::optional<Expr> exponent;
  Location span;
  bool operator==(const Modifier&) const = default;
};

/// Where a noise model puts a channel: on the qubits of a gate that has one, or two and more; on every qubit at the
/// end.
enum class NoisePlace { after_one, after_two, before_readout };

/// `after 1q: channel(arguments)`
struct NoiseRule {
  NoisePlace place = NoisePlace::after_one;
  Name channel;
  std::vector<Argument> arguments;
  Location span;
  bool operator==(const NoiseRule&) const = default;
};

/// `noise_model { after 1q: …, after 2q: … }`
struct NoiseModelStatement {
  std::vector<NoiseRule> rules;
  bool operator==(const NoiseModelStatement&) const = default;
};

/// `name = measure operand`
struct MeasureStatement {
  Name name;
  Expr operand;
  bool operator==(const MeasureStatement&) const = default;
};

/// `when condition { … }`: the gates of the body where all bits of the condition are 1.
struct WhenStatement {
  Expr condition;
  Block body;
  bool operator==(const WhenStatement&) const = default;
};

/// `modifiers name(arguments) operands`: also state loading, channels and `reset`, which are told apart by name.
struct GateStatement {
  std::vector<Modifier> modifiers;
  Name name;
  std::vector<Argument> arguments;
  std::vector<Expr> operands;
  bool operator==(const GateStatement&) const = default;
};

struct Statement {
  using Node = std::variant<Binding, Declaration, IndexBinding, Const, ParamStatement, LayerStatement, ReturnStatement,
                            ForStatement, IfStatement, QubitsStatement, GateStatement, NoiseModelStatement,
                            MeasureStatement, WhenStatement>;
  Node node;
  Location span;
};

struct Import {
  std::string path;  // as written: relative to the importing file
  bool operator==(const Import&) const = default;
};

/// `fn name(parameters) = body`
struct Function {
  Name name;
  std::vector<Parameter> parameters;
  Expr body;
  bool operator==(const Function&) const = default;
};

enum class ModuleKind { net, circuit };

/// `net` and `circuit`, which own parameters and return a value.
struct Module {
  ModuleKind kind = ModuleKind::net;
  Name name;
  std::vector<Parameter> parameters;
  std::optional<Shape> result;
  Block body;
  bool operator==(const Module&) const = default;
};

/// `gate name(parameters) registers { body }`
struct Gate {
  Name name;
  std::vector<Parameter> parameters;
  std::vector<Register> registers;
  Block body;
  bool operator==(const Gate&) const = default;
};

struct Setting {
  Name key;
  Expr value;
  Location span;
  bool operator==(const Setting&) const = default;
};

/// `model { … }`, `data { … }`, …: which blocks there are is the business of settings.h.
struct Settings {
  Name block;
  std::vector<Setting> settings;
  bool operator==(const Settings&) const = default;
};

struct Item {
  using Node = std::variant<Import, Const, Function, Module, Gate, Settings>;
  std::string documentation;  // the `##` lines above it, without the marks, joined by newlines
  Node node;
  Location span;
  bool operator==(const Item&) const = default;
};

/// The name an item declares; nothing for `import` and settings.
const Name* declared_name(const Item& item);

struct File {
  FileId id = 0;
  std::vector<Item> items;
  friend bool operator==(const File& a, const File& b) { return a.items == b.items; }
};

/// A file and all that it imports, each once, imported files before the files that import them: the root is the last.
struct Program {
  std::vector<File> files;
};

}  // namespace qiln::dsl::ast
