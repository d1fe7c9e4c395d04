// The settings structs, adapted and flattened into run-time tables.
#include <fmt/format.h>

#include <boost/hana/accessors.hpp>
#include <boost/hana/adapt_struct.hpp>
#include <boost/hana/at.hpp>
#include <boost/hana/core/to.hpp>
#include <boost/hana/first.hpp>
#include <boost/hana/length.hpp>
#include <boost/hana/second.hpp>
#include <boost/hana/string.hpp>
#include <boost/hana/tuple.hpp>
#include <utility>

#include "dsl/print_expression.h"
#include "dsl/settings_reader.h"

BOOST_HANA_ADAPT_STRUCT(qiln::dsl::settings::UniformTime);
BOOST_HANA_ADAPT_STRUCT(qiln::dsl::settings::WeightedTime, density);
BOOST_HANA_ADAPT_STRUCT(qiln::dsl::settings::GaussianNoise);
BOOST_HANA_ADAPT_STRUCT(qiln::dsl::settings::QuantumNoise, circuit, shots, angles, share, path, control);
BOOST_HANA_ADAPT_STRUCT(qiln::dsl::settings::Diffusion, steps, schedule, predict, loss, weight, time, noise,
                        label_dropout);
BOOST_HANA_ADAPT_STRUCT(qiln::dsl::settings::Classification, loss);
BOOST_HANA_ADAPT_STRUCT(qiln::dsl::settings::Regression, target, loss);
BOOST_HANA_ADAPT_STRUCT(qiln::dsl::settings::Model, network, objective);
BOOST_HANA_ADAPT_STRUCT(qiln::dsl::settings::Mnist, labels, split);
BOOST_HANA_ADAPT_STRUCT(qiln::dsl::settings::Data, source, limit, held_out, seed);
BOOST_HANA_ADAPT_STRUCT(qiln::dsl::settings::Adam, lr, beta1, beta2, eps, weight_decay);
BOOST_HANA_ADAPT_STRUCT(qiln::dsl::settings::AdamW, lr, beta1, beta2, eps, weight_decay);
BOOST_HANA_ADAPT_STRUCT(qiln::dsl::settings::Sgd, lr, momentum, nesterov, weight_decay);
BOOST_HANA_ADAPT_STRUCT(qiln::dsl::settings::ConstantRate, warmup);
BOOST_HANA_ADAPT_STRUCT(qiln::dsl::settings::CosineRate, warmup, floor, steps);
BOOST_HANA_ADAPT_STRUCT(qiln::dsl::settings::StepRate, every, factor, warmup);
BOOST_HANA_ADAPT_STRUCT(qiln::dsl::settings::Group, paths, lr, weight_decay);
BOOST_HANA_ADAPT_STRUCT(qiln::dsl::settings::Train, steps, batch, accumulate, optimizer, lr_schedule, groups, clip, ema,
                        seed, checkpoint_every, keep_every, evaluate_every, patience, sample_every);
BOOST_HANA_ADAPT_STRUCT(qiln::dsl::settings::Ddpm, clip);
BOOST_HANA_ADAPT_STRUCT(qiln::dsl::settings::Ddim, steps, eta, clip);
BOOST_HANA_ADAPT_STRUCT(qiln::dsl::settings::DpmSolver, steps, clip);
BOOST_HANA_ADAPT_STRUCT(qiln::dsl::settings::Heun, steps, clip);
BOOST_HANA_ADAPT_STRUCT(qiln::dsl::settings::Sample, count, sampler, labels, guidance, seed);
BOOST_HANA_ADAPT_STRUCT(qiln::dsl::settings::Eval, count, seed);

