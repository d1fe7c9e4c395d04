// The right side of an index binding: tensors whose axes are indices.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/elaborator.h"

namespace qiln::elaboration {

using IndexId = int;

/// A number (no axes) or a tensor with an axis for each of `axes`, in the order of IndexedExpression.
struct Indexed {
  Value value;
  std::vector<IndexId> axes;
};

class IndexedExpression {
 public:
  IndexedExpression(Elaborator& elaborator, const ast::IndexBinding& binding, bool declared);

  /// Finds the indices and their ranges; false when reported.
  bool prepare();
  /// The result over the left side's indices, which all stand bare.
  std::optional<ValueId> gathered();
  /// What the binding adds to a tensor of shape `into`, each element where the left side says.
  std::optional<ValueId> scattered(const Shape& into);

 private:
  struct Index {
    std::string name;
    Span span;
    std::optional<std::int64_t> extent;
  };
  /// offset + the sum of coefficients of indices.
  struct Sum {
    std::map<IndexId, std::int64_t> coefficients;
    std::int64_t offset = 0;
  };
  struct Access {
    ValueId tensor = graph::no_value;
    std::vector<Sum> map;
  };
  using Visible = std::map<std::string, std::vector<IndexId>>;

  IndexId add(const std::string& name, Span span);
  bool set_extent(IndexId id, std::int64_t extent, Span span);
  bool left_side();
  bool visit(const ast::Expr& expr);
  bool visit_access(const ast::Expr& expr);
  bool visit_reduction(const ast::Reduction& node);
  bool mentions(const ast::Expr& expr) const;

  std::optional<Sum> affine(const ast::Expr& expr);
  std::optional<Sum> combined(const Sum& a, const Sum& b, std::int64_t sign) const;
  std::optional<Access> access(const ast::Expr& expr);
  Access without_numbers(Access access);
  /// A subscript inside `max[…]` that may lie outside 0..extent.
  struct Border {
    Sum sum;
    std::int64_t extent = 0;
    Span span;
  };
  void note_border(const Sum& sum, const Access& access, Span span);
  std::optional<Indexed> without_border(Indexed body, const Border& border, const std::vector<IndexId>& over);
  std::optional<Indexed> eval(const ast::Expr& expr);
  std::optional<Indexed> eval_access(const ast::Expr& expr);
  std::optional<Indexed> reduction(const ast::Reduction& node, Span span);
  std::optional<Indexed> maximum(const ast::Reduction& node, const std::vector<IndexId>& over, Span span);
  std::optional<Indexed> call(const Value& callee, const std::string& name, const std::vector<const ast::Expr*>& values,
                              const std::vector<std::string>& names, Span span);
  /// All broadcast to the axes of any; gives those axes.
  std::optional<std::vector<IndexId>> align(std::vector<Indexed>& parts, const std::vector<Span>& spans);

  struct Product {
    double scale = 1;
    std::vector<Access> factors;
  };
  bool collect(const ast::Expr& expr, Product& product, bool inverted = false);
  std::optional<Indexed> contracted(Product product, const std::vector<IndexId>& summed);
  ValueId contraction(const Product& product, const std::vector<IndexId>& space, const std::vector<Sum>& output,
                      const Shape& result);
  graph::Affine over(const Sum& sum, const std::vector<IndexId>& space) const;
  std::vector<IndexId> ordered(std::vector<IndexId> ids) const;
  Shape extents(const std::vector<IndexId>& ids) const;
  static Sum bare(IndexId id) { return Sum{{{id, 1}}, 0}; }

  Elaborator& elaborator_;
  const ast::IndexBinding& binding_;
  bool declared_;
  std::vector<Index> indices_;
  Visible visible_;
  std::vector<Border>* borders_ = nullptr;  // of the maximum around
  std::map<const ast::Reduction*, Visible> reductions_;
  std::map<const ast::Expr*, Value> bases_;
  std::vector<Sum> left_;          // one a subscript, leading axes written out
  std::map<IndexId, int> places_;  // order of axes: the left side's, then the reductions'
};

}  // namespace qiln::elaboration
