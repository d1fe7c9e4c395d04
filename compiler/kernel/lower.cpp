#include "compiler/kernel/lower.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <map>
#include <utility>

#include "compiler/graph/winograd.h"
#include "compiler/kernel/gather.h"
#include "compiler/kernel/state_plan.h"
#include "compiler/kernel/winograd_plan.h"

namespace qiln::kernel {
namespace {

using graph::Graph;
using graph::Node;
using graph::ValueId;

class Lowering {
 public:
  Lowering(const Graph& graph, const Clusters& clusters, int cluster, const Homes& homes, Program& program)
      : graph_(graph),
        all_(clusters),
        index_(cluster),
        cluster_(clusters.clusters[cluster]),
        homes_(homes),
        program_(program) {}

  std::vector<Nest> run() {
    const Node& anchor = graph_[cluster_.anchor];
    if (cluster_.kind == Cluster::Kind::scatter) return lower_scatter(anchor);
    start();
    const Frame frame = plain_frame(nest_.space);
    switch (cluster_.kind) {
      case Cluster::Kind::circuit:
        lower_circuit(anchor);
        return {std::move(nest_)};
      case Cluster::Kind::contract:
        nest_.kind = Nest::Kind::contract;
        lower_contract(anchor);
        break;
      case Cluster::Kind::reduce:
        nest_.kind = Nest::Kind::reduce;
        lower_reduce(anchor);
        break;
      case Cluster::Kind::pointwise:
      case Cluster::Kind::copy:
      case Cluster::Kind::scatter:
        break;
    }
    lower_epilogue(frame);
    if (cluster_.kind == Cluster::Kind::contract) lower_winograd(anchor);
    return {std::move(nest_)};
  }

 private:
  void start() {
    nest_ = {};
    nest_.varying = cluster_.varying;
    nest_.origin = graph_[cluster_.anchor].origin;
    nest_.label = label();
    nest_.space = cluster_.space;
  }

  const View& view(ValueId id) const { return all_.views[id]; }
  bool identity(ValueId id) const { return is_identity(graph_, view(id), id); }

  std::string label() const {
    const Node& anchor = graph_[cluster_.anchor];
    std::string text;
    if (anchor.origin.path >= 0) text = graph_.paths[anchor.origin.path] + " ";
    if (cluster_.kind == Cluster::Kind::copy) text += "copy ";
    text += primitive(anchor.op).name;
    if (cluster_.members.size() > 1) text += fmt::format(" +{}", cluster_.members.size() - 1);
    return text;
  }

  std::int32_t argument(BufferId buffer, bool written = false) {
    assert(buffer >= 0 && "every value read has a buffer");
    auto found = std::find_if(nest_.arguments.begin(), nest_.arguments.end(),
                              [&](const Argument& a) { return a.buffer == buffer; });
    if (found == nest_.arguments.end())
      found = nest_.arguments.insert(found, Argument{buffer, program_.buffers[buffer].varying, false});
    found->written |= written;
    return static_cast<std::int32_t>(found - nest_.arguments.begin());
  }

  /// The coordinates of the values of an expression by the nest's indices, which run to `extents`. Where a guard fails
  /// they name no element.
  struct Frame {
    graph::AffineMap axes;
    std::vector<std::int64_t> extents;
    std::vector<Guard> guards;
  };
  static graph::Affine index(std::size_t count, std::size_t k, std::int64_t step = 1, std::int64_t start = 0) {
    graph::Affine e{std::vector<std::int64_t>(count, 0), start};
    e.coefficients[k] = step;
    return e;
  }
  static Frame plain_frame(const std::vector<std::int64_t>& space) {
    Frame frame{{}, space, {}};
    for (std::size_t a = 0; a < space.size(); ++a) frame.axes.push_back(index(space.size(), a));
    return frame;
  }

  /// An affine function of a value's coordinates as one of the nest's indices.
  static graph::Affine spread(const std::vector<std::int64_t>& by_axis, std::int64_t offset, const Frame& frame) {
    graph::Affine by_index{std::vector<std::int64_t>(frame.extents.size(), 0), offset};
    for (std::size_t a = 0; a < by_axis.size(); ++a) {
      for (std::size_t k = 0; k < frame.extents.size(); ++k)
        by_index.coefficients[k] += by_axis[a] * frame.axes[a].coefficients[k];
      by_index.offset += by_axis[a] * frame.axes[a].offset;
    }
    return by_index;
  }

