#include "runtime/jit/program.h"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <chrono>
#include <cstring>

#include "compiler/kernel/winograd_plan.h"
#include "dsl/error.h"

namespace qiln::jit {

using kernel::Buffer;
using kernel::BufferId;
using kernel::NestId;
using kernel::Port;
using kernel::Stage;
using kernel::Storage;

std::int64_t group_count(std::int64_t blocks, std::int64_t partial_elements) {
  constexpr std::int64_t most = 8, most_elements = (64 << 20) / sizeof(float);
  const std::int64_t fitting = partial_elements == 0 ? most : most_elements / partial_elements;
  return std::max<std::int64_t>(1, std::min({most, fitting, blocks}));
}

Executable::Executable(kernel::Program program, std::vector<Kernel> kernels, int threads)
    : program_(std::move(program)), kernels_(std::move(kernels)), threads_(threads) {
  assert(kernels_.size() == program_.nests.size() && "one kernel a nest");
  param_arena_ = Floats(program_.param_elements);
  params_ = param_arena_.span();
  uniform_arena_ = Floats(program_.uniform_elements);
  own_.resize(program_.buffers.size());
  bound_.assign(program_.buffers.size(), nullptr);
  input_samples_.assign(program_.buffers.size(), 0);
  for (std::size_t id = 0; id < program_.buffers.size(); ++id) {
    const Buffer& buffer = program_.buffers[id];
    if (buffer.storage == Storage::input && !buffer.varying) own_[id] = Floats(buffer.elements);
  }
  for (const auto& nest : program_.nests)
    thread_scratch_ = std::max(thread_scratch_, kernel::scratch_floats(nest, program_.lanes));
  thread_scratch_ = (thread_scratch_ + 15) / 16 * 16;  // whole cache lines
  fill_constants();
  plan_stages();
  next_group_ = std::vector<std::atomic<std::int64_t>>(program_.stages.size());
}

void Executable::fill_constants() {
  for (std::size_t id = 0; id < program_.buffers.size(); ++id) {
    const Buffer& buffer = program_.buffers[id];
    if (buffer.storage != Storage::constant) continue;
    own_[id] = Floats(buffer.elements);
    const bool splat = buffer.values.size() == 1;
    for (std::int64_t e = 0; e < buffer.elements; ++e)
      own_[id].data()[e] = static_cast<float>(buffer.values[splat ? 0 : e]);
  }
}

void Executable::plan_stages() {
  for (const Stage& stage : program_.stages) {
    StagePlan plan;
    for (NestId nest : stage.nests)
      for (const auto& argument : program_.nests[nest].arguments)
        if (program_.buffers[argument.buffer].storage == Storage::partial) plan.partials.push_back(argument.buffer);
    std::sort(plan.partials.begin(), plan.partials.end());
    plan.partials.erase(std::unique(plan.partials.begin(), plan.partials.end()), plan.partials.end());
    for (BufferId id : plan.partials) plan.partial_elements += program_.buffers[id].elements;
    stages_.push_back(std::move(plan));
  }
}

const Port& Executable::port(const std::vector<Port>& ports, std::string_view name, const char* what) const {
  for (const Port& port : ports)
    if (port.name == name) return port;
  throw Error(fmt::format("`{}` has no {} `{}`", program_.name, what, name), 1);
}

std::span<float> Executable::params() {
  params_changed();
  return params_;
}

std::span<float> Executable::param(std::string_view path) {
  const Buffer& buffer = program_.buffers[port(program_.params, path, "parameter").buffer];
  params_changed();
  return params_.subspan(static_cast<std::size_t>(buffer.offset), static_cast<std::size_t>(buffer.elements));
}

void Executable::use_params(std::span<float> arena) {
  assert(static_cast<std::int64_t>(arena.size()) >= program_.param_elements);
  params_ = arena;
  params_changed();
}

std::span<float> Executable::uniform_input(std::string_view name) {
  const BufferId id = port(program_.inputs, name, "input").buffer;
  assert(!program_.buffers[id].varying && "varying inputs are packed");
  return {uniform_data(id), static_cast<std::size_t>(program_.buffers[id].elements)};
}

float* Executable::uniform_data(BufferId id) const {
  const Buffer& buffer = program_.buffers[id];
  if (bound_[id]) return bound_[id];
  if (buffer.storage == Storage::uniform) return uniform_arena_.data() + buffer.offset;
  if (buffer.storage == Storage::param) return params_.data() + buffer.offset;
  return own_[id].data();
}

void Executable::bind(std::string_view name, std::span<float> memory) {
  BufferId from = -1, to = -1;
  for (const Port& port : program_.inputs)
    if (port.name == name) from = port.buffer;
  for (const Port& port : program_.outputs)
    if (port.name == name) to = port.buffer;
  if (from < 0 && to < 0) throw Error(fmt::format("`{}` has no input or output `{}`", program_.name, name), 1);
  assert((from < 0 || to < 0 || in_place(from, to)) && "the update reads elements after it has written them");
  for (BufferId id : {from, to}) {
    if (id < 0) continue;
    assert(!program_.buffers[id].varying && memory.size() == static_cast<std::size_t>(program_.buffers[id].elements));
    bound_[id] = memory.data();
    own_[id] = {};
    constants_done_ = params_done_ = false;  // results have moved
  }
}

/// All readers of `from` come before the one nest that writes `to`, or are it and read the element that they write.
bool Executable::in_place(BufferId from, BufferId to) const {
  bool written = false;
  for (const Stage& stage : program_.stages)
    for (NestId id : stage.nests) {
      const auto& nest = program_.nests[id];
      const kernel::Store* store = nullptr;
      for (const auto& s : nest.stores)
        if (nest.arguments[s.access.argument].buffer == to) store = &s;
      for (const auto& argument : nest.arguments)
        if (argument.buffer == from && (written || (store && nest.kind != kernel::Nest::Kind::pointwise))) return false;
      if (!store) continue;
      written = true;
      for (const auto& i : nest.epilogue)
        if (i.kind == kernel::Instruction::Kind::load && nest.arguments[i.access.argument].buffer == from &&
            (i.access.strides != store->access.strides || i.access.offset != store->access.offset))
          return false;
    }
  return true;
}

void Executable::set_input(std::string_view name, std::span<const float> values) {
  const BufferId id = port(program_.inputs, name, "input").buffer;
  const Buffer& buffer = program_.buffers[id];
  const auto count = static_cast<std::int64_t>(values.size());
  if (buffer.elements == 0) return;
  if (!buffer.varying) {
    if (count != buffer.elements)
      throw Error(fmt::format("input `{}` has {} elements, {} were given", name, buffer.elements, count), 1);
    std::copy(values.begin(), values.end(), uniform_data(id));
    return;
  }
  if (count == 0 || count % buffer.elements != 0)
    throw Error(fmt::format("input `{}` has {} elements a sample, {} were given", name, buffer.elements, count), 1);
  const std::int64_t samples = count / buffer.elements, lanes = program_.lanes;
  own_[id].grow(blocks_of(samples) * buffer.elements * lanes);
  input_samples_[id] = samples;
  float* to = own_[id].data();
  for (std::int64_t block = 0; block < blocks_of(samples); ++block)
    for (std::int64_t e = 0; e < buffer.elements; ++e)
      for (std::int64_t lane = 0; lane < lanes; ++lane)
        *to++ = values[std::min(block * lanes + lane, samples - 1) * buffer.elements + e];
}

std::span<const float> Executable::uniform_output(std::string_view name) const {
  const BufferId id = port(program_.outputs, name, "output").buffer;
  const Buffer& buffer = program_.buffers[id];
  assert(!buffer.varying && "varying outputs are unpacked");
  return {uniform_data(id), static_cast<std::size_t>(buffer.elements)};
}

void Executable::read_output(std::string_view name, std::span<float> values) const {
  const BufferId id = port(program_.outputs, name, "output").buffer;
  const Buffer& buffer = program_.buffers[id];
  if (!buffer.varying) {
    const auto from = uniform_output(name);
    assert(values.size() == from.size());
    std::copy(from.begin(), from.end(), values.begin());
    return;
  }
  const std::int64_t lanes = program_.lanes;
  assert(static_cast<std::int64_t>(values.size()) == batch_ * buffer.elements);
  for (std::int64_t sample = 0; sample < batch_; ++sample) {
    const float* from = own_[id].data() + sample / lanes * buffer.elements * lanes + sample % lanes;
    for (std::int64_t e = 0; e < buffer.elements; ++e) values[sample * buffer.elements + e] = from[e * lanes];
  }
}

std::vector<float> Executable::output(std::string_view name) const {
  const Buffer& buffer = program_.buffers[port(program_.outputs, name, "output").buffer];
  std::vector<float> values(static_cast<std::size_t>(buffer.varying ? batch_ * buffer.elements : buffer.elements));
  read_output(name, values);
  return values;
}

std::vector<std::pair<std::string, std::int64_t>> Executable::memory() const {
  std::int64_t inputs = 0, kept = 0, elsewhere = 0;  // elsewhere: what is bound takes no memory of the arena
  for (std::size_t id = 0; id < own_.size(); ++id) {
    if (bound_[id] && program_.buffers[id].storage == Storage::uniform) elsewhere += program_.buffers[id].elements;
    const bool input = program_.buffers[id].storage == Storage::input;
    (input ? inputs : kept) += static_cast<std::int64_t>(own_[id].span().size());
  }
  std::vector<std::pair<std::string, std::int64_t>> sizes;
  auto add = [&](const char* name, std::int64_t elements) {
    if (elements > 0) sizes.emplace_back(name, elements * static_cast<std::int64_t>(sizeof(float)));
  };
  const auto size = [](const Floats& floats) { return static_cast<std::int64_t>(floats.span().size()); };
  add("parameters", size(param_arena_));
  add("inputs", inputs);
  add("uniform values", size(uniform_arena_) - elsewhere);
  add("activations", size(group_arenas_));
  add("values kept for the batch", kept);
  add("partial sums", size(partials_));
  add("scratch", size(scratch_));
  return sizes;
}

void Executable::set_timing(bool on) {
  timing_ = on;
  timed_runs_ = 0;
  nanoseconds_.assign(program_.nests.size(), 0.0);
  nest_runs_.assign(program_.nests.size(), 0);
  constants_done_ = params_done_ = false;
}

void Executable::prepare(std::int64_t batch, std::uint64_t seed, std::uint32_t step, std::uint32_t first_sample,
                         int threads) {
  const std::int64_t lanes = program_.lanes, count = blocks_of(batch);
  for (const Port& input : program_.inputs)
    if (program_.buffers[input.buffer].varying && input_samples_[input.buffer] != batch)
      throw Error(
          fmt::format("input `{}` holds {} samples, the batch has {}", input.name, input_samples_[input.buffer], batch),
          1);
  batch_ = batch;
  groups_ = group_count(count, program_.partial_elements);
  const std::int64_t slots = std::min<std::int64_t>(groups_, threads);
  group_arenas_.grow(slots * program_.group_elements * lanes);
  if (groups_ > 1) partials_.grow(groups_ * program_.partial_elements);
  scratch_.grow(threads * thread_scratch_);
  for (std::size_t id = 0; id < program_.buffers.size(); ++id)
    if (program_.buffers[id].storage == Storage::batch) own_[id].grow(count * program_.buffers[id].elements * lanes);
  masks_.grow(2 * lanes);
  for (std::int64_t lane = 0; lane < lanes; ++lane) {
    masks_.data()[lane] = 1;
    masks_.data()[lanes + lane] = (count - 1) * lanes + lane < batch ? 1 : 0;
  }
  blocks_.resize(static_cast<std::size_t>(count));
  for (std::int64_t block = 0; block < count; ++block)
    blocks_[block] = {seed, step, first_sample + static_cast<std::uint32_t>(block * lanes),
                      masks_.data() + (block + 1 == count ? lanes : 0), nullptr};
  place_buffers();
  for (auto& next : next_group_) next.store(0, std::memory_order_relaxed);
  if (static_cast<int>(teams_.size()) < threads) teams_ = std::vector<Barrier>(static_cast<std::size_t>(threads));
  thread_nanoseconds_.resize(static_cast<std::size_t>(threads));
  for (auto& times : thread_nanoseconds_) times.assign(timing_ ? program_.nests.size() : 0, 0.0);
}

void Executable::place_buffers() {
  const std::int64_t lanes = program_.lanes;
  places_.assign(program_.buffers.size(), {});
  for (std::size_t id = 0; id < program_.buffers.size(); ++id) {
    const Buffer& buffer = program_.buffers[id];
    Place& place = places_[id];
    switch (buffer.storage) {
      case Storage::input:
      case Storage::batch:
      case Storage::constant:
      case Storage::param:
      case Storage::uniform:
        place.base = uniform_data(static_cast<BufferId>(id));
        if (buffer.varying) place.by_block = buffer.elements * lanes;
        break;
      case Storage::group:
        place.base = group_arenas_.data() + buffer.offset * lanes;
        place.by_slot = program_.group_elements * lanes;
        break;
      case Storage::partial:
        if (groups_ == 1) {  // its sum is the whole
          place.base = uniform_data(buffer.total);
          break;
        }
        place.base = partials_.data() + buffer.offset;
        place.by_group = program_.partial_elements;
        break;
    }
  }
}

void Executable::run(std::int64_t batch, std::uint64_t seed, std::uint32_t step, std::uint32_t first_sample) {
  assert(batch > 0);
  const int threads = threads_ > 0 ? threads_ : omp_get_max_threads();
  prepare(batch, seed, step, first_sample, threads);
#pragma omp parallel num_threads(threads)
  {
#pragma omp single
    all_->reset(omp_get_num_threads());
    work(omp_get_thread_num(), omp_get_num_threads());
  }
  if (timing_) add_times();
  constants_done_ = params_done_ = true;
}

void Executable::add_times() {
  ++timed_runs_;
  for (const Stage& stage : program_.stages)
    if (due(stage))
      for (NestId nest : stage.nests) ++nest_runs_[nest];
  for (const auto& times : thread_nanoseconds_)
    for (std::size_t nest = 0; nest < times.size(); ++nest) nanoseconds_[nest] += times[nest];
}

bool Executable::due(const Stage& stage) const {
  if (stage.dependence == kernel::Dependence::constants) return !constants_done_;
  if (stage.dependence == kernel::Dependence::params) return !params_done_;
  return true;
}

void Executable::work(int rank, int size) {
  for (std::size_t s = 0; s < program_.stages.size(); ++s) {
    const Stage& stage = program_.stages[s];
    if (!due(stage)) continue;
    if (stage.varying) {
      run_varying(s, rank, size);
      continue;
    }
    Duty duty;
    duty.rank = rank;
    duty.size = size;
    for (NestId nest : stage.nests) {
      run_nest(nest, 0, duty, *all_);
      all_->wait();
    }
  }
}

/// The groups from `first_group` on, fewer than there are threads, each with a team of its own.
Executable::Duty Executable::team_duty(std::int64_t first_group, std::int64_t groups, int rank, int size) {
  const auto slot_of = [&](std::int64_t r) { return static_cast<int>(r * (groups - first_group) / size); };
  Duty duty;
  duty.slot = slot_of(rank);
  duty.group = first_group + duty.slot;
  int begin = rank, end = rank + 1;
  while (begin > 0 && slot_of(begin - 1) == duty.slot) --begin;
  while (end < size && slot_of(end) == duty.slot) ++end;
  duty.rank = rank - begin;
  duty.size = end - begin;
  return duty;
}

/// Threads take whole groups, whoever is free the next one, while there is one for each; teams share what is left.
void Executable::run_varying(std::size_t s, int rank, int size) {
  const Stage& stage = program_.stages[s];
  const std::int64_t whole = groups_ / size * size;
  Duty duty;
  duty.slot = rank;
  while ((duty.group = next_group_[s].fetch_add(1, std::memory_order_relaxed)) < whole)
    run_group(stage, stages_[s], duty);
  if (whole < groups_) {
    duty = team_duty(whole, groups_, rank, size);
    all_->wait();
    if (duty.rank == 0) teams_[duty.slot].reset(duty.size);
    all_->wait();
    run_group(stage, stages_[s], duty);
  }
  all_->wait();
  add_partials(stages_[s], rank, size);
}

void Executable::run_group(const Stage& stage, const StagePlan& plan, const Duty& duty) {
  Barrier alone;
  Barrier& team = duty.size == 1 ? alone : teams_[duty.slot];
  for (BufferId id : plan.partials) {
    const auto [begin, end] = share(program_.buffers[id].elements, duty.rank, duty.size);
    float* data = places_[id].base + duty.group * places_[id].by_group;
    std::fill(data + begin, data + end, 0.0f);
  }
  team.wait();
  for (std::int64_t block = duty.group; block < static_cast<std::int64_t>(blocks_.size()); block += groups_)
    for (NestId nest : stage.nests) {
      run_nest(nest, block, duty, team);
      team.wait();
    }
}

void Executable::run_nest(NestId nest, std::int64_t block, const Duty& duty, Barrier& team) {
  const auto& arguments = program_.nests[nest].arguments;
  const Kernel& kernel = kernels_[nest];
  const bool staged = kernel.stages > 1 && duty.size > 1;
  constexpr std::size_t few = 64;
  std::array<float*, few> on_stack;
  std::vector<float*> on_heap;
  float** pointers = on_stack.data();
  if (arguments.size() > few) {
    on_heap.resize(arguments.size());
    pointers = on_heap.data();
  }
  for (std::size_t k = 0; k < arguments.size(); ++k) {
    const Place& place = places_[arguments[k].buffer];
    pointers[k] = place.base + block * place.by_block + duty.slot * place.by_slot + duty.group * place.by_group;
  }
  const auto start = timing_ ? std::chrono::steady_clock::now() : std::chrono::steady_clock::time_point();
  const std::int64_t stages = staged ? kernel.stages : 1, tiles = kernel.tiles / stages;
  const auto [begin, end] = share(tiles, duty.rank, duty.size);
  qiln_block here = blocks_[block];
  here.scratch = scratch_.data() + omp_get_thread_num() * thread_scratch_;
  for (std::int64_t stage = 0; stage < stages; ++stage) {
    if (stage > 0) team.wait();
    if (begin < end) kernel.run(pointers, &here, stage * tiles + begin, stage * tiles + end);
  }
  if (!timing_) return;
  const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - start;
  thread_nanoseconds_[omp_get_thread_num()][nest] += time.count();
}

void Executable::add_partials(const StagePlan& plan, int rank, int size) {
  if (plan.partials.empty() || groups_ == 1) return;
  const auto [first, last] = share(plan.partial_elements, rank, size);
  std::int64_t position = 0;
  for (BufferId id : plan.partials) {
    const Buffer& buffer = program_.buffers[id];
    const std::int64_t begin = std::max<std::int64_t>(first - position, 0);
    const std::int64_t end = std::min(last - position, buffer.elements);
    position += buffer.elements;
    if (begin >= end) continue;
    float* total = places_[buffer.total].base;
    const float* partial = places_[id].base;
    std::copy(partial + begin, partial + end, total + begin);
    for (std::int64_t group = 1; group < groups_; ++group) {
      partial += places_[id].by_group;
      for (std::int64_t e = begin; e < end; ++e) total[e] += partial[e];
    }
  }
  all_->wait();
}

}  // namespace qiln::jit
