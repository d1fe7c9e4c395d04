#include "compiler/graph/verify.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "compiler/graph/attributes.h"
#include "dsl/error.h"

namespace qiln::graph {
namespace {

class Verifier {
 public:
  explicit Verifier(const Graph& graph) : graph_(graph) {}

  std::vector<std::string> run() {
    for (id_ = 0; id_ < graph_.nodes.size(); ++id_) node();
    std::set<std::string> names;
    for (const Output& output : graph_.outputs) {
      if (output.value >= graph_.nodes.size())
        problems_.push_back(fmt::format("output `{}` names no value", output.name));
      if (!names.insert(output.name).second)
        problems_.push_back(fmt::format("there are two outputs `{}`", output.name));
    }
    return std::move(problems_);
  }

 private:
  const Node& it() const { return graph_.nodes[id_]; }
  const Shape& shape(int k) const { return graph_.shape(it().operands[k]); }
  const Shape& result() const { return it().type.shape; }

  template <class... Args>
  void say(fmt::format_string<Args...> text, Args&&... args) {
    problems_.push_back(
        fmt::format("%{} = {}: {}", id_, primitive(it().op).name, fmt::format(text, std::forward<Args>(args)...)));
  }

  void expect_shape(const Shape& derived) {
    if (result() != derived) say("the type says {}, the operands give {}", to_string(result()), to_string(derived));
  }

  void node() {
    const Node& node = it();
    const auto& row = primitive(node.op);
    if (node.attributes.index() != default_attributes(node.op).index()) return say("attributes of another primitive");
    if (node.origin.path >= static_cast<int>(graph_.paths.size())) say("no such instance path");
    if (row.arity >= 0 && static_cast<int>(node.operands.size()) != row.arity)
      return say("{} operands where there are {}", node.operands.size(), row.arity);
    for (std::int64_t extent : node.type.shape)
      if (extent < 1) return say("an extent of {}", extent);
    bool varying = false;
    for (ValueId operand : node.operands) {
      if (operand >= id_) return say("the operand %{} does not stand before it", operand);
      varying = varying || graph_.varying(operand);
    }
    variation(varying);
    switch (row.kind) {
      case PrimitiveKind::leaf:
        return leaf();
      case PrimitiveKind::pointwise:
        return pointwise();
      case PrimitiveKind::reduce:
        return reduce();
      case PrimitiveKind::contract:
        return contract();
      case PrimitiveKind::movement:
        return movement();
      case PrimitiveKind::batch:
      case PrimitiveKind::identity:
        return expect_shape(shape(0));
      case PrimitiveKind::circuit:
        return circuit();
    }
  }

  void variation(bool operands) {
    const Node& node = it();
    switch (node.op) {
      case Primitive::input:
      case Primitive::random:
        return;
      case Primitive::batch_sum:
        if (!operands) say("its operand is uniform already");
        if (node.type.varying) say("a sum over the batch is uniform");
        return;
      default:
        if (node.type.varying != operands)
          say("{}, but {}", node.type.varying ? "varying" : "uniform",
              operands ? "an operand is varying" : "no operand is varying");
    }
  }

  void leaf() {
    const Node& node = it();
    if (node.op == Primitive::input) {
      const auto& name = node.as<InputAttributes>().name;
      if (name.empty()) say("an input needs a name");
      if (!inputs_.insert(name).second) say("there are two inputs `{}`", name);
    } else if (node.op == Primitive::param) {
      const auto& path = node.as<ParamAttributes>().path;
      if (path.empty()) say("a parameter needs a path");
      if (!params_.insert(path).second) say("there are two parameters `{}`", path);
    } else if (node.op == Primitive::constant) {
      const auto count = static_cast<std::int64_t>(node.as<ConstantAttributes>().values.size());
      if (count != 1 && count != element_count(result()))
        say("{} values for the {} elements of {}", count, element_count(result()), to_string(result()));
    } else if (node.op == Primitive::random) {
      const auto& random = node.as<RandomAttributes>();
      if (random.distribution == Distribution::integer && random.bound < 1) say("a bound of {}", random.bound);
    }
  }

  void pointwise() {
    for (std::size_t k = 0; k < it().operands.size(); ++k)
      if (shape(k) != result())
        return say("operand {} has {}, the result {}", k, to_string(shape(k)), to_string(result()));
  }

