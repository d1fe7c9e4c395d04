// The state of an elaboration. One class, its members defined by subject: elaborate_expressions.cpp, _arithmetic,
// _calls, _places, _builtins, _statements, _indices, _circuits, _modifiers, _amplitudes, _noise,
// _observables and _measurements.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "compiler/elaborate.h"
#include "compiler/elaborate_value.h"
#include "compiler/graph/build.h"

namespace qiln::elaboration {

/// Names of a body or block. A name bound again in a block is the outer one, up to the body's edge.
struct Scope {
  Scope* parent = nullptr;
  bool body = false;  // assignment does not look beyond
  std::map<std::string, Value> names;
};

inline constexpr std::int64_t most_shots = std::int64_t{1} << 24;

/// How a circuit's call wants it run.
struct CircuitOptions {
  bool shift = false;      // gradients by the parameter-shift rule
  std::int64_t shots = 0;  // of measurements that state none
  circuit::Simulation simulation = circuit::Simulation::state;
};

/// A circuit mapped over leading axes: values of one place stand for values with an axis of places in front.
struct Places {
  std::int64_t count = 0;                           // 0: not mapped
  std::vector<std::pair<ValueId, ValueId>> values;  // of one place, of all
};

/// The circuit a body adds gates to.
struct CircuitState {
  circuit::Circuit circuit;
  std::vector<ValueId> operands;  // of the graph's node
  Span amplitudes;                // where the initial state was given
  Places places;
  std::set<std::int32_t> measured;  // qubits that hold the result of a measurement
  struct NoiseRule {
    ast::NoisePlace place;
    circuit::Operation channel;  // its qubit missing
  };
  std::vector<NoiseRule> noise;
};

/// One use of a net or circuit: where its parameters' paths hang.
struct Instance {
  std::string prefix;   // "h.ResBlock", empty for the root
  std::string binding;  // name being bound, `out` in a return
  std::vector<std::int64_t> loops;
  std::map<std::string, int> counts;  // of "binding.callee"
  bool frozen = false;
  bool shared = false;  // of a named layer: its parameters may exist already
  CircuitState* circuit = nullptr;
  CircuitOptions options;
  Places places;
};

struct BoundArgument {
  std::string name;  // empty: by position
  Value value;
  Span span;            // of the value
  Span name_span = {};  // of the name, or of the value when it has none
};
using Arguments = std::vector<BoundArgument>;

/// `layer n = conv(32, 3)`: everything of a call but its first argument.
struct LayerInstance {
  const ast::Module* module = nullptr;
  Arguments arguments;
  std::string path;
  bool frozen = false;
};

class Elaborator {
 public:
  Elaborator(const Library& library, graph::Graph& graph, dsl::Diagnostics& diagnostics, bool training = true);

  bool root(std::string_view name);  // elaborate_calls.cpp
  Value eval(const ast::Expr& expr);
  Value call_value(const Value& callee, Arguments arguments, Span span, const std::string& name, bool frozen = false);
  BoundArgument argument_of(const ast::Argument& argument);
  Arguments arguments_of(const ast::Call& call, std::size_t first = 0);
  std::optional<double> number_of(const Value& value) const;

 private:
  friend class IndexedExpression;

  // elaborate.cpp: names and reports
  struct Items {
    std::map<std::string, const ast::Item*> items;
    std::map<std::string, const ast::Gate*> gates;
  };
  static void declare(const ast::File& file, Items& items);
  const ast::Item* item(const std::string& name) const;
  const ast::Gate* gate_definition(const std::string& name) const;
  /// The origin of what is computed at `span`. Within the prelude that is the call which led there: what the user
  /// wrote.
  graph::Origin origin_at(Span span) const;
  bool of_prelude(const ast::Name& name) const { return name.span.file == library_.prelude.id; }
  std::optional<Value> lookup(const std::string& name);
  Value global(const ast::Item& item);
  Value reference(const std::string& name, Span span);
  void assign(const std::string& name, Value value);
  std::vector<std::string> known_names() const;
  template <class... Args>
  dsl::Diagnostic& report(dsl::DiagnosticKind kind, Span span, const Args&... args) {
    return traced(diagnostics_.report(kind, span, args...));
  }
  dsl::Diagnostic& traced(dsl::Diagnostic& diagnostic);
  Value expected(const char* what, const Value& found, Span span);

  // elaborate_expressions.cpp
  Value eval_node(const ast::Expr& expr);
  Value conditional(const ast::Conditional& node, Span span);
  Value comprehension(const ast::Comprehension& node, std::size_t generator, List& into);
  Value index(const ast::Index& node, Span span);
  Value index_list(const Value& base, const ast::Index& node);
  Value index_tensor(const Value& base, const ast::Index& node, Span span);
  Value index_measured(const Measured& base, const ast::Index& node, Span span);
  Value compile_time_sum(const ast::Reduction& node, std::size_t depth, Value sum, Span span);
  /// The numbers of a range, or the items of a list; nothing when an error was reported.
  std::optional<std::vector<Value>> domain(const ast::Expr& expr);
  struct Stretch {
    std::int64_t begin = 0, end = 0, step = 1;
    std::int64_t count() const { return end <= begin ? 0 : (end - begin + step - 1) / step; }
  };
  std::optional<Stretch> stretch(const ast::Range& range);
  std::optional<Stretch> subscript_stretch(const ast::Expr& subscript);
  std::optional<std::int64_t> integer(const ast::Expr& expr);
  std::optional<std::int64_t> integer(const Value& value, Span span);
  std::optional<bool> boolean(const ast::Expr& expr);
  /// Of extents known here; a name that is not is an extent that is not.
  std::optional<Shape> shape(const ast::Shape& shape);

