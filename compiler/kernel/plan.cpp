#include "compiler/kernel/plan.h"

#include <algorithm>
#include <numeric>

namespace qiln::kernel {
namespace {

constexpr std::int64_t alignment_bytes = 64;

std::int64_t aligned(std::int64_t elements, std::int64_t unit) { return (elements + unit - 1) / unit * unit; }

/// One after another: `first`, then the others of that storage. Returns the arena's size.
std::int64_t lay_out(Program& program, Storage storage, std::span<const BufferId> first) {
  constexpr std::int64_t unit = alignment_bytes / static_cast<std::int64_t>(sizeof(float));
  std::vector<bool> placed(program.buffers.size());
  std::int64_t end = 0;
  const auto place = [&](BufferId id) {
    if (placed[id]) return;
    placed[id] = true;
    program.buffers[id].offset = end;
    end = aligned(end + program.buffers[id].elements, unit);
  };
  for (BufferId id : first) place(id);
  for (BufferId id = 0; id < static_cast<BufferId>(program.buffers.size()); ++id)
    if (program.buffers[id].storage == storage) place(id);
  return end;
}

/// The largest buffers first, each at the lowest place that no buffer alive with it covers.
std::int64_t share(Program& program) {
  const auto lives = lifetimes(program);
  const std::int64_t unit =
      std::max<std::int64_t>(1, alignment_bytes / static_cast<std::int64_t>(sizeof(float)) / program.lanes);
  std::vector<BufferId> order;
  for (BufferId id = 0; id < static_cast<BufferId>(program.buffers.size()); ++id)
    if (program.buffers[id].storage == Storage::group) order.push_back(id);
  std::stable_sort(order.begin(), order.end(),
                   [&](BufferId a, BufferId b) { return program.buffers[a].elements > program.buffers[b].elements; });
  struct Placed {
    std::int64_t begin = 0, end = 0;
    Lifetime life;
  };
  std::vector<Placed> placed;  // by `begin`
  std::int64_t size = 0;
  for (BufferId id : order) {
    const std::int64_t elements = program.buffers[id].elements;
    std::int64_t offset = 0;
    for (const Placed& other : placed) {
      if (!lives[id].meets(other.life)) continue;
      if (offset + elements <= other.begin) break;
      offset = std::max(offset, other.end);
    }
    const Placed here{offset, aligned(offset + elements, unit), lives[id]};
    program.buffers[id].offset = offset;
    size = std::max(size, here.end);
    placed.insert(std::upper_bound(placed.begin(), placed.end(), here,
                                   [](const Placed& a, const Placed& b) { return a.begin < b.begin; }),
                  here);
  }
  return size;
}

}  // namespace

std::vector<Lifetime> lifetimes(const Program& program) {
  std::vector<Lifetime> lives(program.buffers.size());
  int position = 0;
  for (const auto& stage : program.stages) {
    for (NestId nest : stage.nests) {
      for (const auto& argument : program.nests[nest].arguments) {
        Lifetime& life = lives[argument.buffer];
        if (life.first > life.last) life.first = position;
        life.last = position;
      }
      ++position;
    }
  }
  return lives;
}

void plan_memory(Program& program, std::span<const BufferId> params_first, std::span<const BufferId> uniforms_first) {
  program.param_elements = lay_out(program, Storage::param, params_first);
  program.uniform_elements = lay_out(program, Storage::uniform, uniforms_first);
  program.partial_elements = lay_out(program, Storage::partial, {});
  program.group_elements = share(program);
}

}  // namespace qiln::kernel