  /// Ascending axes of a tensor of that rank.
  bool ascending(const std::vector<int>& axes, std::size_t rank) {
    for (std::size_t i = 0; i < axes.size(); ++i) {
      if (axes[i] < 0 || axes[i] >= static_cast<int>(rank)) {
        say("axis {} of {} axes", axes[i], rank);
        return false;
      }
      if (i > 0 && axes[i] <= axes[i - 1]) {
        say("the axes do not ascend");
        return false;
      }
    }
    return true;
  }

  void reduce() {
    const auto& axes = it().as<AxesAttributes>().axes;
    if (!ascending(axes, shape(0).size())) return;
    Shape kept;
    for (int i = 0; i < static_cast<int>(shape(0).size()); ++i)
      if (!std::binary_search(axes.begin(), axes.end(), i)) kept.push_back(shape(0)[i]);
    expect_shape(kept);
  }

  void map(const AffineMap& map, const Shape& tensor, std::size_t indices, const std::string& which) {
    if (map.size() != tensor.size())
      return say("the map of {} has {} axes, the tensor {}", which, map.size(), tensor.size());
    for (const Affine& affine : map)
      if (affine.coefficients.size() != indices)
        return say("the map of {} is over {} indices, the space has {}", which, affine.coefficients.size(), indices);
  }

  void contract() {
    const auto& attributes = it().as<ContractAttributes>();
    for (std::int64_t extent : attributes.space)
      if (extent < 1) say("an index of extent {}", extent);
    if (it().operands.empty()) return say("a product of no operands");
    if (attributes.operands.size() != it().operands.size())
      return say("{} maps for {} operands", attributes.operands.size(), it().operands.size());
    for (std::size_t k = 0; k < it().operands.size(); ++k)
      map(attributes.operands[k], shape(k), attributes.space.size(), fmt::format("operand {}", k));
    map(attributes.output, result(), attributes.space.size(), "the output");
  }

  void movement() {
    switch (it().op) {
      case Primitive::reshape:
        if (element_count(shape(0)) != element_count(result()))
          say("{} elements become {}", element_count(shape(0)), element_count(result()));
        return;
      case Primitive::permute:
        return permute();
      case Primitive::slice:
        return stride(result(), shape(0));
      case Primitive::pad:
        return stride(shape(0), result());
      case Primitive::concat:
        return concat();
      default:
        return broadcast();
    }
  }

  void permute() {
    const auto& axes = it().as<AxesAttributes>().axes;
    std::vector<int> sorted = axes;
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < sorted.size(); ++i)
      if (sorted.size() != shape(0).size() || sorted[i] != static_cast<int>(i))
        return say("[{}] does not order {} axes", fmt::join(axes, ", "), shape(0).size());
    Shape ordered;
    for (int axis : axes) ordered.push_back(shape(0)[axis]);
    expect_shape(ordered);
  }

  /// Every element of `inner` has a place start + step * j in `outer`.
  void stride(const Shape& inner, const Shape& outer) {
    const auto& [start, step] = it().as<StrideAttributes>();
    if (inner.size() != outer.size() || start.size() != inner.size() || step.size() != inner.size())
      return say("{} starts, {} steps for {} and {}", start.size(), step.size(), to_string(shape(0)),
                 to_string(result()));
    for (std::size_t i = 0; i < inner.size(); ++i)
      if (step[i] < 1 || start[i] < 0 || start[i] + step[i] * (inner[i] - 1) >= outer[i])
        return say("{} + {} * j leaves axis {} of extent {}", start[i], step[i], i, outer[i]);
  }

  void concat() {
    const auto& axes = it().as<AxesAttributes>().axes;
    if (it().operands.empty()) return say("nothing to join");
    if (axes.size() != 1 || !ascending(axes, shape(0).size())) return say("one axis is joined");
    Shape joined = shape(0);
    for (std::size_t k = 1; k < it().operands.size(); ++k) {
      Shape other = shape(k);
      if (other.size() != joined.size()) return say("operand {} has {}", k, to_string(other));
      joined[axes[0]] += other[axes[0]];
      other[axes[0]] = joined[axes[0]];
      if (other != joined) return say("operand {} has {}, the first {}", k, to_string(shape(k)), to_string(shape(0)));
    }
    expect_shape(joined);
  }

