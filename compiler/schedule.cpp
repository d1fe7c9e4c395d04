#include "compiler/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <queue>

#include "compiler/kernel/apart.h"
#include "compiler/kernel/cluster.h"
#include "compiler/kernel/lower.h"
#include "compiler/kernel/plan.h"
#include "compiler/kernel/verify.h"
#include "compiler/verification.h"

namespace qiln {
namespace {

using graph::Graph;
using graph::Node;
using graph::ValueId;
using kernel::Buffer;
using kernel::BufferId;
using kernel::Cluster;
using kernel::NestId;
using kernel::Program;
using kernel::Storage;

class Scheduler {
 public:
  Scheduler(const Graph& graph, const ScheduleOptions& options)
      : graph_(graph),
        options_(options),
        clusters_(kernel::find_clusters(graph, options.fuse)),
        writers_(kernel::find_writers(clusters_)),
        nest_names_(clusters_.clusters.size()) {
    program_.name = graph.name;
    program_.lanes = options.lanes;
    homes_.of.resize(graph.nodes.size());
    homes_.partial.assign(graph.nodes.size(), -1);
    homes_.expanded.assign(graph.nodes.size(), -1);
  }

  Program run() {
    find_reach();
    make_buffers();
    expand_constants();
    make_ports();
    order_nests();
    std::vector<BufferId> params, uniforms;
    for (ValueId id = 0; id < graph_.nodes.size(); ++id)
      if (graph_[id].op == Primitive::param && graph_[id].as<graph::ParamAttributes>().trainable)
        params.push_back(homes_.of[id].buffer);
    for (const auto& name : options_.contiguous_outputs) uniforms.push_back(uniform_output(name));
    kernel::plan_memory(program_, params, uniforms);
    return std::move(program_);
  }

 private:
  BufferId uniform_output(const std::string& name) const {
    for (const auto& port : program_.outputs)
      if (port.name == name && program_.buffers[port.buffer].storage == Storage::uniform) return port.buffer;
    assert(false && "contiguous outputs are uniform results of the graph");
    return -1;
  }

  BufferId add_buffer(std::string name, Storage storage, bool varying, std::int64_t elements) {
    Buffer buffer;
    buffer.name = std::move(name);
    buffer.storage = storage;
    buffer.varying = varying;
    buffer.elements = elements;
    program_.buffers.push_back(std::move(buffer));
    return static_cast<BufferId>(program_.buffers.size() - 1);
  }

  /// The value whose buffer holds `id`, and where in it.
  kernel::Part placed_in(ValueId id) const {
    kernel::Part at{id, 0};
    while (clusters_.part_of[at.concat].concat != graph::no_value) {
      at.offset += clusters_.part_of[at.concat].offset;
      at.concat = clusters_.part_of[at.concat].concat;
    }
    return at;
  }

  /// Stages that write and read each buffer's value; outputs are read after all.
  void find_reach() {
    first_write_.assign(graph_.nodes.size(), 1 << 30);
    last_read_.assign(graph_.nodes.size(), -1);
    const auto wrote = [&](ValueId id, int level) {
      auto& first = first_write_[placed_in(id).concat];
      first = std::min(first, level);
    };
    for (const auto& cluster : clusters_.clusters) {
      if (cluster.merged) continue;
      for (ValueId member : cluster.members) wrote(member, cluster.level);
      for (const auto& sink : cluster.sinks) wrote(sink.target, cluster.level);
      for (const auto& load : cluster.loads) {
        auto& last = last_read_[placed_in(load.root).concat];
        last = std::max(last, cluster.level);
      }
    }
    for (const auto& output : graph_.outputs)
      last_read_[placed_in(clusters_.views[output.value].root).concat] = 1 << 30;
  }

  void make_buffers() {
    for (ValueId id = 0; id < graph_.nodes.size(); ++id) {
      const Node& node = graph_[id];
      const std::int64_t elements = graph::element_count(node.type.shape);
      if (node.op == Primitive::input) {
        homes_.of[id].buffer =
            add_buffer(node.as<graph::InputAttributes>().name, Storage::input, node.type.varying, elements);
      } else if (node.op == Primitive::param) {
        homes_.of[id].buffer = add_buffer(node.as<graph::ParamAttributes>().path, Storage::param, false, elements);
      } else if (node.op == Primitive::constant && clusters_.live[id]) {
        homes_.of[id].buffer = add_constant(id, node.as<graph::ConstantAttributes>().values.size() == 1 ? 1 : elements);
      } else if (clusters_.stored[id] && clusters_.part_of[id].concat == graph::no_value) {
        homes_.of[id].buffer = add_result(id, elements);
      }
    }
    for (ValueId id = 0; id < graph_.nodes.size(); ++id) {
      if (clusters_.part_of[id].concat == graph::no_value) continue;
      const auto at = placed_in(id);
      homes_.of[id] = {homes_.of[at.concat].buffer, at.offset};
    }
  }

  BufferId add_constant(ValueId id, std::int64_t elements) {
    const BufferId buffer = add_buffer(fmt::format("%{}", id), Storage::constant, false, elements);
    program_.buffers[buffer].values = graph_[id].as<graph::ConstantAttributes>().values;
    return buffer;
  }

