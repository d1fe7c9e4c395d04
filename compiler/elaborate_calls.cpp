// Calls: arguments to parameters, shape variables, instances of nets and circuits, layers.
#include <fmt/core.h>

#include <algorithm>

#include "compiler/elaborator.h"
#include "compiler/graph/verify.h"

namespace qiln::elaboration {

using dsl::DiagnosticKind;

namespace {

constexpr std::size_t deepest_call = 100;

bool takes_label(const ast::Parameter& parameter) { return parameter.type && parameter.type->name.text == "label"; }
/// An argument that differs from sample to sample.
bool takes_tensor(const ast::Parameter& parameter) { return parameter.shape || takes_label(parameter); }

std::string counted(std::size_t count, const char* noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string joined(const std::string& prefix, const std::string& name) {
  return prefix.empty() ? name : prefix + "." + name;
}

/// How a circuit is run, in words that come before names.
bool is_option(std::string_view key) { return key == "gradient" || key == "simulate" || key == "shots"; }
bool is_word_of(std::string_view key, std::string_view word) {
  if (key == "shots") return false;
  return key == "gradient" ? word == "exact" || word == "shift" : word == "state" || word == "density";
}

/// Whether `value` is what `F: circuit` or `F: net` takes; a circuit is called like a net.
bool is_module(const Value& value, std::string_view type) {
  if (value.is<Layers>()) return true;
  if (!value.is<Callable>()) return false;
  const auto* module = std::get_if<const ast::Module*>(&value.as<Callable>().target);
  return module && (type == "net" || (*module)->kind == ast::ModuleKind::circuit);
}

}  // namespace

BoundArgument Elaborator::argument_of(const ast::Argument& argument) {
  const auto* word = std::get_if<ast::Reference>(&argument.value->node);
  const bool option = argument.name && word && is_option(argument.name->text) &&
                      (is_word_of(argument.name->text, word->name) || !lookup(word->name));
  BoundArgument bound{"", option ? Value(word->name) : eval(*argument.value), argument.value->span,
                      argument.value->span};
  if (argument.name) {
    bound.name = argument.name->text;
    bound.name_span = argument.name->span;
  }
  return bound;
}

Arguments Elaborator::arguments_of(const ast::Call& call, std::size_t first) {
  Arguments arguments;
  for (std::size_t k = first; k < call.arguments.size(); ++k) arguments.push_back(argument_of(call.arguments[k]));
  return arguments;
}

Value Elaborator::call(const ast::Call& call, Span span) {
  const Value callee = eval(*call.callee);
  Arguments arguments = arguments_of(call);
  const auto name = ast::name_of(*call.callee);
  return call_value(callee, std::move(arguments), span, name ? name->text : "the value", call.frozen);
}

Value Elaborator::call_value(const Value& callee, Arguments arguments, Span span, const std::string& name,
                             bool frozen) {
  if (callee.poisoned()) return callee;
  if (callee.is<Layers>()) {
    const auto found = callee.as<Layers>().numbers.find({});
    if (found == callee.as<Layers>().numbers.end()) return expected("a layer's subscripts", callee, span);
    return call_layer(found->second, std::move(arguments), span);
  }
  if (!callee.is<Callable>()) {
    report(DiagnosticKind::not_callable, span, describe(callee));
    return Poison{};
  }
  if (calls_.size() >= deepest_call) {
    report(DiagnosticKind::recursion, span, name);
    return Poison{};
  }
  return std::visit(
      Overloaded{
          [&](const ast::Function* function) { return call_function(*function, std::move(arguments), span); },
          [&](const ast::Module* module) {
            Instance instance;
            instance.prefix = instance_path(module->name.text);
            instance.frozen = instance_->frozen || frozen;
            instance.shared = instance_->shared;
            return instantiate(*module, std::move(arguments), span, std::move(instance));
          },
          [&](Primitive op) { return call_primitive(op, std::move(arguments), span); },
          [&](Builtin builtin) { return call_builtin(builtin, name, std::move(arguments), span); },
      },
      callee.as<Callable>().target);
}

/// binding.callee, with the loops' numbers behind the binding and a number behind a callee that repeats.
std::string Elaborator::instance_path(const std::string& callee) {
  std::string local = instance_->binding;
  for (std::int64_t number : instance_->loops) local = joined(local, std::to_string(number));
  local = joined(local, callee);
  const int count = ++instance_->counts[local];
  if (count > 1) local += fmt::format("_{}", count);
  return joined(instance_->prefix, local);
}

Value Elaborator::call_layer(int number, Arguments arguments, Span span) {
  const LayerInstance layer = layers_[number];
  arguments.insert(arguments.end(), layer.arguments.begin(), layer.arguments.end());
  // Positions first, as if the call had been written out.
  std::stable_partition(arguments.begin(), arguments.end(), [](const BoundArgument& a) { return a.name.empty(); });
  Instance instance;
  instance.prefix = layer.path;
  instance.frozen = instance_->frozen || layer.frozen;
  instance.shared = true;
  return instantiate(*layer.module, std::move(arguments), span, std::move(instance));
}

bool Elaborator::match(const std::string& callee, const std::vector<ast::Parameter>& parameters, Arguments arguments,
                       Span span, std::vector<std::optional<BoundArgument>>& matched) {
  matched.assign(parameters.size(), std::nullopt);
  bool fits = true;
  std::size_t position = 0;
  for (BoundArgument& argument : arguments) {
    std::size_t k = position;
    if (argument.name.empty()) {
      if (position++ >= parameters.size()) {
        report(DiagnosticKind::argument_count, span, callee, counted(parameters.size(), "argument"), arguments.size());
        return false;
      }
    } else {
      for (k = 0; k < parameters.size() && parameters[k].name.text != argument.name;) ++k;
      if (k == parameters.size()) {
        std::vector<std::string> names;
        for (const auto& parameter : parameters) names.push_back(parameter.name.text);
        report(DiagnosticKind::unknown_argument, argument.name_span, callee, argument.name)
            .did_you_mean(dsl::nearest(argument.name, names));
        fits = false;
        continue;
      }
    }
    if (matched[k]) {
      report(DiagnosticKind::duplicate_argument, argument.name_span, callee, parameters[k].name.text);
      fits = false;
    }
    matched[k] = std::move(argument);
  }
  return fits;
}

bool Elaborator::bind(const std::string& callee, const std::vector<ast::Parameter>& parameters, Arguments arguments,
                      Span span, Scope& scope) {
  std::vector<std::optional<BoundArgument>> matched;
  if (!match(callee, parameters, std::move(arguments), span, matched)) return false;
  bool fits = true;
  std::set<std::string> values;
  for (std::size_t k = 0; k < parameters.size(); ++k) {
    if (!takes_tensor(parameters[k])) values.insert(parameters[k].name.text);
    if (!matched[k]) continue;
    if (matched[k]->value.poisoned()) fits = false;
    const std::string type = parameters[k].type ? parameters[k].type->name.text : "";
    if (fits && (type == "circuit" || type == "net") && !is_module(matched[k]->value, type)) {
      report(DiagnosticKind::type_mismatch, matched[k]->span, "a " + type, describe(matched[k]->value))
          .note("declared here", parameters[k].span);
      fits = false;
    }
    if (fits && takes_label(parameters[k]) && !matched[k]->value.is<Label>()) {
      expected("a label", matched[k]->value, matched[k]->span);
      fits = false;
    }
    if (fits && parameters[k].shape) {
      const auto id = tensor(matched[k]->value, matched[k]->span);
      fits = fits && id;
      if (id) matched[k]->value = Tensor{*id};
    }
    scope.names[parameters[k].name.text] = matched[k]->value;
  }
  if (!fits) return false;
  Saved<Scope*> inside(scope_, &scope);
  for (std::size_t k = 0; k < parameters.size(); ++k) {
    if (!matched[k] || !takes_tensor(parameters[k])) continue;
    if (parameters[k].shape)
      bind_shape_variables(parameters[k].shape->axes, shape_of(matched[k]->value), values, scope);
    else
      bind_shape_variables(parameters[k].type->arguments, {matched[k]->value.as<Label>().classes}, values, scope);
  }
  for (std::size_t k = 0; k < parameters.size(); ++k) {
    if (matched[k]) continue;
    if (!parameters[k].default_value) {
      report(DiagnosticKind::missing_argument, span, callee, parameters[k].name.text);
      fits = false;
      continue;
    }
    Value value = eval(*parameters[k].default_value);
    if (parameters[k].shape) {
      const auto id = tensor(value, parameters[k].default_value->span);
      value = id ? Value(Tensor{*id}) : Value(Poison{});
    }
    fits = fits && !value.poisoned();
    scope.names[parameters[k].name.text] = std::move(value);
  }
  if (!fits) return false;
  for (std::size_t k = 0; k < parameters.size(); ++k)
    if (matched[k] && takes_label(parameters[k]))
      fits = check_label(callee, parameters[k], matched[k]->value.as<Label>(), matched[k]->span) && fits;
    else if (matched[k] && parameters[k].shape)
      fits = check_shape(callee, parameters[k], shape_of(matched[k]->value), matched[k]->span) && fits;
  return fits;
}

/// Bare names and leading axes that mean nothing yet get the extents they meet; what does not fit is check_shape's.
void Elaborator::bind_shape_variables(const std::vector<ast::Expr>& axes, const Shape& shape,
                                      const std::set<std::string>& values, Scope& scope) {
  std::size_t position = 0;
  for (const ast::Expr& axis : axes) {
    if (const auto* leading = std::get_if<ast::LeadingAxes>(&axis.node)) {
      const std::size_t count = shape.size() + 1 >= axes.size() ? shape.size() + 1 - axes.size() : 0;
      List extents;
      for (std::size_t k = 0; k < count; ++k) extents.items.emplace_back(shape[position++]);
      scope.names.emplace(leading->name, std::move(extents));
      continue;
    }
    if (const auto* reference = std::get_if<ast::Reference>(&axis.node)) {
      const ast::Item* constant = item(reference->name);
      const bool is_constant = constant && std::holds_alternative<ast::Const>(constant->node);
      if (position < shape.size() && !is_constant && !values.contains(reference->name))
        scope.names.emplace(reference->name, shape[position]);
    }
    ++position;
  }
}

std::optional<std::int64_t> Elaborator::classes_of(const ast::Parameter& parameter) {
  const auto& arguments = parameter.type->arguments;
  if (arguments.size() == 1) {
    const auto classes = integer(arguments[0]);
    if (!classes || *classes > 0) return classes;
  }
  report(DiagnosticKind::bad_shape, parameter.type->span, "a label states its number of classes")
      .help("write it so: `label[10]`");
  return {};
}

bool Elaborator::check_label(const std::string& callee, const ast::Parameter& parameter, const Label& label,
                             Span span) {
  const auto classes = classes_of(parameter);
  if (!classes || *classes == label.classes) return classes.has_value();
  report(DiagnosticKind::argument_shape, span, callee, fmt::format("label[{}] as `{}`", *classes, parameter.name.text),
         fmt::format("label[{}]", label.classes))
      .note("declared here", parameter.span);
  return false;
}

bool Elaborator::check_shape(const std::string& callee, const ast::Parameter& parameter, const Shape& found,
                             Span span) {
  bool countable = true;
  for (const ast::Expr& axis : parameter.shape->axes)
    if (std::holds_alternative<ast::LeadingAxes>(axis.node)) countable = false;
  const auto& axes = parameter.shape->axes;
  std::optional<Shape> wanted;
  if (countable ? axes.size() == found.size() : axes.size() <= found.size() + 1) {
    wanted = shape(*parameter.shape);
    if (!wanted) return false;
    if (*wanted == found) return true;
  }
  std::string text = wanted ? graph::to_string(*wanted) : counted(axes.size(), "axe");
  if (!wanted) text = fmt::format("{} axes", axes.size());
  report(DiagnosticKind::argument_shape, span, callee, fmt::format("{} as `{}`", text, parameter.name.text),
         graph::to_string(found))
      .note("declared here", parameter.span);
  return false;
}

Value Elaborator::call_function(const ast::Function& function, Arguments arguments, Span span) {
  Scope scope{nullptr, true, {}};
  for (const BoundArgument& argument : arguments)
    if (argument.value.poisoned()) return Poison{};
  Saved<bool> home(in_prelude_, of_prelude(function.name));
  calls_.push_back(span);
  Value result = Poison{};
  if (bind(function.name.text, function.parameters, std::move(arguments), span, scope)) {
    Saved<Scope*> inside(scope_, &scope);
    result = eval(function.body);
  }
  calls_.pop_back();
  return result;
}

Value Elaborator::instantiate(const ast::Module& module, Arguments arguments, Span span, Instance instance) {
  for (const BoundArgument& argument : arguments)
    if (argument.value.poisoned()) return Poison{};
  if (!take_options(module, arguments, instance.options)) return Poison{};
  if (const std::size_t extra = extra_axes(module, arguments)) return mapped(module, arguments, span, instance, extra);

  const graph::Origin before = builder_.origin();
  graph::Origin origin = before;
  if (!instance.prefix.empty()) origin.path = builder_.path(instance.prefix);
  builder_.set_origin(origin);
  Saved<bool> home(in_prelude_, of_prelude(module.name));
  calls_.push_back(span);
  Scope scope{nullptr, true, {}};
  Value result = Poison{};
  if (bind(module.name.text, module.parameters, std::move(arguments), span, scope)) {
    CircuitState state;
    state.circuit.name = module.name.text;
    state.amplitudes = module.name.span;
    state.places = instance.places;
    if (module.kind == ast::ModuleKind::circuit) instance.circuit = &state;
    Saved<Scope*> inside(scope_, &scope);
    Saved<Instance*> here(instance_, &instance);
    const std::size_t errors = diagnostics_.error_count();
    Value returned = Poison{};
    const bool met = block(module.body, returned);
    if (!met && errors == diagnostics_.error_count())
      report(DiagnosticKind::missing_return, module.name.span, module.name.text);
    if (module.kind == ast::ModuleKind::circuit && errors == diagnostics_.error_count())
      returned = finish_circuit(module, state, returned);
    if (errors == diagnostics_.error_count()) result = result_of(module, returned, instance.places.count);
  }
  calls_.pop_back();
  builder_.set_origin(before);
  return result;
}

/// What a body returned, in the graph and of the shape promised, behind the axis of places if there is one.
Value Elaborator::result_of(const ast::Module& module, const Value& value, std::int64_t places) {
  if (value.poisoned()) return value;
  const auto id = tensor(value, module.name.span);
  if (!id) return Poison{};
  if (!module.result) return Tensor{*id};
  const auto wanted = shape(*module.result);
  if (!wanted) return Poison{};
  Shape found = graph_.shape(*id);
  if (places > 0) found.erase(found.begin());
  if (*wanted == found) return Tensor{*id};
  report(DiagnosticKind::result_shape, module.result->span, module.name.text, graph::to_string(*wanted),
         graph::to_string(found));
  return Poison{};
}

bool Elaborator::take_options(const ast::Module& module, Arguments& arguments, CircuitOptions& options) {
  if (module.kind != ast::ModuleKind::circuit) return true;
  bool fits = true;
  auto option = [&](const BoundArgument& argument) {
    const bool declared = std::any_of(module.parameters.begin(), module.parameters.end(),
                                      [&](const auto& parameter) { return parameter.name.text == argument.name; });
    return !declared && is_option(argument.name);
  };
  for (const BoundArgument& argument : arguments) {
    if (!option(argument)) continue;
    if (argument.name == "shots") {
      const auto shots = integer(argument.value, argument.span);
      if (shots && (*shots < 0 || *shots > most_shots))
        report(DiagnosticKind::bad_measurement, argument.span,
               fmt::format("{} shots, where 0 (exact) to {} are possible", *shots, most_shots));
      options.shots = shots.value_or(0);
      fits = fits && shots && options.shots >= 0 && options.shots <= most_shots;
      continue;
    }
    const bool gradient = argument.name == "gradient";
    const char* const words[] = {gradient ? "exact" : "state", gradient ? "shift" : "density"};
    const std::string word = argument.value.is<std::string>() ? argument.value.as<std::string>() : "";
    if (word != words[0] && word != words[1]) {
      report(DiagnosticKind::unknown_choice, argument.span, argument.name,
             word.empty() ? describe(argument.value) : word)
          .help(fmt::format("it is `{}` or `{}`", words[0], words[1]));
      fits = false;
    } else if (gradient) {
      options.shift = word == words[1];
    } else {
      options.simulation = word == words[1] ? circuit::Simulation::density : circuit::Simulation::state;
    }
  }
  std::erase_if(arguments, option);
  return fits;
}

bool Elaborator::root(std::string_view name) {
  Span span{library_.program.files.empty() ? 0 : library_.program.files.back().id, 0, 0};
  const ast::Item* found = item(std::string(name));
  const auto* module = found ? std::get_if<ast::Module>(&found->node) : nullptr;
  if (!module) {
    std::vector<std::string> names;
    for (const auto& [known, candidate] : program_.items)
      if (std::holds_alternative<ast::Module>(candidate->node)) names.push_back(known);
    report(DiagnosticKind::unknown_name, span, "net", name).did_you_mean(dsl::nearest(name, names));
    return false;
  }
  span = module->name.span;
  Scope scope{nullptr, true, {}};
  Arguments arguments;
  {
    Saved<Scope*> inside(scope_, &scope);
    for (const ast::Parameter& parameter : module->parameters)
      if (!takes_tensor(parameter) && parameter.default_value)
        scope.names[parameter.name.text] = eval(*parameter.default_value);
    bool known = true;
    for (const ast::Parameter& parameter : module->parameters) {
      if (!takes_tensor(parameter)) continue;
      const auto extents = parameter.shape ? shape(*parameter.shape) : Shape{};
      const auto classes = parameter.shape ? 0 : classes_of(parameter);
      known = known && extents && classes;
      if (!extents || !classes) continue;
      builder_.set_origin(
          {static_cast<std::int32_t>(parameter.span.file), parameter.span.begin, parameter.span.end, -1});
      const ValueId id = builder_.input(parameter.name.text, {*extents, true}, *classes);
      const Value value = parameter.shape ? Value(Tensor{id}) : Value(Label{id, *classes});
      arguments.push_back({parameter.name.text, value, parameter.span, parameter.name.span});
    }
    if (!known) return false;
  }
  const Value result = instantiate(*module, std::move(arguments), span, Instance{});
  if (!result.is<Tensor>()) return false;
  graph_.outputs.push_back({"out", result.as<Tensor>().id});
  return true;
}

}  // namespace qiln::elaboration