namespace qiln::dsl::settings {
namespace {

namespace hana = boost::hana;

/// The words of an enumeration, in its order.
template <typename Enum>
std::vector<std::string> words_of();
template <>
std::vector<std::string> words_of<Prediction>() {
  return {"noise", "sample", "velocity", "previous"};
}
template <>
std::vector<std::string> words_of<Angles>() {
  return {"uniform", "fixed"};
}
template <>
std::vector<std::string> words_of<NoisePath>() {
  return {"interpolant", "markov"};
}
template <>
std::vector<std::string> words_of<NoiseControl>() {
  return {"none", "gaussian", "independent", "tiled"};
}
template <>
std::vector<std::string> words_of<RegressionTarget>() {
  return {"image", "label"};
}
template <>
std::vector<std::string> words_of<Split>() {
  return {"train", "test"};
}

template <typename Struct>
const Schema& schema_of(const std::string& name);

void expected(const Place& place, const ast::Expr& value, const std::string& type, const std::string& found) {
  place.diagnostics.report(DiagnosticKind::setting_type, value.span, place.path, type, found);
}

std::string describe(const Limits& limits) {
  const bool below = limits.least > any.least, above = limits.most < any.most;
  if (below && above)
    return fmt::format("{} {} and {}", limits.open ? "strictly between" : "between", limits.least, limits.most);
  return below ? fmt::format("{} {}", limits.open ? "more than" : "at least", limits.least)
               : fmt::format("{} {}", limits.open ? "less than" : "at most", limits.most);
}

bool within(double number, const Limits& limits, const ast::Expr& value, const Place& place) {
  const bool fits =
      limits.open ? number > limits.least && number < limits.most : number >= limits.least && number <= limits.most;
  if (!fits) place.diagnostics.report(DiagnosticKind::setting_range, value.span, place.path, describe(limits), number);
  return fits;
}

void choose_among(const ast::Expr& value, const std::string& found, const std::vector<std::string>& words,
                  const Place& place) {
  Diagnostic& diagnostic = place.diagnostics.report(DiagnosticKind::unknown_choice, value.span, place.path, found);
  if (const auto suggestion = nearest(found, words))
    diagnostic.did_you_mean(suggestion);
  else
    diagnostic.help(fmt::format("it is {}`{}`", words.size() > 1 ? "one of " : "", fmt::join(words, "`, `")));
}

/// How one type of value is named, shown and read.
template <typename T>
struct Kind;

template <>
struct Kind<std::int64_t> {
  static std::string type() { return "an integer"; }
  static std::string text(std::int64_t value) { return std::to_string(value); }
  static bool read(const ast::Expr& value, std::int64_t& out, const Limits& limits, const Place& place) {
    const auto constant = place.constants.evaluate(value);
    if (!constant) return false;
    const auto* integer = std::get_if<std::int64_t>(&constant->value);
    if (!integer) return expected(place, value, type(), kind_of(*constant)), false;
    if (!within(static_cast<double>(*integer), limits, value, place)) return false;
    out = *integer;
    return true;
  }
};

template <>
struct Kind<double> {
  static std::string type() { return "a number"; }
  static std::string text(double value) { return fmt::format("{}", value); }
  static bool read(const ast::Expr& value, double& out, const Limits& limits, const Place& place) {
    const auto constant = place.constants.evaluate(value);
    if (!constant) return false;
    const auto number = constant->number();
    if (!number) return expected(place, value, type(), kind_of(*constant)), false;
    if (!within(*number, limits, value, place)) return false;
    out = *number;
    return true;
  }
};

template <>
struct Kind<bool> {
  static std::string type() { return "`true` or `false`"; }
  static std::string text(bool value) { return value ? "true" : "false"; }
  static bool read(const ast::Expr& value, bool& out, const Limits&, const Place& place) {
    const auto constant = place.constants.evaluate(value);
    if (!constant) return false;
    const auto* truth = std::get_if<bool>(&constant->value);
    if (!truth) return expected(place, value, type(), kind_of(*constant)), false;
    out = *truth;
    return true;
  }
};

template <>
struct Kind<std::string> {
  static std::string type() { return "a string"; }
  static std::string text(const std::string& value) { return fmt::format("\"{}\"", value); }
  static bool read(const ast::Expr& value, std::string& out, const Limits&, const Place& place) {
    const auto constant = place.constants.evaluate(value);
    if (!constant) return false;
    const auto* text = std::get_if<std::string>(&constant->value);
    if (!text) return expected(place, value, type(), kind_of(*constant)), false;
    out = *text;
    return true;
  }
};

template <>
struct Kind<std::vector<std::int64_t>> {
  static std::string type() { return "a list of integers"; }
  static std::string text(const std::vector<std::int64_t>& value) {
    return fmt::format("[{}]", fmt::join(value, ", "));
  }
  static bool read(const ast::Expr& value, std::vector<std::int64_t>& out, const Limits& limits, const Place& place) {
    const auto constant = place.constants.evaluate(value);
    if (!constant) return false;
    const auto* list = std::get_if<std::vector<Constant>>(&constant->value);
    if (!list) return expected(place, value, type(), kind_of(*constant)), false;
    std::vector<std::int64_t> integers;
    for (const Constant& element : *list) {
      const auto* integer = std::get_if<std::int64_t>(&element.value);
      if (!integer) return expected(place, value, type(), "a list with " + kind_of(element)), false;
      if (!within(static_cast<double>(*integer), limits, value, place)) return false;
      integers.push_back(*integer);
    }
    out = std::move(integers);
    return true;
  }
};

template <typename T>
struct Kind<std::optional<T>> {
  static std::string type() { return Kind<T>::type(); }
  static std::string text(const std::optional<T>& value) { return value ? Kind<T>::text(*value) : "unset"; }
  static bool read(const ast::Expr& value, std::optional<T>& out, const Limits& limits, const Place& place) {
    T inner{};
    if (!Kind<T>::read(value, inner, limits, place)) return false;
    out = inner;
    return true;
  }
};

template <>
struct Kind<Callee> {
  static std::string type() { return "a name"; }
  static std::string text(const Callee& value) {
    if (value.name.text.empty()) return "unset";
    return value.arguments.empty() ? value.name.text
                                   : fmt::format("{}({})", value.name.text, print_arguments(value.arguments));
  }
  static bool read(const ast::Expr& value, Callee& out, const Limits&, const Place& place) {
    const auto name = name_of(value);
    if (!name) return expected(place, value, type(), kind_of(value)), false;
    const auto* call = std::get_if<ast::Call>(&value.node);
    out = {*name, call ? call->arguments : std::vector<ast::Argument>{}};
    return true;
  }
};

template <typename Enum>
requires std::is_enum_v<Enum>
struct Kind<Enum> {
  static std::string type() { return fmt::format("`{}`", fmt::join(words_of<Enum>(), "` or `")); }
  static std::string text(Enum value) { return words_of<Enum>()[static_cast<std::size_t>(value)]; }
  static bool read(const ast::Expr& value, Enum& out, const Limits&, const Place& place) {
    const auto* reference = std::get_if<ast::Reference>(&value.node);
    if (!reference) return expected(place, value, type(), kind_of(value)), false;
    const std::vector<std::string> words = words_of<Enum>();
    for (std::size_t i = 0; i < words.size(); ++i)
      if (words[i] == reference->name) return out = static_cast<Enum>(i), true;
    return choose_among(value, reference->name, words, place), false;
  }
};

/// One of several calls; a call without arguments needs no parentheses.
template <typename... Calls>
struct Kind<std::variant<Calls...>> {
  static std::vector<std::string> words() { return {std::string(Calls::name)...}; }
  static std::string type() { return fmt::format("`{}(…)`", fmt::join(words(), "(…)` or `")); }
  static std::string text(const std::variant<Calls...>& value) { return words()[value.index()]; }
  static std::vector<const Schema*> schemas() { return {&schema_of<Calls>(std::string(Calls::name))...}; }

