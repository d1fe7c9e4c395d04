#include "compiler/elaborate.h"

#include <fmt/core.h>

#include "compiler/elaborator.h"

namespace qiln {
namespace elaboration {
namespace {

struct BuiltinRow {
  const char* name;
  Builtin id;
};
constexpr BuiltinRow builtins[] = {
    {"shape", Builtin::shape},       {"product", Builtin::product},   {"length", Builtin::length},
    {"append", Builtin::append},     {"random", Builtin::random},     {"index", Builtin::index},
    {"one_hot", Builtin::one_hot},   {"quotient", Builtin::quotient}, {"expval", Builtin::expval},
    {"variance", Builtin::variance}, {"probs", Builtin::probs},       {"X", Builtin::pauli_x},
    {"Y", Builtin::pauli_y},         {"Z", Builtin::pauli_z},         {"require", Builtin::require}};
constexpr double pi = 3.14159265358979323846;

}  // namespace

Elaborator::Elaborator(const Library& library, graph::Graph& graph, dsl::Diagnostics& diagnostics, bool training)
    : library_(library), graph_(graph), builder_(graph), diagnostics_(diagnostics), training_(training) {
  root_scope_.body = true;
  declare(library.prelude, prelude_);
  for (const ast::File& file : library.program.files) declare(file, program_);
}

void Elaborator::declare(const ast::File& file, Items& items) {
  for (const ast::Item& item : file.items) {
    const ast::Name* name = ast::declared_name(item);
    if (!name) continue;
    if (const auto* gate = std::get_if<ast::Gate>(&item.node))
      items.gates[name->text] = gate;
    else
      items.items[name->text] = &item;
  }
}

const ast::Item* Elaborator::item(const std::string& name) const {
  if (!in_prelude_)
    if (auto found = program_.items.find(name); found != program_.items.end()) return found->second;
  auto found = prelude_.items.find(name);
  return found == prelude_.items.end() ? nullptr : found->second;
}

const ast::Gate* Elaborator::gate_definition(const std::string& name) const {
  if (!in_prelude_)
    if (auto found = program_.gates.find(name); found != program_.gates.end()) return found->second;
  auto found = prelude_.gates.find(name);
  return found == prelude_.gates.end() ? nullptr : found->second;
}

Value Elaborator::global(const ast::Item& item) {
  if (const auto* function = std::get_if<ast::Function>(&item.node)) return Callable{function};
  if (const auto* module = std::get_if<ast::Module>(&item.node)) return Callable{module};
  const auto& constant = std::get<ast::Const>(item.node);
  if (auto known = constants_.find(&item); known != constants_.end()) return known->second;
  if (!in_progress_.insert(&item).second) {
    report(dsl::DiagnosticKind::recursion, constant.name.span, constant.name.text);
    return Poison{};
  }
  Saved<Scope*> outside(scope_, &root_scope_);
  Saved<bool> home(in_prelude_, of_prelude(constant.name));
  Value value = eval(constant.value);
  in_progress_.erase(&item);
  return constants_[&item] = std::move(value);
}

std::optional<Value> Elaborator::lookup(const std::string& name) {
  for (Scope* scope = scope_; scope; scope = scope->parent)
    if (auto found = scope->names.find(name); found != scope->names.end()) return found->second;
  if (const ast::Item* found = item(name)) return global(*found);
  if (const auto primitive = primitive_called(name)) return Callable{*primitive};
  for (const BuiltinRow& row : builtins)
    if (name == row.name) return Callable{row.id};
  if (name == "pi") return pi;
  if (name == "training") return training_;
  return {};
}

std::vector<std::string> Elaborator::known_names() const {
  std::vector<std::string> names;
  for (const Scope* scope = scope_; scope; scope = scope->parent)
    for (const auto& [name, value] : scope->names) names.push_back(name);
  for (const Items* items : {&program_, &prelude_})
    for (const auto& [name, item] : items->items) names.push_back(name);
  for (int id = 0; id < primitive_count; ++id)
    if (!primitive(static_cast<Primitive>(id)).call.empty())
      names.emplace_back(primitive(static_cast<Primitive>(id)).call);
  for (const BuiltinRow& row : builtins) names.emplace_back(row.name);
  return names;
}

Value Elaborator::reference(const std::string& name, Span span) {
  if (auto value = lookup(name)) return *value;
  const std::vector<std::string> names = known_names();
  report(dsl::DiagnosticKind::unknown_name, span, "name", name).did_you_mean(dsl::nearest(name, names));
  return Poison{};
}

void Elaborator::assign(const std::string& name, Value value) {
  for (Scope* scope = scope_; scope; scope = scope->parent) {
    if (auto found = scope->names.find(name); found != scope->names.end()) {
      found->second = std::move(value);
      return;
    }
    if (scope->body) break;
  }
  scope_->names[name] = std::move(value);
}

dsl::Diagnostic& Elaborator::traced(dsl::Diagnostic& diagnostic) {
  for (std::size_t k = calls_.size(); k-- > 0;)
    if (calls_[k].file != diagnostic.span.file) return diagnostic.note("in this call", calls_[k]);
  return diagnostic;
}

Value Elaborator::expected(const char* what, const Value& found, Span span) {
  if (!found.poisoned()) report(dsl::DiagnosticKind::type_mismatch, span, what, describe(found));
  return Poison{};
}

std::optional<double> Elaborator::number_of(const Value& value) const {
  if (value.number()) return value.real();
  return {};
}

namespace {

/// A function as settings name it, `cosine` or `cosine(s = 0.008)`: the arguments given there come last.
class PartialCall {
 public:
  PartialCall(Elaborator& elaborator, const ast::Expr& function) : elaborator_(elaborator), span_(function.span) {
    const auto* call = std::get_if<ast::Call>(&function.node);
    const ast::Expr& callee = call ? *call->callee : function;
    callee_ = elaborator.eval(callee);
    if (call) rest_ = elaborator.arguments_of(*call);
    const auto name = ast::name_of(callee);
    name_ = name ? name->text : "function";
  }
  Value operator()(const std::vector<Value>& first) const {
    Arguments arguments;
    for (const Value& value : first) arguments.push_back({"", value, span_});
    arguments.insert(arguments.end(), rest_.begin(), rest_.end());
    return elaborator_.call_value(callee_, std::move(arguments), span_, name_);
  }

