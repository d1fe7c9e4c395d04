// The attributes of every primitive as data: which struct a primitive carries, and the fields of each struct by name.
// The text form and the verifier loop over these instead of naming primitives.
#pragma once

#include "compiler/graph/graph.h"

namespace qiln::graph {

/// A default value of the struct that nodes of `op` carry.
Attributes default_attributes(Primitive op);

/// Calls visit(name, field) for each field of an attribute struct.
template <class Visit>
void each_field(std::monostate, Visit&&) {}
template <class A, class Visit>
requires std::is_same_v<std::remove_const_t<A>, InputAttributes>
void each_field(A& a, Visit&& visit) {
  visit("name", a.name);
  visit("classes", a.classes);
}
template <class A, class Visit>
requires std::is_same_v<std::remove_const_t<A>, ParamAttributes>
void each_field(A& a, Visit&& visit) {
  visit("path", a.path);
  visit("trainable", a.trainable);
  visit("initialiser", a.initialiser);
  visit("a", a.a);
  visit("b", a.b);
}
template <class A, class Visit>
requires std::is_same_v<std::remove_const_t<A>, ConstantAttributes>
void each_field(A& a, Visit&& visit) { visit("values", a.values); }
template <class A, class Visit>
requires std::is_same_v<std::remove_const_t<A>, RandomAttributes>
void each_field(A& a, Visit&& visit) {
  visit("distribution", a.distribution);
  visit("site", a.site);
  visit("bound", a.bound);
}
template <class A, class Visit>
requires std::is_same_v<std::remove_const_t<A>, AxesAttributes>
void each_field(A& a, Visit&& visit) { visit("axes", a.axes); }
template <class A, class Visit>
requires std::is_same_v<std::remove_const_t<A>, StrideAttributes>
void each_field(A& a, Visit&& visit) {
  visit("start", a.start);
  visit("step", a.step);
}
template <class A, class Visit>
requires std::is_same_v<std::remove_const_t<A>, ContractAttributes>
void each_field(A& a, Visit&& visit) {
  visit("space", a.space);
  visit("output", a.output);
  visit("operands", a.operands);
}
template <class A, class Visit>
requires std::is_same_v<std::remove_const_t<A>, CircuitAttributes>
void each_field(A& a, Visit&& visit) {
  visit("index", a.index);
  visit("places", a.places);
  visit("mapped", a.mapped);
}

/// The words of an enumeration field, in enumerator order.
inline constexpr const char* initialiser_words[] = {"uniform", "normal", "constant"};
inline constexpr const char* distribution_words[] = {"uniform", "normal", "integer"};

}  // namespace qiln::graph
