#include "compiler/indexed_expression.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <set>
#include <utility>

#include "compiler/graph/verify.h"

namespace qiln::elaboration {

using dsl::DiagnosticKind;

std::vector<IndexId> IndexedExpression::ordered(std::vector<IndexId> ids) const {
  std::sort(ids.begin(), ids.end(), [this](IndexId a, IndexId b) { return places_.at(a) < places_.at(b); });
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

Shape IndexedExpression::extents(const std::vector<IndexId>& ids) const {
  Shape shape;
  for (IndexId id : ids) shape.push_back(*indices_[id].extent);
  return shape;
}

std::optional<IndexedExpression::Sum> IndexedExpression::combined(const Sum& a, const Sum& b, std::int64_t sign) const {
  Sum sum = a;
  sum.offset += sign * b.offset;
  for (const auto& [id, coefficient] : b.coefficients) sum.coefficients[id] += sign * coefficient;
  std::erase_if(sum.coefficients, [](const auto& each) { return each.second == 0; });
  return sum;
}

std::optional<IndexedExpression::Sum> IndexedExpression::affine(const ast::Expr& expr) {
  if (!mentions(expr)) {
    const auto number = elaborator_.integer(expr);
    if (!number) return {};
    return Sum{{}, *number};
  }
  if (const auto* reference = std::get_if<ast::Reference>(&expr.node)) return bare(visible_[reference->name][0]);
  if (const auto* node = std::get_if<ast::Unary>(&expr.node); node && node->op == ast::UnaryOp::negate) {
    const auto operand = affine(*node->operand);
    return operand ? combined({}, *operand, -1) : std::nullopt;
  }
  const auto* node = std::get_if<ast::Binary>(&expr.node);
  const bool sum = node && (node->op == ast::BinaryOp::add || node->op == ast::BinaryOp::subtract);
  const bool product =
      node && node->op == ast::BinaryOp::multiply && !(mentions(*node->left) && mentions(*node->right));
  if (!sum && !product) {
    elaborator_.report(DiagnosticKind::not_affine, expr.span);
    return {};
  }
  const auto left = affine(*node->left), right = affine(*node->right);
  if (!left || !right) return {};
  if (sum) return combined(*left, *right, node->op == ast::BinaryOp::add ? 1 : -1);
  return left->coefficients.empty() ? combined({}, *right, left->offset) : combined({}, *left, right->offset);
}

graph::Affine IndexedExpression::over(const Sum& sum, const std::vector<IndexId>& space) const {
  graph::Affine affine{std::vector<std::int64_t>(space.size()), sum.offset};
  for (const auto& [id, coefficient] : sum.coefficients)
    affine.coefficients[std::find(space.begin(), space.end(), id) - space.begin()] = coefficient;
  return affine;
}

std::optional<IndexedExpression::Access> IndexedExpression::access(const ast::Expr& expr) {
  std::vector<const ast::Expr*> subscripts;
  const ast::Expr* base = &expr;
  while (const auto* node = std::get_if<ast::Index>(&base->node)) {
    std::vector<const ast::Expr*> outer;
    for (const ast::Expr& each : node->subscripts) outer.push_back(&each);
    subscripts.insert(subscripts.begin(), outer.begin(), outer.end());
    base = &*node->base;
  }
  Access access{bases_.at(base).as<Tensor>().id, {}};
  for (const ast::Expr* subscript : subscripts) {
    if (const auto* leading = std::get_if<ast::LeadingAxes>(&subscript->node)) {
      for (IndexId id : visible_[leading->name]) access.map.push_back(bare(id));
      continue;
    }
    const auto sum = affine(*subscript);
    if (!sum) return {};
    if (borders_) note_border(*sum, access, subscript->span);
    access.map.push_back(*sum);
  }
  if (access.map.size() == elaborator_.graph_.shape(access.tensor).size()) return without_numbers(std::move(access));
  elaborator_.report(DiagnosticKind::index_count, expr.span, access.map.size(),
                     elaborator_.graph_.shape(access.tensor).size(),
                     graph::to_string(elaborator_.graph_.shape(access.tensor)));
  return {};
}

/// Subscripts that are numbers name a slice, which has fewer axes.
IndexedExpression::Access IndexedExpression::without_numbers(Access access) {
  const Shape shape = elaborator_.graph_.shape(access.tensor);
  const auto is_number = [&](std::size_t a) {
    const Sum& sum = access.map[a];
    return sum.coefficients.empty() && sum.offset >= 0 && sum.offset < shape[a];
  };
  std::vector<std::int64_t> start(shape.size(), 0);
  Shape slice = shape, kept;
  std::vector<Sum> map;
  for (std::size_t a = 0; a < shape.size(); ++a) {
    if (is_number(a)) {
      start[a] = access.map[a].offset;
      slice[a] = 1;
    } else {
      kept.push_back(shape[a]);
      map.push_back(access.map[a]);
    }
  }
  graph::Builder& builder = elaborator_.builder_;
  const ValueId part = builder.slice(access.tensor, start, std::vector<std::int64_t>(shape.size(), 1), slice);
  return {builder.reshape(part, kept), std::move(map)};
}

/// What is read out of range is 0, as sums want it; a maximum has to leave it out, for zero could win.
void IndexedExpression::note_border(const Sum& sum, const Access& access, Span span) {
  const Shape& shape = elaborator_.graph_.shape(access.tensor);
  if (access.map.size() >= shape.size()) return;  // reported by the caller
  std::int64_t low = sum.offset, high = sum.offset;
  for (const auto& [id, coefficient] : sum.coefficients)
    (coefficient < 0 ? low : high) += coefficient * (extents({id})[0] - 1);
  const std::int64_t extent = shape[access.map.size()];
  if (low < 0 || high >= extent) borders_->push_back({sum, extent, span});
}

/// `body` with the lowest number there is wherever the subscript lies outside; nothing when it does so for all indices
/// that the maximum is `over` (reported).
std::optional<Indexed> IndexedExpression::without_border(Indexed body, const Border& border,
                                                         const std::vector<IndexId>& over) {
  std::vector<IndexId> axes;
  for (const auto& [id, coefficient] : border.sum.coefficients) axes.push_back(id);
  axes = ordered(std::move(axes));
  const Shape shape = extents(axes);
  std::vector<double> inside(static_cast<std::size_t>(graph::element_count(shape)));
  std::set<Shape> places, reached;  // values of the indices that stay
  for (std::size_t element = 0; element < inside.size(); ++element) {
    std::int64_t subscript = border.sum.offset;
    auto rest = static_cast<std::int64_t>(element);
    Shape place;
    for (std::size_t k = axes.size(); k-- > 0; rest /= shape[k]) {
      subscript += border.sum.coefficients.at(axes[k]) * (rest % shape[k]);
      if (std::find(over.begin(), over.end(), axes[k]) == over.end()) place.push_back(rest % shape[k]);
    }
    inside[element] = subscript >= 0 && subscript < border.extent;
    places.insert(place);
    if (inside[element] != 0) reached.insert(place);
  }
  if (reached != places) {
    elaborator_.report(DiagnosticKind::bad_shape, border.span, "a maximum has no term that stays in the tensor");
    return {};
  }
  graph::Builder& builder = elaborator_.builder_;
  std::vector<int> positions;
  for (IndexId axis : axes)
    positions.push_back(static_cast<int>(std::find(body.axes.begin(), body.axes.end(), axis) - body.axes.begin()));
  const Shape whole = extents(body.axes);
  const ValueId condition = builder.broadcast(builder.constant(std::move(inside), shape), whole, positions);
  const ValueId lowest = builder.constant(std::numeric_limits<float>::lowest(), whole);
  body.value = Tensor{builder.pointwise(Primitive::select, {condition, body.value.as<Tensor>().id, lowest})};
  return body;
}

ValueId IndexedExpression::contraction(const Product& product, const std::vector<IndexId>& space,
                                       const std::vector<Sum>& output, const Shape& result) {
  graph::Builder& builder = elaborator_.builder_;
  graph::ContractAttributes attributes;
  attributes.space = extents(space);
  for (const Sum& sum : output) attributes.output.push_back(over(sum, space));
  std::vector<ValueId> operands;
  for (const Access& factor : product.factors) {
    operands.push_back(factor.tensor);
    graph::AffineMap& map = attributes.operands.emplace_back();
    for (const Sum& sum : factor.map) map.push_back(over(sum, space));
  }
  if (operands.empty()) {
    operands.push_back(builder.constant(1.0));
    attributes.operands.emplace_back();
  }
  const ValueId id = builder.contract(std::move(attributes), std::move(operands), result);
  return product.scale == 1 ? id : builder.scale(id, product.scale);
}

/// The factors of one product: accesses, numbers, and whatever else over its own indices.
bool IndexedExpression::collect(const ast::Expr& expr, Product& product, bool inverted) {
  if (const auto* node = std::get_if<ast::Binary>(&expr.node); node && !inverted && mentions(expr)) {
    if (node->op == ast::BinaryOp::multiply) return collect(*node->left, product) && collect(*node->right, product);
    if (node->op == ast::BinaryOp::divide && !mentions(*node->right)) {
      const Value divisor = elaborator_.eval(*node->right);
      if (divisor.poisoned()) return false;
      if (divisor.number() && divisor.real() != 0) {
        product.scale /= divisor.real();
        return collect(*node->left, product);
      }
    }
  }
  if (const auto* node = std::get_if<ast::Unary>(&expr.node); node && node->op == ast::UnaryOp::negate) {
    product.scale = -product.scale;
    return collect(*node->operand, product);
  }
  if (std::holds_alternative<ast::Index>(expr.node) && mentions(expr)) {
    auto factor = access(expr);
    if (factor) product.factors.push_back(std::move(*factor));
    return factor.has_value();
  }
  const auto value = eval(expr);
  if (!value) return false;
  if (value->value.number()) {
    product.scale *= value->value.real();
    return true;
  }
  const auto id = elaborator_.tensor(value->value, expr.span);
  if (!id) return false;
  Access factor{*id, {}};
  for (IndexId axis : value->axes) factor.map.push_back(bare(axis));
  product.factors.push_back(std::move(factor));
  return true;
}

std::optional<Indexed> IndexedExpression::contracted(Product product, const std::vector<IndexId>& summed) {
  std::vector<IndexId> used = summed;
  for (const Access& factor : product.factors)
    for (const Sum& sum : factor.map)
      for (const auto& [id, coefficient] : sum.coefficients) used.push_back(id);
  const std::vector<IndexId> space = ordered(std::move(used));
  std::vector<IndexId> axes;
  std::vector<Sum> output;
  for (IndexId id : space) {
    if (std::find(summed.begin(), summed.end(), id) != summed.end()) continue;
    axes.push_back(id);
    output.push_back(bare(id));
  }
  const ValueId id = contraction(product, space, output, extents(axes));
  return Indexed{Tensor{id}, axes};
}

std::optional<Indexed> IndexedExpression::eval_access(const ast::Expr& expr) {
  auto read = access(expr);
  if (!read) return {};
  std::vector<IndexId> axes;
  bool whole = true;
  for (const Sum& sum : read->map) {
    whole = whole && sum.offset == 0 && sum.coefficients.size() == 1 && sum.coefficients.begin()->second == 1;
    if (whole) axes.push_back(sum.coefficients.begin()->first);
  }
  const std::vector<IndexId> order = ordered(axes);
  if (!whole || order.size() != read->map.size()) return contracted(Product{1, {*read}}, {});
  std::vector<int> permutation;
  for (IndexId id : order)
    permutation.push_back(static_cast<int>(std::find(axes.begin(), axes.end(), id) - axes.begin()));
  return Indexed{Tensor{elaborator_.builder_.permute(read->tensor, permutation)}, order};
}

std::optional<Indexed> IndexedExpression::reduction(const ast::Reduction& node, Span span) {
  const Visible outer = visible_;
  std::vector<IndexId> over;
  for (const auto& [name, ids] : reductions_.at(&node)) visible_[name] = ids;
  for (const ast::ReductionIndex& index : node.indices) over.push_back(visible_[index.name.text][0]);
  std::optional<Indexed> result;
  if (node.op == ast::ReductionOp::max) {
    result = maximum(node, over, span);
  } else {
    std::vector<Border>* const borders = std::exchange(borders_, nullptr);
    Product product;
    if (collect(*node.body, product)) result = contracted(std::move(product), over);
    borders_ = borders;
  }
  visible_ = outer;
  return result;
}

std::optional<Indexed> IndexedExpression::maximum(const ast::Reduction& node, const std::vector<IndexId>& over,
                                                  Span span) {
  std::vector<Border> borders;
  std::vector<Border>* const outer = std::exchange(borders_, &borders);
  auto body = eval(*node.body);
  borders_ = outer;
  if (!body) return {};
  auto id = elaborator_.tensor(body->value, span);
  if (!id) return {};
  body->value = Tensor{*id};
  for (const Border& border : borders)
    if (!(body = without_border(std::move(*body), border, over))) return {};
  id = body->value.as<Tensor>().id;
  std::vector<int> axes;
  Indexed result;
  for (std::size_t k = 0; k < body->axes.size(); ++k) {
    if (std::find(over.begin(), over.end(), body->axes[k]) == over.end())
      result.axes.push_back(body->axes[k]);
    else
      axes.push_back(static_cast<int>(k));
  }
  result.value = Tensor{elaborator_.builder_.reduce(Primitive::reduce_max, *id, axes)};
  return result;
}

std::optional<std::vector<IndexId>> IndexedExpression::align(std::vector<Indexed>& parts,
                                                             const std::vector<Span>& spans) {
  std::vector<IndexId> all;
  for (const Indexed& part : parts) all.insert(all.end(), part.axes.begin(), part.axes.end());
  all = ordered(std::move(all));
  const Shape shape = extents(all);
  for (std::size_t k = 0; k < parts.size(); ++k) {
    Indexed& part = parts[k];
    if (part.value.number()) continue;
    const auto id = elaborator_.tensor(part.value, spans[k]);
    if (!id) return {};
    std::vector<int> positions;
    for (IndexId axis : part.axes)
      positions.push_back(static_cast<int>(std::find(all.begin(), all.end(), axis) - all.begin()));
    part = {Tensor{elaborator_.builder_.broadcast(*id, shape, positions)}, all};
  }
  return all;
}

std::optional<Indexed> IndexedExpression::call(const Value& callee, const std::string& name,
                                               const std::vector<const ast::Expr*>& values,
                                               const std::vector<std::string>& names, Span span) {
  std::vector<Indexed> parts;
  std::vector<Span> spans;
  for (const ast::Expr* value : values) {
    auto part = eval(*value);
    if (!part) return {};
    parts.push_back(std::move(*part));
    spans.push_back(value->span);
  }
  const auto axes = align(parts, spans);
  if (!axes) return {};
  Arguments arguments;
  for (std::size_t k = 0; k < parts.size(); ++k) arguments.push_back({names[k], parts[k].value, spans[k], spans[k]});
  Value value = elaborator_.call_value(callee, std::move(arguments), span, name);
  if (value.poisoned()) return {};
  if (value.number()) return Indexed{value, {}};
  if (elaborator_.shape_of(value) == extents(*axes)) return Indexed{value, *axes};
  elaborator_.report(DiagnosticKind::result_shape, span, name, graph::to_string(extents(*axes)),
                     graph::to_string(elaborator_.shape_of(value)));
  return {};
}

std::optional<Indexed> IndexedExpression::eval(const ast::Expr& expr) {
  const Span span = expr.span;
  if (!mentions(expr)) {
    Value value = elaborator_.eval(expr);
    if (value.poisoned()) return {};
    if (value.number() || elaborator_.shape_of(value).empty()) return Indexed{std::move(value), {}};
    elaborator_.report(DiagnosticKind::index_count, span, 0, elaborator_.shape_of(value).size(),
                       graph::to_string(elaborator_.shape_of(value)));
    return {};
  }
  if (const auto* reference = std::get_if<ast::Reference>(&expr.node)) {
    const IndexId id = visible_[reference->name][0];
    std::vector<double> numbers(static_cast<std::size_t>(*indices_[id].extent));
    std::iota(numbers.begin(), numbers.end(), 0.0);
    return Indexed{Tensor{elaborator_.builder_.constant(std::move(numbers), extents({id}))}, {id}};
  }
  if (std::holds_alternative<ast::Index>(expr.node)) return eval_access(expr);
  if (const auto* node = std::get_if<ast::Reduction>(&expr.node)) return reduction(*node, span);

  auto parts_of = [&](std::initializer_list<const ast::Expr*> exprs) {
    std::vector<Indexed> parts;
    std::vector<Span> spans;
    for (const ast::Expr* each : exprs) {
      auto part = eval(*each);
      if (!part) return std::vector<Indexed>{};
      parts.push_back(std::move(*part));
      spans.push_back(each->span);
    }
    if (!align(parts, spans)) parts.clear();
    return parts;
  };
  auto axes_of = [](const std::vector<Indexed>& parts) {
    for (const Indexed& part : parts)
      if (!part.axes.empty()) return part.axes;
    return std::vector<IndexId>{};
  };
  Indexed result;
  if (const auto* node = std::get_if<ast::Unary>(&expr.node)) {
    const auto parts = parts_of({&*node->operand});
    if (parts.empty()) return {};
    result = {elaborator_.unary(node->op, parts[0].value, span), axes_of(parts)};
  } else if (const auto* node = std::get_if<ast::Binary>(&expr.node)) {
    const auto parts = parts_of({&*node->left, &*node->right});
    if (parts.empty()) return {};
    result = {elaborator_.binary(node->op, parts[0].value, parts[1].value, span, node->left->span, node->right->span),
              axes_of(parts)};
  } else if (const auto* node = std::get_if<ast::Conditional>(&expr.node)) {
    const auto parts = parts_of({&*node->condition, &*node->then, &*node->otherwise});
    if (parts.empty()) return {};
    result = {elaborator_.pointwise(Primitive::select, {parts[0].value, parts[1].value, parts[2].value},
                                    {span, span, span}, span),
              axes_of(parts)};
  } else {
    const auto* pipe = std::get_if<ast::Pipe>(&expr.node);
    const auto* call_node = pipe ? &std::get<ast::Call>(pipe->stage->node) : std::get_if<ast::Call>(&expr.node);
    if (!call_node) {
      elaborator_.report(DiagnosticKind::misplaced, span, "an index");
      return {};
    }
    std::vector<const ast::Expr*> values;
    std::vector<std::string> names;
    if (pipe) {
      values.push_back(&*pipe->value);
      names.emplace_back();
    }
    for (const ast::Argument& argument : call_node->arguments) {
      values.push_back(&*argument.value);
      names.push_back(argument.name ? argument.name->text : "");
    }
    const auto name = ast::name_of(*call_node->callee);
    return call(elaborator_.eval(*call_node->callee), name ? name->text : "the value", values, names, span);
  }
  if (result.value.poisoned()) return {};
  return result;
}

}  // namespace qiln::elaboration