 private:
  Elaborator& elaborator_;
  Span span_;
  Value callee_;
  Arguments rest_;
  std::string name_;
};

}  // namespace
}  // namespace elaboration

std::optional<graph::Graph> elaborate(const Library& library, std::string_view name, dsl::Diagnostics& diagnostics,
                                      bool training) {
  graph::Graph graph;
  graph.name = name;
  const std::size_t errors = diagnostics.error_count();
  elaboration::Elaborator elaborator(library, graph, diagnostics, training);
  if (!elaborator.root(name) || diagnostics.error_count() != errors) return {};
  return graph;
}

std::optional<Constant> evaluate(const Library& library, const dsl::ast::Expr& expr, dsl::Diagnostics& diagnostics) {
  using namespace elaboration;
  graph::Graph graph;
  const Value value = Elaborator(library, graph, diagnostics).eval(expr);
  if (value.is<std::int64_t>()) return value.as<std::int64_t>();
  if (value.is<double>()) return value.as<double>();
  if (value.is<bool>()) return value.as<bool>();
  if (value.is<std::string>()) return value.as<std::string>();
  if (!value.poisoned())
    diagnostics.report(dsl::DiagnosticKind::type_mismatch, expr.span, "a compile-time value", describe(value));
  return {};
}

std::optional<std::vector<double>> tabulate(const Library& library, const dsl::ast::Expr& function,
                                            std::span<const double> points, dsl::Diagnostics& diagnostics) {
  using namespace elaboration;
  graph::Graph graph;
  Elaborator elaborator(library, graph, diagnostics);
  const PartialCall call(elaborator, function);
  std::vector<double> values;
  for (double point : points) {
    const Value value = call({point});
    if (!value.number()) {
      if (!value.poisoned())
        diagnostics.report(dsl::DiagnosticKind::type_mismatch, function.span, "a function of numbers", describe(value));
      return {};
    }
    values.push_back(value.real());
  }
  return values;
}

std::optional<graph::Graph> elaborate_function(const Library& library, const dsl::ast::Expr& function,
                                               std::span<const graph::Shape> arguments,
                                               dsl::Diagnostics& diagnostics) {
  using namespace elaboration;
  graph::Graph graph;
  if (const auto name = ast::name_of(function)) graph.name = name->text;
  const std::size_t errors = diagnostics.error_count();
  Elaborator elaborator(library, graph, diagnostics);
  const PartialCall call(elaborator, function);
  graph::Builder builder(graph);
  std::vector<Value> inputs;
  for (const graph::Shape& shape : arguments)
    inputs.push_back(Tensor{builder.input(fmt::format("argument {}", inputs.size() + 1), {shape, true})});
  const Value value = call(inputs);
  if (diagnostics.error_count() != errors || value.poisoned()) return {};
  if (!value.is<Tensor>()) {
    diagnostics.report(dsl::DiagnosticKind::type_mismatch, function.span, "a function of tensors", describe(value));
    return {};
  }
  graph.outputs.push_back({"out", value.as<Tensor>().id});
  return graph;
}

}  // namespace qiln