  Access access(const View& v, const Frame& frame) {
    const Home& home = homes_.of[v.root];
    const graph::Affine place = spread(v.strides, home.offset + v.offset, frame);
    Access access{argument(home.buffer), place.coefficients, place.offset, frame.guards};
    for (const Guard& guard : v.guards) {
      const graph::Affine e = spread(guard.coefficients, guard.offset, frame);
      const Guard seen{e.coefficients, e.offset, guard.extent};
      if (!is_idle(seen, frame.extents)) access.guards.push_back(seen);
    }
    return access;
  }

  struct Building {
    Expression& expression;
    const Frame& frame;
    bool members;  // members of the cluster are computed, not read
    std::map<ValueId, std::int32_t> known;
  };

  std::int32_t append(Building& b, Instruction instruction) {
    b.expression.push_back(std::move(instruction));
    return static_cast<std::int32_t>(b.expression.size() - 1);
  }

  std::int32_t build(Building& b, ValueId value) {
    const ValueId root = view(value).root;
    const ValueId key = identity(value) ? root : value;
    if (auto found = b.known.find(key); found != b.known.end()) return found->second;
    const std::int32_t made = make(b, value, root);
    return b.known[key] = made;
  }

  std::int32_t make(Building& b, ValueId value, ValueId root) {
    const Node& node = graph_[root];
    const bool member = b.members && all_.cluster_of[root] == index_ && cluster_.kind != Cluster::Kind::copy;
    if (identity(value) && (member || all_.inlined[root])) return compute(b, root);
    Instruction instruction;
    if (node.op == Primitive::constant && view(value).guards.empty() &&
        node.as<graph::ConstantAttributes>().values.size() == 1) {
      instruction.kind = Instruction::Kind::constant;
      instruction.value = node.as<graph::ConstantAttributes>().values[0];
    } else {
      instruction.kind = Instruction::Kind::load;
      instruction.access = access(view(value), b.frame);
    }
    return append(b, std::move(instruction));
  }

  std::int32_t compute(Building& b, ValueId id) {
    const Node& node = graph_[id];
    Instruction instruction;
    if (node.op == Primitive::random) {
      instruction.kind = Instruction::Kind::random;
      instruction.random = node.as<graph::RandomAttributes>();
      instruction.access.argument = -1;
      const graph::Affine place = spread(contiguous_strides(node.type.shape), 0, b.frame);
      instruction.access.strides = place.coefficients;
      instruction.access.offset = place.offset;
    } else if (is_pointwise(node.op)) {
      instruction.op = node.op;
      for (std::size_t k = 0; k < node.operands.size(); ++k) instruction.operands[k] = build(b, node.operands[k]);
    } else {
      assert(id == cluster_.anchor && "one reduction or contraction a nest");
      instruction.kind = Instruction::Kind::accumulator;
    }
    return append(b, std::move(instruction));
  }

  void lower_reduce(const Node& node) {
    const auto& axes = node.as<graph::AxesAttributes>().axes;
    const auto& shape = graph_.shape(node.operands[0]);
    Frame frame{{}, nest_.space, {}};
    std::size_t kept = 0, reduced = shape.size() - axes.size();
    for (int a = 0; a < static_cast<int>(shape.size()); ++a) {
      const bool summed = std::find(axes.begin(), axes.end(), a) != axes.end();
      frame.axes.push_back(index(shape.size(), summed ? reduced++ : kept++));
      if (summed) nest_.reduction.push_back(shape[a]);
    }
    frame.extents.insert(frame.extents.end(), nest_.reduction.begin(), nest_.reduction.end());
    nest_.combiner = node.op;
    build_prologue(node.operands[0], frame);
  }

  void build_prologue(ValueId operand, const Frame& frame) {
    Building b{nest_.prologue, frame, false, {}};
    const std::int32_t last = build(b, operand);
    assert(last + 1 == static_cast<std::int32_t>(nest_.prologue.size()) && "the last instruction is reduced");
    (void)last;
  }