  static bool read(const ast::Expr& value, std::variant<Calls...>& out, const Limits&, const Place& place) {
    const auto name = name_of(value);
    if (!name) return expected(place, value, type(), kind_of(value)), false;
    if ((try_read<Calls>(name->text, value, out, place) || ...)) return true;
    ast::Expr at{ast::Reference{name->text}, name->span};
    return choose_among(at, name->text, words(), place), false;
  }

  template <typename Struct>
  static bool try_read(const std::string& name, const ast::Expr& value, std::variant<Calls...>& out,
                       const Place& place) {
    if (name != Struct::name) return false;
    Struct object;
    std::vector<Given> given;
    if (const auto* call = std::get_if<ast::Call>(&value.node))
      for (const ast::Argument& argument : call->arguments) given.push_back({argument.name, &*argument.value});
    read_members(schema_of<Struct>(name), &object, given, name, place.constants, place.diagnostics);
    out = std::move(object);
    return true;
  }

  static ResolvedSetting resolve(const std::variant<Calls...>& value) {
    return std::visit(
        []<typename Struct>(const Struct& object) -> ResolvedSetting {
          const std::string name(Struct::name);
          return {{}, name, resolve_members(schema_of<Struct>(name), &object)};
        },
        value);
  }
};

/// A list of calls of one kind.
template <typename Call>
requires requires { Call::name; }
struct Kind<std::vector<Call>> {
  using One = Kind<std::variant<Call>>;
  static std::string type() { return "a list of " + One::type(); }
  static std::string text(const std::vector<Call>& value) { return value.empty() ? "[]" : "a list"; }
  static std::vector<const Schema*> schemas() { return One::schemas(); }