  void broadcast() {
    const auto& axes = it().as<AxesAttributes>().axes;
    if (axes.size() != shape(0).size()) return say("{} axes named of {}", axes.size(), shape(0).size());
    if (!ascending(axes, result().size())) return;
    for (std::size_t i = 0; i < axes.size(); ++i)
      if (result()[axes[i]] != shape(0)[i])
        return say("axis {} of extent {} becomes axis {} of extent {}", i, shape(0)[i], axes[i], result()[axes[i]]);
  }

  void circuit() {
    const auto index = it().as<CircuitAttributes>().index;
    const bool whole = it().op == Primitive::circuit;
    if (index < 0 || index >= static_cast<int>(whole ? graph_.circuits.size() : graph_.blocks.size()))
      return say("there is no {} {}", whole ? "circuit" : "block program", index);
    std::vector<Shape> operands;
    for (std::size_t k = 0; k < it().operands.size(); ++k) operands.push_back(shape(k));
    if (!leave_place(operands)) return;
    if (whole) {
      const auto& circuit = graph_.circuits[index];
      for (const std::string& problem : verify_circuit(circuit, operands)) say("{}", problem);
      return expect_shape(at_places({circuit.outputs()}));
    }
    blocks(graph_.blocks[index], std::move(operands));
  }

  /// `shape` behind the axis of places, if there is one.
  Shape at_places(Shape shape) {
    const std::int64_t places = it().as<CircuitAttributes>().places;
    if (places > 0) shape.insert(shape.begin(), places);
    return shape;
  }

  /// Takes the axis of places from the operands that are mapped.
  bool leave_place(std::vector<Shape>& operands) {
    const auto& [index, places, mapped] = it().as<CircuitAttributes>();
    if (places < 0 || (places == 0 && !mapped.empty())) return say("{} places", places), false;
    if (!ascending(mapped, operands.size())) return false;
    for (int k : mapped) {
      if (operands[k].empty() || operands[k][0] != places) {
        say("operand {} has {} where {} places come first", k, to_string(operands[k]), places);
        return false;
      }
      operands[k].erase(operands[k].begin());
    }
    return true;
  }

  void blocks(const circuit::BlockProgram& program, std::vector<Shape> operands) {
    const Shape state = at_places({2, std::int64_t{1} << program.qubits});
    const Shape values = at_places({static_cast<std::int64_t>(program.readout.size())});
    auto operand_is = [&](std::size_t k, const Shape& expected) {
      if (operands[k] != expected)
        say("operand {} has {} where {} is due", k, to_string(operands[k]), to_string(expected));
    };
    if (it().op == Primitive::expval || it().op == Primitive::expval_adjoint) {
      operand_is(0, state);
      if (program.readout.empty()) return say("no readout");
      if (it().op == Primitive::expval) return expect_shape(values);
      operand_is(1, values);
      return expect_shape(state);
    }
    const Shape tables{program.phase_blocks(), 2, std::int64_t{1} << program.qubits};
    if (it().op == Primitive::phase_tables) {
      for (const std::string& problem : verify_phases(program, operands)) say("{}", problem);
      return expect_shape(tables);
    }
    const bool adjoint = it().op == Primitive::apply_blocks_adjoint;
    if (adjoint) {
      if (operands.size() < 2) return say("no state");
      operand_is(operands.size() - 2, state);
      operand_is(operands.size() - 1, state);
      operands.resize(operands.size() - 2);
    }
    if (tables[0] > 0) {
      if (operands.empty()) return say("no tables");
      operand_is(operands.size() - 1, tables);
      operands.pop_back();
    }
    for (const std::string& problem : verify_blocks(program, operands)) say("{}", problem);
    std::int64_t total = 0;
    for (const Shape& entries : operands) total += element_count(entries);
    expect_shape(adjoint ? at_places({total}) : state);
  }

  const Graph& graph_;
  ValueId id_ = 0;
  std::set<std::string> inputs_, params_;
  std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> verify(const Graph& graph) { return Verifier(graph).run(); }

void require_valid(const Graph& graph, std::string_view where) {
  const auto problems = verify(graph);
  if (problems.empty()) return;
  throw Error(fmt::format("the graph `{}` is not valid {}: {}", graph.name, where, fmt::join(problems, "; ")), 1);
}

std::string to_string(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

}  // namespace qiln::graph