  // elaborate_arithmetic.cpp
  Value unary(ast::UnaryOp op, const Value& a, Span span);
  Value binary(ast::BinaryOp op, const Value& a, const Value& b, Span span, Span a_span, Span b_span);
  Value numbers(ast::BinaryOp op, const Value& a, const Value& b, Span span);
  Value elements(ast::BinaryOp op, const Value& a, const Value& b);
  Value lists(ast::BinaryOp op, const Value& a, const Value& b, Span span);
  Value tensors(ast::BinaryOp op, ValueId a, ValueId b);
  /// A pointwise primitive of values that are broadcast to one shape.
  Value pointwise(Primitive op, const std::vector<Value>& values, const std::vector<Span>& spans, Span span);
  /// Broadcast from the left to one shape; false when reported.
  bool align(std::vector<Value>& values, const std::vector<Span>& spans, Span span);
  /// In the graph: numbers become constants, lists are stacked. Nothing when an error was reported.
  std::optional<ValueId> tensor(const Value& value, Span span);
  std::optional<ValueId> stacked(const List& list, Span span);
  const Shape& shape_of(const Value& value) const;

  // elaborate_calls.cpp
  Value call(const ast::Call& call, Span span);
  Value call_function(const ast::Function& function, Arguments arguments, Span span);
  Value instantiate(const ast::Module& module, Arguments arguments, Span span, Instance instance);
  std::string instance_path(const std::string& callee);
  /// Arguments by parameter, defaults still missing; false when reported.
  bool match(const std::string& callee, const std::vector<ast::Parameter>& parameters, Arguments arguments, Span span,
             std::vector<std::optional<BoundArgument>>& matched);
  bool bind(const std::string& callee, const std::vector<ast::Parameter>& parameters, Arguments arguments, Span span,
            Scope& scope);
  void bind_shape_variables(const std::vector<ast::Expr>& axes, const Shape& shape, const std::set<std::string>& values,
                            Scope& scope);
  bool check_shape(const std::string& callee, const ast::Parameter& parameter, const Shape& found, Span span);
  /// The 10 of `y: label[10]`.
  std::optional<std::int64_t> classes_of(const ast::Parameter& parameter);
  bool check_label(const std::string& callee, const ast::Parameter& parameter, const Label& label, Span span);
  Value result_of(const ast::Module& module, const Value& value, std::int64_t places);
  /// Takes `gradient` and `simulate` out of the arguments of a circuit.
  bool take_options(const ast::Module& module, Arguments& arguments, CircuitOptions& options);
  Value call_layer(int number, Arguments arguments, Span span);

  // elaborate_places.cpp
  Value mapped(const ast::Module& module, const Arguments& arguments, Span span, const Instance& instance,
               std::size_t extra);
  std::size_t extra_axes(const ast::Module& module, const Arguments& arguments) const;
  /// `value` at all places, or itself where it is the same at each.
  ValueId at_places(const Places& places, ValueId value, bool& moves);
  /// Drops nodes from `first` on that neither `kept` nor parameters need; `kept` gets their new numbers.
  void drop_unused(ValueId first, ValueId& kept);

  // elaborate_builtins.cpp
  Value call_primitive(Primitive op, Arguments arguments, Span span);
  Value call_builtin(Builtin builtin, const std::string& name, Arguments arguments, Span span);
  Value concat(Arguments arguments, Span span);
  /// A tensor of draws from 0..1, new ones for each sample, step and call.
  Value draws(Arguments arguments, Span span);
  Value label_builtin(Builtin builtin, const Value& x, Span span);
  /// a / b of integers, which has to come out even. Inside the prelude it is the user's call that is at fault.
  Value quotient(Arguments arguments, Span span);
  /// `value` if a condition holds; else an error with a text at the user's call.
  Value require(Arguments arguments, Span span);
  /// Inside the prelude, the user's call which led there; else `span`.
  Span users_span(Span span) const;
  /// A site of random numbers under the path of the current instance, or under `name` at the root.
  std::string random_site(const std::string& name);
  /// Arguments by name, the first `required` of them present; nothing when reported.
  std::optional<std::vector<std::optional<BoundArgument>>> fill(const std::string& callee,
                                                                std::initializer_list<std::string_view> names,
                                                                std::size_t required, Arguments arguments, Span span);
  std::optional<std::vector<std::int64_t>> integers(const Value& value, Span span);