  /// Each phase sums, at the outputs of its lattice, the expression where it contributes to them.
  std::vector<Nest> lower_scatter(const Node& node) {
    // Each axis of the operand as a factor of its own: its access is the coordinate.
    graph::ContractAttributes contract = node.as<graph::ContractAttributes>();
    const graph::AffineMap map = std::exchange(contract.operands, {})[0];
    std::vector<Placement> axes;
    for (std::size_t a = 0; a < map.size(); ++a) {
      contract.operands.push_back({map[a]});
      axes.push_back({static_cast<std::int32_t>(a), {1}, 0, {graph_.shape(node.operands[0])[a]}});
    }
    std::vector<Nest> nests;
    for (const Phase& phase : gather_phases(contract, axes, node.type.shape)) {
      start();
      nest_.kind = Nest::Kind::reduce;
      nest_.space = phase.extents;
      nest_.reduction = phase.reduction;
      Frame terms{{}, phase.extents, {}};
      terms.extents.insert(terms.extents.end(), phase.reduction.begin(), phase.reduction.end());
      for (const Access& axis : phase.factors) {
        terms.axes.push_back({axis.strides, axis.offset});
        terms.guards.insert(terms.guards.end(), axis.guards.begin(), axis.guards.end());
      }
      nest_.guards = terms.guards;
      build_prologue(node.operands[0], terms);
      Frame outputs{{}, phase.extents, {}};
      for (std::size_t a = 0; a < phase.extents.size(); ++a)
        outputs.axes.push_back(index(phase.extents.size(), a, phase.step[a], phase.start[a]));
      lower_epilogue(outputs);
      nests.push_back(std::move(nest_));
    }
    return nests;
  }

  Placement placement(ValueId operand) {
    const View& v = view(operand);
    assert(v.guards.empty() && "guarded operands of contractions are copied");
    const Home& home = homes_.of[v.root];
    return {argument(home.buffer), v.strides, home.offset + v.offset, graph_.shape(operand)};
  }

  void lower_contract(const Node& node) {
    std::vector<Placement> operands;
    for (ValueId operand : node.operands) operands.push_back(placement(operand));
    const auto attributes = spreads(node) ? spreading(node) : node.as<graph::ContractAttributes>();
    nest_.phases = gather_phases(attributes, operands, node.type.shape);
  }

  /// Sums of weights are added strip by strip: nothing else may be made of them.
  void lower_winograd(const Node& node) {
    const auto convolution = graph::winograd::match(graph_, node);
    if (!convolution) return;
    Winograd made;
    made.of_weights = convolution->result == graph::winograd::Convolution::Result::weights;
    if (made.of_weights && (nest_.epilogue.size() != 1 || nest_.stores.size() != 1 || !nest_.stores[0].batch_sum))
      return;
    made.inputs = convolution->inputs, made.outputs = convolution->outputs;
    made.height = convolution->height, made.width = convolution->width;
    made.turned = convolution->turned;
    const auto access = [&](ValueId operand) {
      const Placement at = placement(operand);
      return Access{at.argument, at.strides, at.offset, {}};
    };
    made.other = access(node.operands[0]);
    made.image = access(node.operands[1]);
    plan(made, program_.lanes);
    nest_.winograd = std::move(made);
  }

  /// A pad with steps as a contraction over its operand's elements.
  graph::ContractAttributes spreading(const Node& node) const {
    const auto& by = node.as<graph::StrideAttributes>();
    graph::ContractAttributes contract;
    contract.space = graph_.shape(node.operands[0]);
    contract.operands.resize(1);
    const std::size_t rank = contract.space.size();
    for (std::size_t a = 0; a < rank; ++a) {
      graph::Affine in{std::vector<std::int64_t>(rank, 0), 0}, out{std::vector<std::int64_t>(rank, 0), by.start[a]};
      in.coefficients[a] = 1;
      out.coefficients[a] = by.step[a];
      contract.operands[0].push_back(in);
      contract.output.push_back(out);
    }
    return contract;
  }

  void lower_epilogue(const Frame& frame) {
    Building b{nest_.epilogue, frame, true, {}};
    if (cluster_.kind == Cluster::Kind::copy) {
      lower_copy(b);
      return;
    }
    for (ValueId member : cluster_.members)
      if (all_.stored[member])
        add_store(build(b, member), homes_.of[member], contiguous_strides(graph_.shape(member)), frame);
    for (const auto& sink : cluster_.sinks) add_sink(build(b, view(sink.value).root), sink, frame);
  }

  void add_store(std::int32_t value, const Home& home, const std::vector<std::int64_t>& strides, const Frame& frame) {
    const graph::Affine place = spread(strides, home.offset, frame);
    Store store;
    store.value = value;
    store.access = {argument(home.buffer, true), place.coefficients, place.offset, {}};
    nest_.stores.push_back(std::move(store));
  }