  static bool read(const ast::Expr& value, std::vector<Call>& out, const Limits& limits, const Place& place) {
    const auto* list = std::get_if<ast::List>(&value.node);
    if (!list) return expected(place, value, type(), kind_of(value)), false;
    std::vector<Call> calls;
    for (const ast::Expr& element : list->elements) {
      std::variant<Call> call;
      if (!One::read(element, call, limits, place)) return false;
      calls.push_back(std::get<0>(std::move(call)));
    }
    out = std::move(calls);
    return true;
  }

  static ResolvedSetting resolve(const std::vector<Call>& value) {
    ResolvedSetting result{{}, "[]", {}};
    for (const Call& call : value) result.members.push_back(One::resolve(std::variant<Call>(call)));
    return result;
  }
};

template <typename T>
ResolvedSetting resolve(const T& value) {
  if constexpr (requires { Kind<T>::resolve(value); })
    return Kind<T>::resolve(value);
  else
    return {{}, Kind<T>::text(value), {}};
}
template <typename T>
ResolvedSetting resolve(const std::optional<T>& value) {
  return value ? resolve(*value) : ResolvedSetting{};
}

template <typename T>
std::vector<const Schema*> calls_of() {
  if constexpr (requires { Kind<T>::schemas(); })
    return Kind<T>::schemas();
  else
    return {};
}

template <typename Struct, std::size_t index>
void add_member(Schema& schema) {
  constexpr auto accessor = hana::at_c<index>(hana::accessors<Struct>());
  const Struct defaults{};
  const auto& field = hana::second(accessor)(defaults);
  using Value = std::remove_cvref_t<decltype(field.value)>;
  schema.members.push_back(
      {hana::to<const char*>(hana::first(accessor)), Kind<Value>::type(), Kind<Value>::text(field.value),
       std::string(field.help),
       [](void* object, const ast::Expr& value, const Place& place) {
         auto& target = hana::second(hana::at_c<index>(hana::accessors<Struct>()))(*static_cast<Struct*>(object));
         Kind<Value>::read(value, target.value, target.limits, place);
       },
       [](const void* object) {
         return resolve(
             hana::second(hana::at_c<index>(hana::accessors<Struct>()))(*static_cast<const Struct*>(object)).value);
       }});
  for (const Schema* call : calls_of<Value>()) schema.calls.push_back(call);
}

template <typename Struct>
const Schema& schema_of(const std::string& name) {
  static const Schema schema = [&] {
    Schema result{name, {}, {}};
    [&]<std::size_t... index>(std::index_sequence<index...>) { (add_member<Struct, index>(result), ...); }
    (std::make_index_sequence<decltype(hana::length(hana::accessors<Struct>()))::value>());
    return result;
  }();
  return schema;
}

}  // namespace

const std::vector<Block>& blocks() {
  static const std::vector<Block> all = {
      {&schema_of<Model>("model"), [](Settings& settings) -> void* { return &settings.model; }},
      {&schema_of<Data>("data"), [](Settings& settings) -> void* { return &settings.data; }},
      {&schema_of<Train>("train"), [](Settings& settings) -> void* { return &settings.train; }},
      {&schema_of<Sample>("sample"), [](Settings& settings) -> void* { return &settings.sample; }},
      {&schema_of<Eval>("eval"), [](Settings& settings) -> void* { return &settings.eval; }}};
  return all;
}

}  // namespace qiln::dsl::settings