  BufferId add_result(ValueId id, std::int64_t elements) {
    const bool varying = graph_.varying(id);
    Storage storage = Storage::uniform;
    if (varying) storage = last_read_[id] > first_write_[id] ? Storage::batch : Storage::group;
    const BufferId buffer = add_buffer(fmt::format("%{}", id), storage, varying, elements);
    if (graph_[id].op == Primitive::batch_sum) {
      homes_.partial[id] = add_buffer(fmt::format("%{}.partial", id), Storage::partial, false, elements);
      program_.buffers[homes_.partial[id]].total = buffer;
    }
    return buffer;
  }

  void expand(ValueId id) {
    const Node& node = graph_[id];
    if (node.op != Primitive::constant || homes_.expanded[id] >= 0) return;
    if (node.as<graph::ConstantAttributes>().values.size() != 1) return;
    homes_.expanded[id] = add_constant(id, graph::element_count(node.type.shape));
  }

  void expand_constants() {
    for (const auto& output : graph_.outputs) expand(clusters_.views[output.value].root);
    for (ValueId id = 0; id < graph_.nodes.size(); ++id)
      if (clusters_.live[id] && primitive(graph_[id].op).kind == PrimitiveKind::circuit)
        for (ValueId operand : graph_[id].operands) expand(clusters_.views[operand].root);
  }

  void make_ports() {
    for (ValueId id = 0; id < graph_.nodes.size(); ++id) {
      const Node& node = graph_[id];
      if (node.op == Primitive::input)
        program_.inputs.push_back({node.as<graph::InputAttributes>().name, homes_.of[id].buffer, node.type.shape});
      if (node.op == Primitive::param)
        program_.params.push_back({node.as<graph::ParamAttributes>().path, homes_.of[id].buffer, node.type.shape});
    }
    for (const auto& output : graph_.outputs) {
      const ValueId root = clusters_.views[output.value].root;
      const BufferId expanded = homes_.expanded[root];
      program_.outputs.push_back(
          {output.name, expanded >= 0 ? expanded : homes_.of[root].buffer, graph_.shape(output.value)});
    }
  }

  /// Near the graph's own order, which goes forward and then backward through the layers.
  static ValueId priority(const Cluster& cluster) {
    const bool light = cluster.kind == Cluster::Kind::pointwise && !cluster.members.empty();
    return light ? cluster.members.back() : cluster.anchor;
  }

  void order_nests() {
    int levels = 0;
    for (const auto& cluster : clusters_.clusters)
      if (!cluster.merged) levels = std::max(levels, cluster.level + 1);
    using kernel::Dependence;
    for (int level = 0; level < levels; ++level) {
      for (Dependence on : {Dependence::constants, Dependence::params, Dependence::run}) order_stage(level, false, on);
      order_stage(level, true, Dependence::run);
    }
  }

  void order_stage(int level, bool varying, kernel::Dependence dependence) {
    const auto& all = clusters_.clusters;
    const int count = static_cast<int>(all.size());
    const auto here = [&](const Cluster& c) {
      return !c.merged && c.level == level && c.varying == varying && c.dependence == dependence;
    };
    std::vector<std::vector<int>> readers(count);
    std::vector<int> waiting(count, 0);
    for (int k = 0; k < count; ++k) {
      if (!here(all[k])) continue;
      for (const auto& load : all[k].loads)
        for (int writer : writers_[load.root])
          if (writer != k && here(all[writer])) {
            readers[writer].push_back(k);
            ++waiting[k];
          }
    }
    using Entry = std::pair<ValueId, int>;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> ready;
    for (int k = 0; k < count; ++k)
      if (here(all[k]) && waiting[k] == 0) ready.push({priority(all[k]), k});
    kernel::Stage stage;
    stage.varying = varying;
    stage.dependence = dependence;
    while (!ready.empty()) {
      const int k = ready.top().second;
      ready.pop();
      std::vector<kernel::Nest> nests = kernel::lower(graph_, clusters_, k, homes_, program_);
      if (options_.explain) {
        nests[0].notes = kernel::why_apart(graph_, clusters_, writers_, nest_names_, k);
        nest_names_[k] = fmt::format("{}", program_.nests.size());
        if (nests.size() > 1) nest_names_[k] += fmt::format(" .. {}", program_.nests.size() + nests.size() - 1);
      }
      for (kernel::Nest& nest : nests) {
        kernel::simplify(nest);
        stage.nests.push_back(static_cast<NestId>(program_.nests.size()));
        program_.nests.push_back(std::move(nest));
      }
      for (int reader : readers[k])
        if (--waiting[reader] == 0) ready.push({priority(all[reader]), reader});
    }
    for (int k = 0; k < count; ++k) assert((!here(all[k]) || waiting[k] == 0) && "clusters form no cycle");
    if (!stage.nests.empty()) program_.stages.push_back(std::move(stage));
  }

  const Graph& graph_;
  const ScheduleOptions& options_;
  kernel::Clusters clusters_;
  std::vector<std::vector<int>> writers_;
  std::vector<std::string> nest_names_;  // by cluster, of those that are scheduled
  kernel::Homes homes_;
  Program program_;
  std::vector<int> first_write_, last_read_;  // levels, by value
};

}  // namespace

Program schedule(const Graph& graph, const ScheduleOptions& options) {
  Program program = Scheduler(graph, options).run();
  if (verified_at_boundaries()) kernel::require_valid(program, "after the schedule");
  return program;
}

}  // namespace qiln