  void add_sink(std::int32_t value, const Sink& sink, const Frame& frame) {
    if (sink.kind == Sink::Kind::part) {
      Home home = homes_.of[sink.target];
      home.offset += sink.offset;
      add_store(value, home, contiguous_strides(graph_.shape(sink.target)), frame);
      return;
    }
    std::vector<std::int64_t> strides = contiguous_strides(cluster_.space);
    const Node& node = graph_[sink.value];
    if (cluster_.kind != Cluster::Kind::copy && !is_whole(graph_, view(sink.value), sink.value)) {
      assert(node.op == Primitive::permute);
      const auto result = contiguous_strides(node.type.shape);
      for (std::size_t a = 0; a < result.size(); ++a) strides[node.as<graph::AxesAttributes>().axes[a]] = result[a];
    }
    add_store(value, {homes_.partial[sink.target], 0}, strides, frame);
    nest_.stores.back().batch_sum = true;
  }

  void lower_copy(Building& b) {
    if (cluster_.members.empty()) {
      for (const auto& sink : cluster_.sinks) add_sink(build(b, sink.value), sink, b.frame);
      return;
    }
    const Node& node = graph_[cluster_.anchor];
    std::int32_t value;
    if (node.op == Primitive::reshape) {
      value = build(b, node.operands[0]);
    } else {
      Instruction load;
      load.kind = Instruction::Kind::load;
      load.access = access(*view_through(graph_, node, view(node.operands[0])), b.frame);
      value = append(b, std::move(load));
    }
    add_store(value, homes_.of[cluster_.anchor], contiguous_strides(nest_.space), b.frame);
  }

  void lower_circuit(const Node& node) {
    using Kind = Nest::Kind;
    const auto& attributes = node.as<graph::CircuitAttributes>();
    nest_.program = graph_.blocks[attributes.index];
    nest_.places = attributes.places;
    for (ValueId operand : node.operands) {
      const ValueId root = view(operand).root;
      const BufferId expanded = homes_.expanded[root];
      const Home home = expanded >= 0 ? Home{expanded, 0} : homes_.of[root];
      assert(home.offset == 0 && "a circuit's operands have buffers of their own");
      add_circuit_argument(home.buffer, false);
      nest_.placed.push_back(nest_.places > 0 && has_places(node, static_cast<int>(nest_.placed.size())));
      nest_.operand_elements.push_back(graph::element_count(graph_.shape(operand)) /
                                       (nest_.placed.back() ? nest_.places : 1));
    }
    add_circuit_argument(homes_.of[cluster_.anchor].buffer, true);
    switch (node.op) {
      case Primitive::phase_tables:
        nest_.kind = Kind::phase_tables;
        break;
      case Primitive::apply_blocks:
        nest_.kind = Kind::apply_blocks;
        nest_.scratch = 2;
        break;
      case Primitive::apply_blocks_adjoint:
        nest_.kind = Kind::apply_blocks_adjoint;
        nest_.scratch = 5;
        break;
      case Primitive::expval:
        nest_.kind = Kind::expval;
        nest_.scratch = part_bits(nest_) > 0;
        break;
      default:
        assert(node.op == Primitive::expval_adjoint);
        nest_.kind = Kind::expval_adjoint;
    }
    add_scratch();
  }

  /// States, the area of turns, and what a nest with places in its lanes keeps lane by lane; readings of parts.
  void add_scratch() {
    const bool by_lane = places_in_lanes(nest_);
    const int area = nest_.scratch - 1;
    nest_.scratch += by_lane;
    const std::int64_t result =
        graph::element_count(graph_.shape(cluster_.anchor)) / std::max<std::int64_t>(1, nest_.places);
    for (int k = 0; k < nest_.scratch; ++k) {
      Buffer scratch;
      scratch.name = fmt::format("%{}.scratch{}", cluster_.anchor, k);
      scratch.storage = nest_.varying ? Storage::group : Storage::uniform;
      scratch.varying = nest_.varying;
      scratch.elements = k < area    ? std::int64_t{2} << nest_.program.qubits
                         : k == area ? area_elements(nest_, result)
                                     : placed_elements(nest_, result);
      if (nest_.kind == Nest::Kind::expval) scratch.elements = result << part_bits(nest_);
      if (by_lane) scratch.elements *= program_.lanes;
      program_.buffers.push_back(std::move(scratch));
      add_circuit_argument(static_cast<BufferId>(program_.buffers.size() - 1), true);
    }
  }

