// Index bindings: what stands on the left, where indices get their ranges, and what is bound in the end.
#include <fmt/core.h>

#include <algorithm>

#include "compiler/graph/verify.h"
#include "compiler/indexed_expression.h"

namespace qiln::elaboration {

using dsl::DiagnosticKind;

void Elaborator::index_binding(const ast::IndexBinding& node) {
  Saved<std::string> name(instance_->binding, node.name.text);
  const graph::Origin before = builder_.origin();
  builder_.set_origin(origin_at(node.value.span));

  const std::optional<Value> target = lookup(node.name.text);
  const bool bare = std::all_of(node.subscripts.begin(), node.subscripts.end(), [](const ast::LeftSubscript& each) {
    return std::holds_alternative<ast::Reference>(each.index.node) ||
           std::holds_alternative<ast::LeadingAxes>(each.index.node);
  });
  const bool declared = target && (target->is<Declared>() || (!bare && target->is<Tensor>()));
  Value result = Poison{};
  if (target && target->poisoned()) {
    // said already
  } else if (!bare && !declared) {
    report(DiagnosticKind::unknown_extent, node.name.span, node.name.text)
        .help(fmt::format("state the shape before: `{}: [...]`", node.name.text));
  } else {
    IndexedExpression expression(*this, node, declared);
    std::optional<ValueId> id;
    if (expression.prepare()) {
      if (!declared) {
        id = expression.gathered();
      } else {
        const bool first = target->is<Declared>();
        id = expression.scattered(first ? target->as<Declared>().shape : shape_of(*target));
        if (id && !first) id = builder_.add(target->as<Tensor>().id, *id);
      }
    }
    if (id) result = Tensor{*id};
  }
  builder_.set_origin(before);
  assign(node.name.text, std::move(result));
}

IndexedExpression::IndexedExpression(Elaborator& elaborator, const ast::IndexBinding& binding, bool declared)
    : elaborator_(elaborator), binding_(binding), declared_(declared) {}

namespace {

/// The direct parts of an expression.
std::vector<const ast::Expr*> children(const ast::Expr& expr) {
  std::vector<const ast::Expr*> parts;
  auto all = [&](const std::vector<ast::Expr>& list) {
    for (const ast::Expr& each : list) parts.push_back(&each);
  };
  std::visit(Overloaded{
                 [&](const ast::Unary& node) { parts = {&*node.operand}; },
                 [&](const ast::Binary& node) {
                   parts = {&*node.left, &*node.right};
                 },
                 [&](const ast::Conditional& node) {
                   parts = {&*node.condition, &*node.then, &*node.otherwise};
                 },
                 [&](const ast::Range& node) {
                   parts = {&*node.begin, &*node.end};
                 },
                 [&](const ast::Call& node) {
                   for (const ast::Argument& argument : node.arguments) parts.push_back(&*argument.value);
                 },
                 [&](const ast::Pipe& node) {
                   parts = {&*node.value, &*node.stage};
                 },
                 [&](const ast::Index& node) {
                   parts = {&*node.base};
                   all(node.subscripts);
                 },
                 [&](const ast::List& node) { all(node.elements); },
                 [&](const ast::Tuple& node) { all(node.elements); },
                 [&](const ast::Comprehension& node) { parts = {&*node.element}; },
                 [&](const ast::Reduction& node) { parts = {&*node.body}; },
                 [](const auto&) {},
             },
             expr.node);
  return parts;
}

/// `w[o][i]` is `w[o, i]`.
const ast::Expr& flattened(const ast::Expr& expr, std::vector<const ast::Expr*>& subscripts) {
  const auto* node = std::get_if<ast::Index>(&expr.node);
  if (!node) return expr;
  const ast::Expr& base = flattened(*node->base, subscripts);
  for (const ast::Expr& each : node->subscripts) subscripts.push_back(&each);
  return base;
}

}  // namespace

IndexId IndexedExpression::add(const std::string& name, Span span) {
  indices_.push_back({name, span, {}});
  return static_cast<IndexId>(indices_.size()) - 1;
}

bool IndexedExpression::set_extent(IndexId id, std::int64_t extent, Span span) {
  Index& index = indices_[id];
  if (!index.extent) {
    index.extent = extent;
    index.span = span;
    return true;
  }
  if (*index.extent == extent) return true;
  elaborator_.report(DiagnosticKind::index_conflict, span, index.name, extent, *index.extent)
      .note(fmt::format("it runs to {} here", *index.extent), index.span);
  return false;
}

bool IndexedExpression::mentions(const ast::Expr& expr) const {
  if (const auto* reference = std::get_if<ast::Reference>(&expr.node)) return visible_.contains(reference->name);
  if (std::holds_alternative<ast::LeadingAxes>(expr.node)) return true;
  if (const auto* node = std::get_if<ast::Reduction>(&expr.node)) {
    if (reductions_.contains(node)) return true;
  }
  const auto parts = children(expr);
  return std::any_of(parts.begin(), parts.end(), [this](const ast::Expr* part) { return mentions(*part); });
}

/// The names of the left side become indices, except those that are compile-time numbers in a declared tensor.
bool IndexedExpression::left_side() {
  auto declare = [&](const ast::Expr& expr, const std::string& name) {
    if (!visible_.contains(name)) visible_[name] = {add(name, expr.span)};
  };
  auto is_number = [&](const std::string& name) {
    const auto value = elaborator_.lookup(name);
    return value && value->number();
  };
  auto names = [&](auto&& self, const ast::Expr& expr) -> void {
    const auto* reference = std::get_if<ast::Reference>(&expr.node);
    if (reference && !is_number(reference->name)) declare(expr, reference->name);
    for (const ast::Expr* part : children(expr)) self(self, *part);
  };
  for (const ast::LeftSubscript& subscript : binding_.subscripts) {
    if (const auto* leading = std::get_if<ast::LeadingAxes>(&subscript.index.node)) {
      visible_[leading->name] = {};
      continue;
    }
    const auto* reference = std::get_if<ast::Reference>(&subscript.index.node);
    if (!reference || declared_) {
      names(names, subscript.index);
    } else {
      declare(subscript.index, reference->name);
    }
    if (!subscript.range) continue;
    const auto* range = std::get_if<ast::Range>(&subscript.range->node);
    const auto stretch = range ? elaborator_.stretch(*range) : std::nullopt;
    if (!stretch || !reference) return false;
    if (stretch->begin != 0 || stretch->step != 1) {
      elaborator_.report(DiagnosticKind::bad_shape, subscript.range->span, "an index begins at 0 and goes by 1");
      return false;
    }
    if (!set_extent(visible_[reference->name][0], stretch->end, subscript.range->span)) return false;
  }
  return true;
}

bool IndexedExpression::visit_reduction(const ast::Reduction& node) {
  const Visible outer = visible_;
  Visible own;
  bool fine = true;
  for (const ast::ReductionIndex& index : node.indices) {
    const IndexId id = add(index.name.text, index.name.span);
    own[index.name.text] = visible_[index.name.text] = {id};
    if (!index.range) continue;
    const auto* range = std::get_if<ast::Range>(&(*index.range)->node);
    const auto stretch = range ? elaborator_.stretch(*range) : std::nullopt;
    if (!stretch) {
      fine = false;
    } else if (stretch->begin != 0 || stretch->step != 1) {
      elaborator_.report(DiagnosticKind::bad_shape, (*index.range)->span, "an index begins at 0 and goes by 1");
      fine = false;
    } else {
      fine = set_extent(id, stretch->end, (*index.range)->span) && fine;
    }
  }
  reductions_[&node] = own;
  fine = fine && visit(*node.body);
  visible_ = outer;
  // Leading axes met in the body were sized there.
  for (auto& [name, ids] : visible_)
    if (ids.empty() && reductions_.contains(&node))
      if (auto found = reductions_[&node].find(name); found != reductions_[&node].end()) ids = found->second;
  return fine;
}

/// An access tells the extents of the indices that stand bare in it.
bool IndexedExpression::visit_access(const ast::Expr& expr) {
  std::vector<const ast::Expr*> subscripts;
  const ast::Expr& base = flattened(expr, subscripts);
  if (!bases_.contains(&base)) {
    const Value value = elaborator_.eval(base);
    if (value.poisoned()) return false;
    const auto id = elaborator_.tensor(value, base.span);
    if (!id) return false;
    bases_[&base] = Tensor{*id};
  }
  const Shape shape = elaborator_.shape_of(bases_[&base]);
  const bool leads = std::any_of(subscripts.begin(), subscripts.end(), [](const ast::Expr* each) {
    return std::holds_alternative<ast::LeadingAxes>(each->node);
  });
  if (leads ? subscripts.size() > shape.size() + 1 : subscripts.size() != shape.size()) {
    elaborator_.report(DiagnosticKind::index_count, expr.span, subscripts.size(), shape.size(),
                       graph::to_string(shape));
    return false;
  }
  std::size_t axis = 0;
  bool fine = true;
  for (const ast::Expr* subscript : subscripts) {
    if (const auto* leading = std::get_if<ast::LeadingAxes>(&subscript->node)) {
      const std::size_t count = shape.size() + 1 - subscripts.size();
      auto group = visible_.find(leading->name);
      if (group == visible_.end()) {
        elaborator_.report(DiagnosticKind::unbound_index, subscript->span, leading->name + "..");
        return false;
      }
      if (group->second.empty())
        for (std::size_t k = 0; k < count; ++k)
          group->second.push_back(add(fmt::format("{}..{}", leading->name, k), subscript->span));
      for (auto& [node, own] : reductions_)
        if (!own.contains(leading->name)) own[leading->name] = group->second;
      for (std::size_t k = 0; k < count && k < group->second.size(); ++k)
        fine = set_extent(group->second[k], shape[axis + k], subscript->span) && fine;
      axis += count;
      continue;
    }
    const auto* reference = std::get_if<ast::Reference>(&subscript->node);
    if (reference && visible_.contains(reference->name))
      fine = set_extent(visible_[reference->name][0], shape[axis], subscript->span) && fine;
    ++axis;
  }
  return fine;
}

bool IndexedExpression::visit(const ast::Expr& expr) {
  if (const auto* node = std::get_if<ast::Reduction>(&expr.node)) return visit_reduction(*node);
  if (!mentions(expr)) {
    // Reductions below have indices of their own.
    bool fine = true;
    for (const ast::Expr* part : children(expr)) fine = visit(*part) && fine;
    return fine;
  }
  if (std::holds_alternative<ast::Index>(expr.node)) return visit_access(expr);
  bool fine = true;
  for (const ast::Expr* part : children(expr)) fine = visit(*part) && fine;
  return fine;
}

bool IndexedExpression::prepare() {
  if (!left_side() || !visit(binding_.value)) return false;
  for (const ast::LeftSubscript& subscript : binding_.subscripts) {
    if (const auto* leading = std::get_if<ast::LeadingAxes>(&subscript.index.node)) {
      for (IndexId id : visible_[leading->name]) left_.push_back(bare(id));
      continue;
    }
    const auto sum = affine(subscript.index);
    if (!sum) return false;
    left_.push_back(*sum);
  }
  bool fine = true;
  for (const Sum& sum : left_)
    for (const auto& [id, coefficient] : sum.coefficients) places_.emplace(id, static_cast<int>(places_.size()));
  for (IndexId id = 0; id < static_cast<IndexId>(indices_.size()); ++id) {
    places_.emplace(id, static_cast<int>(places_.size()));
    if (indices_[id].extent) continue;
    elaborator_.report(DiagnosticKind::unknown_range, indices_[id].span, indices_[id].name)
        .help(fmt::format("state it: `{} in 0..n`", indices_[id].name));
    fine = false;
  }
  return fine;
}

std::optional<ValueId> IndexedExpression::gathered() {
  auto result = eval(binding_.value);
  if (!result) return {};
  std::vector<IndexId> axes;
  for (const Sum& sum : left_) axes.push_back(sum.coefficients.begin()->first);
  if (ordered(axes) != axes) {
    elaborator_.report(DiagnosticKind::bad_shape, binding_.name.span, "an index stands twice on the left");
    return {};
  }
  const Shape shape = extents(axes);
  if (result->value.number()) return elaborator_.builder_.constant(result->value.real(), shape);
  const auto id = elaborator_.tensor(result->value, binding_.value.span);
  if (!id) return {};
  std::vector<int> positions;
  for (IndexId axis : result->axes)
    positions.push_back(static_cast<int>(std::find(axes.begin(), axes.end(), axis) - axes.begin()));
  return elaborator_.builder_.broadcast(*id, shape, positions);
}

std::optional<ValueId> IndexedExpression::scattered(const Shape& into) {
  if (left_.size() != into.size()) {
    elaborator_.report(DiagnosticKind::index_count, binding_.name.span, left_.size(), into.size(),
                       graph::to_string(into));
    return {};
  }
  Product product;
  std::vector<IndexId> space;
  const auto* node = std::get_if<ast::Reduction>(&binding_.value.node);
  const bool sum = node && node->op == ast::ReductionOp::sum;
  const Visible outer = visible_;
  if (sum)
    for (const auto& [name, ids] : reductions_[node]) {
      visible_[name] = ids;
      space.insert(space.end(), ids.begin(), ids.end());
    }
  const bool collected = collect(sum ? *node->body : binding_.value, product);
  visible_ = outer;
  if (!collected) return {};
  for (const Sum& each : left_)
    for (const auto& [id, coefficient] : each.coefficients) space.push_back(id);
  for (const Access& factor : product.factors)
    for (const Sum& each : factor.map)
      for (const auto& [id, coefficient] : each.coefficients) space.push_back(id);
  return contraction(product, ordered(std::move(space)), left_, into);
}

}  // namespace qiln::elaboration