  // elaborate_statements.cpp: true when a `return` was met
  bool block(const ast::Block& block, Value& result);
  bool statement(const ast::Statement& statement, Value& result);
  void binding(const ast::Binding& node);
  void param(const ast::ParamStatement& node, Span span);
  bool initialiser(const ast::Expr& expr, graph::ParamAttributes& attributes);
  void layer(const ast::LayerStatement& node);
  bool loop(const ast::ForStatement& node, Value& result);
  bool branch(const ast::IfStatement& node, Value& result);

  // elaborate_indices.cpp
  void index_binding(const ast::IndexBinding& node);

  // elaborate_circuits.cpp
  void qubits(const ast::QubitsStatement& node);
  void gate_statement(const ast::GateStatement& node, Span span);
  /// A gate as it is applied: its modifiers multiplied out.
  struct Application {
    std::string name;
    bool inverse = false;
    std::size_t controls = 0;
    double power = 1;
    Arguments arguments;
    std::vector<Qubits> operands;
    std::vector<Span> operand_spans;
    Span span;
  };
  bool modifiers(const ast::GateStatement& node, Application& application);
  void table_gate(Gate gate, const Application& application);
  void user_gate(const ast::Gate& gate, const Application& application);
  void apply_once(const ast::Gate& gate, const Application& application, const std::vector<Qubits>& operands);
  std::optional<std::vector<circuit::Angle>> angles(std::span<const std::string_view> names, const char* noun,
                                                    const Application& application, std::size_t i, std::size_t count);
  std::optional<circuit::Angle> angle(const Value& value, Span span);
  /// How often operands of one qubit or as many as the largest are applied.
  std::optional<std::size_t> paired(const Application& application);
  bool distinct(const Application& application, const std::vector<std::int32_t>& qubits);

  // elaborate_modifiers.cpp
  /// In place of the gate its power or decomposition, as long as it acts on more qubits than a block may.
  void append_steps(std::span<const GateStep> steps, const circuit::Operation& whole, const circuit::Angle* exponent);
  void append_operation(circuit::Operation operation);
  void append_power(circuit::Operation operation, double power);
  /// False when a gate on so many qubits cannot be decomposed (reported).
  bool controllable(const Application& application, std::size_t qubits, std::string_view gate);
  void append_controlled_phase(const circuit::Operation& operation);
  bool modify(std::size_t first, const Application& application, const std::vector<std::int32_t>& controls);

  // elaborate_amplitudes.cpp
  void amplitude(const Application& application);
  ValueId normalised(ValueId values);

  // elaborate_observables.cpp
  Value observables(ast::BinaryOp op, const Value& a, const Value& b, Span span);
  Value pauli(Builtin builtin, const Value& qubits, Span span);
  Value measure(Builtin builtin, const std::string& name, Arguments arguments, Span span);
  static void join(Measured& all, const Measured& more);

  // elaborate_measurements.cpp

  // elaborate_noise.cpp
  void channel_statement(Channel channel, const Application& application);
  /// The parameters of application i of `count`; nothing when an error was reported.
  std::optional<std::vector<circuit::Angle>> probabilities(Channel channel, const Application& application,
                                                           std::size_t i, std::size_t count);
  void noise_model(const ast::NoiseModelStatement& node, Span span);
  void measure(const ast::MeasureStatement& node, Span span);
  void when(const ast::WhenStatement& node, Span span);
  /// False when a channel stands among operations first... of a gate that is undone or controlled (reported).
  bool reversible(const Application& application, std::size_t first);
  /// Puts the channels of the noise model where they belong, and reports those that cannot be simulated as asked.
  void finish_noise(CircuitState& state, dsl::FileId file);
  Value finish_circuit(const ast::Module& module, CircuitState& state, const Value& result);
  bool shiftable(const CircuitState& state);
  void report_runs(const ast::Module& module, const CircuitState& state, const Measured& measured, std::int64_t shifts);

  const Library& library_;
  graph::Graph& graph_;
  graph::Builder builder_;
  dsl::Diagnostics& diagnostics_;
  bool training_;
  Items prelude_, program_;
  int gate_depth_ = 0;       // gates of the language around
  bool in_prelude_ = false;  // whose names mean what they mean there
  std::map<const ast::Item*, Value> constants_;
  std::set<const void*> in_progress_;
  std::map<std::string, ValueId> params_;
  std::map<std::string, int> sites_;  // how often random numbers were drawn at this path
  std::vector<LayerInstance> layers_;
  std::vector<Span> calls_;  // being elaborated, outermost first
  Scope root_scope_;
  Scope* scope_ = &root_scope_;
  Instance root_instance_;
  Instance* instance_ = &root_instance_;
};

/// Sets a variable for the life of the object.
template <class T>
class Saved {
 public:
  Saved(T& variable, T value) : variable_(variable), before_(std::move(variable)) { variable_ = std::move(value); }
  ~Saved() { variable_ = std::move(before_); }
  Saved(const Saved&) = delete;
  Saved& operator=(const Saved&) = delete;

 private:
  T& variable_;
  T before_;
};

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

}  // namespace qiln::elaboration