  /// States and cotangents are by place, operands of blocks where they are mapped.
  static bool has_places(const Node& node, int operand) {
    const int count = static_cast<int>(node.operands.size());
    const bool of_state = node.op == Primitive::expval || node.op == Primitive::expval_adjoint ||
                          (node.op == Primitive::apply_blocks_adjoint && operand >= count - 2);
    const auto& mapped = node.as<graph::CircuitAttributes>().mapped;
    return of_state || std::find(mapped.begin(), mapped.end(), operand) != mapped.end();
  }

  /// Arguments of a circuit are by position: one may stand twice.
  void add_circuit_argument(BufferId buffer, bool written) {
    nest_.arguments.push_back({buffer, program_.buffers[buffer].varying, written});
  }

  const Graph& graph_;
  const Clusters& all_;
  int index_;
  const Cluster& cluster_;
  const Homes& homes_;
  Program& program_;
  Nest nest_;
};

/// Calls visit(coefficients) for every affine function of the indices of a pointwise or reduce nest: by (space...) in
/// the epilogue and in stores, by (space..., reduction...) elsewhere.
template <class Visit>
void each_affine(Nest& nest, const Visit& visit) {
  const auto guards = [&](std::vector<Guard>& all) {
    for (Guard& guard : all) visit(guard.coefficients);
  };
  const auto expression = [&](Expression& all) {
    for (Instruction& i : all) {
      if (i.kind != Instruction::Kind::load && i.kind != Instruction::Kind::random) continue;
      visit(i.access.strides);
      guards(i.access.guards);
    }
  };
  expression(nest.prologue);
  guards(nest.guards);
  expression(nest.epilogue);
  for (Store& store : nest.stores) visit(store.access.strides);
}

/// Whether all accesses pass axis `a` and the next one, of extent `inner`, in one stride. Epilogue accesses do not
/// mention the reduction.
bool joins(Nest& nest, std::size_t a, std::int64_t inner) {
  bool possible = true;
  each_affine(nest, [&](const std::vector<std::int64_t>& strides) {
    if (a + 1 < strides.size() && strides[a] != inner * strides[a + 1]) possible = false;
  });
  return possible;
}

void erase_axis(Nest& nest, std::size_t a) {
  each_affine(nest, [&](std::vector<std::int64_t>& strides) {
    if (a < strides.size()) strides.erase(strides.begin() + static_cast<std::ptrdiff_t>(a));
  });
}

void insert_axis(Nest& nest) {
  each_affine(nest, [&](std::vector<std::int64_t>& strides) { strides.insert(strides.begin(), 0); });
  nest.space.insert(nest.space.begin(), 1);
}

}  // namespace

void simplify(Nest& nest) {
  if (nest.kind != Nest::Kind::pointwise && nest.kind != Nest::Kind::reduce) return;
  const auto pass = [&](std::vector<std::int64_t>& extents, std::size_t first) {
    for (std::size_t a = 0; a < extents.size();) {
      if (extents[a] != 1) {
        ++a;
        continue;
      }
      erase_axis(nest, first + a);
      extents.erase(extents.begin() + static_cast<std::ptrdiff_t>(a));
    }
    for (std::size_t a = 0; a + 1 < extents.size();) {
      if (!joins(nest, first + a, extents[a + 1])) {
        ++a;
        continue;
      }
      extents[a + 1] *= extents[a];
      erase_axis(nest, first + a);
      extents.erase(extents.begin() + static_cast<std::ptrdiff_t>(a));
    }
  };
  pass(nest.reduction, nest.space.size());
  pass(nest.space, 0);
  if (nest.space.empty()) insert_axis(nest);
  if (nest.kind == Nest::Kind::reduce && nest.reduction.empty()) {
    nest.reduction.push_back(1);
    for (auto& i : nest.prologue) {
      if (i.kind != Instruction::Kind::load && i.kind != Instruction::Kind::random) continue;
      i.access.strides.push_back(0);
      for (auto& guard : i.access.guards) guard.coefficients.push_back(0);
    }
    for (auto& guard : nest.guards) guard.coefficients.push_back(0);
  }
}

std::vector<Nest> lower(const Graph& graph, const Clusters& clusters, int cluster, const Homes& homes,
                        Program& program) {
  return Lowering(graph, clusters, cluster, homes, program).run();
}

}  // namespace qiln::kernel
