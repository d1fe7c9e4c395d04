// Statements of bodies.
#include <fmt/core.h>

#include "compiler/elaborator.h"
#include "compiler/graph/verify.h"

namespace qiln::elaboration {

using dsl::DiagnosticKind;

bool Elaborator::block(const ast::Block& block, Value& result) {
  for (const ast::Statement& each : block)
    if (statement(each, result)) return true;
  return false;
}

bool Elaborator::statement(const ast::Statement& statement, Value& result) {
  const Span span = statement.span;
  return std::visit(Overloaded{
                        [&](const ast::Binding& node) { return binding(node), false; },
                        [&](const ast::Declaration& node) {
                          const auto extents = shape(node.shape);
                          assign(node.name.text, extents ? Value(Declared{*extents}) : Value(Poison{}));
                          return false;
                        },
                        [&](const ast::IndexBinding& node) { return index_binding(node), false; },
                        [&](const ast::Const& node) {
                          scope_->names[node.name.text] = eval(node.value);
                          return false;
                        },
                        [&](const ast::ParamStatement& node) { return param(node, span), false; },
                        [&](const ast::LayerStatement& node) { return layer(node), false; },
                        [&](const ast::ReturnStatement& node) {
                          Saved<std::string> out(instance_->binding, "out");
                          result = eval(node.value);
                          return true;
                        },
                        [&](const ast::ForStatement& node) { return loop(node, result); },
                        [&](const ast::IfStatement& node) { return branch(node, result); },
                        [&](const ast::QubitsStatement& node) { return qubits(node), false; },
                        [&](const ast::GateStatement& node) { return gate_statement(node, span), false; },
                        [&](const ast::NoiseModelStatement& node) { return noise_model(node, span), false; },
                        [&](const ast::MeasureStatement& node) { return measure(node, span), false; },
                        [&](const ast::WhenStatement& node) { return when(node, span), false; },
                    },
                    statement.node);
}

void Elaborator::binding(const ast::Binding& node) {
  Saved<std::string> name(instance_->binding, node.name.text);
  Value value = eval(node.value);
  if (node.shape && !value.poisoned()) {
    const auto wanted = shape(*node.shape);
    const auto id = tensor(value, node.value.span);
    value = Poison{};
    if (wanted && id && *wanted == graph_.shape(*id)) value = Tensor{*id};
    if (wanted && id && *wanted != graph_.shape(*id))
      report(DiagnosticKind::result_shape, node.value.span, node.name.text, graph::to_string(*wanted),
             graph::to_string(graph_.shape(*id)))
          .note("declared here", node.shape->span);
  }
  assign(node.name.text, std::move(value));
}

void Elaborator::param(const ast::ParamStatement& node, Span span) {
  const auto extents = shape(node.shape);
  graph::ParamAttributes attributes;
  attributes.path = instance_->prefix.empty() ? node.name.text : instance_->prefix + "." + node.name.text;
  for (std::int64_t number : instance_->loops) attributes.path += fmt::format(".{}", number);
  attributes.trainable = node.trained && !instance_->frozen;
  const bool initialised = !node.initialiser || initialiser(*node.initialiser, attributes);
  Value value = Poison{};
  if (extents && initialised) {
    const auto known = params_.find(attributes.path);
    if (known == params_.end()) {
      const graph::Origin before = builder_.origin();
      builder_.set_origin(origin_at(node.name.span));
      const std::string path = attributes.path;
      const ValueId id = builder_.param(std::move(attributes), *extents);
      builder_.set_origin(before);
      params_.emplace(path, id);
      value = Tensor{id};
    } else if (!instance_->shared) {
      report(DiagnosticKind::duplicate_name, node.name.span, attributes.path);
    } else if (graph_.shape(known->second) != *extents) {
      report(DiagnosticKind::result_shape, node.shape.span, attributes.path,
             graph::to_string(graph_.shape(known->second)), graph::to_string(*extents));
    } else {
      value = Tensor{known->second};
    }
  }
  scope_->names[node.name.text] = std::move(value);
}

bool Elaborator::initialiser(const ast::Expr& expr, graph::ParamAttributes& attributes) {
  using graph::Initialiser;
  const auto* call = std::get_if<ast::Call>(&expr.node);
  const auto name = ast::name_of(expr);
  const std::string word = name ? name->text : "";
  auto numbers = [&](std::initializer_list<std::string_view> names, std::size_t required) {
    const auto filled = fill(word, names, required, call ? arguments_of(*call) : Arguments{}, expr.span);
    if (!filled) return false;
    double* slots[] = {&attributes.a, &attributes.b};
    for (std::size_t k = 0; k < filled->size(); ++k) {
      if (!(*filled)[k]) continue;
      const auto number = number_of((*filled)[k]->value);
      if (!number) return expected("a number", (*filled)[k]->value, (*filled)[k]->span), false;
      *slots[k] = *number;
    }
    return true;
  };
  if (word == "uniform") {
    attributes.initialiser = Initialiser::uniform;
    return numbers({"low", "high"}, 2);
  }
  if (word == "normal") {
    attributes.initialiser = Initialiser::normal;
    attributes.b = 1;
    return numbers({"mean", "deviation"}, 0);
  }
  attributes.initialiser = Initialiser::constant;
  if (word == "zeros" || word == "ones") {
    attributes.a = word == "ones" ? 1 : 0;
    return numbers({}, 0);
  }
  if (call) {
    static const std::vector<std::string> words{"uniform", "normal", "zeros", "ones"};
    report(DiagnosticKind::bad_initialiser, expr.span, word).did_you_mean(dsl::nearest(word, words));
    return false;
  }
  const Value value = eval(expr);
  const auto number = number_of(value);
  if (!number) return expected("an initialiser", value, expr.span), false;
  attributes.a = *number;
  return true;
}

void Elaborator::layer(const ast::LayerStatement& node) {
  Saved<std::string> name(instance_->binding, node.name.text);
  LayerInstance layer;
  layer.path = instance_->prefix.empty() ? node.name.text : instance_->prefix + "." + node.name.text;
  std::vector<std::int64_t> key;
  bool known = true;
  for (const ast::Expr& subscript : node.subscripts) {
    const auto number = integer(subscript);
    known = known && number;
    key.push_back(number.value_or(0));
  }
  for (std::int64_t number : node.subscripts.empty() ? instance_->loops : key) layer.path += fmt::format(".{}", number);
  const auto* call = std::get_if<ast::Call>(&node.value.node);
  const Value callee = call ? eval(*call->callee) : eval(node.value);
  if (call) layer.arguments = arguments_of(*call);
  const auto* callable = std::get_if<Callable>(&callee.data);
  const auto* module = callable ? std::get_if<const ast::Module*>(&callable->target) : nullptr;
  if (!module) {
    expected("a net or a circuit", callee, node.value.span);
    known = false;
  }
  if (!known) {
    assign(node.name.text, Poison{});
    return;
  }
  layer.module = *module;
  layer.frozen = instance_->frozen || (call && call->frozen);
  layers_.push_back(std::move(layer));
  const int number = static_cast<int>(layers_.size()) - 1;
  Layers all;
  if (!key.empty())
    if (const auto before = lookup(node.name.text); before && before->is<Layers>()) all = before->as<Layers>();
  all.numbers[key] = number;
  assign(node.name.text, std::move(all));
}

bool Elaborator::loop(const ast::ForStatement& node, Value& result) {
  const auto items = domain(*node.generator.domain);
  if (!items) return false;
  // A body that is at fault is so every time: one pass says it all.
  const std::size_t errors = diagnostics_.error_count();
  bool returned = false;
  instance_->loops.push_back(0);
  for (const Value& item : *items) {
    Scope scope{scope_, false, {}};
    scope.names[node.generator.index.text] = item;
    Saved<Scope*> inside(scope_, &scope);
    returned = block(node.body, result);
    if (returned || diagnostics_.error_count() != errors) break;
    ++instance_->loops.back();
  }
  instance_->loops.pop_back();
  return returned;
}

bool Elaborator::branch(const ast::IfStatement& node, Value& result) {
  const auto condition = boolean(node.condition);
  if (!condition) return false;
  Scope scope{scope_, false, {}};
  Saved<Scope*> inside(scope_, &scope);
  return block(*condition ? node.then : node.otherwise, result);
}

}  // namespace qiln::elaboration
