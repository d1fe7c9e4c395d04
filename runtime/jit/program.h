// Runs a scheduled program: memory, groups of blocks, threads. Results do not depend on the number of threads: block b
// belongs to group b mod groups, each of several groups sums into partials of its own, which are added in order, and
// threads that share a group split the tiles of each nest, which write disjoint elements.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "compiler/kernel/abi.h"
#include "compiler/kernel/kernel.h"
#include "runtime/jit/memory.h"
#include "runtime/jit/team.h"

namespace qiln::jit {

/// The code of one nest.
struct Kernel {
  std::function<std::remove_pointer_t<qiln_kernel>> run;
  std::int64_t tiles = 1, stages = 1;  // as in CompiledKernel
};

/// Seconds that it took to make a program.
struct BuildTimes {
  double passes = 0, schedule = 0, code = 0;
};

/// Groups of a batch: at most 8, and at most 64 MB of partials.
std::int64_t group_count(std::int64_t blocks, std::int64_t partial_elements);

class Executable {
 public:
  /// One kernel a nest. `threads` 0: as many as OpenMP would take.
  Executable(kernel::Program program, std::vector<Kernel> kernels, int threads = 0);

  const kernel::Program& program() const { return program_; }
  const BuildTimes& build_times() const { return build_times_; }
  void set_build_times(const BuildTimes& times) { build_times_ = times; }
  void set_threads(int threads) { threads_ = threads; }

  /// The elements of a parameter, and the whole arena (trainable parameters first, each at a multiple of 16 elements),
  /// to be written before the next run. Whoever keeps such a span and writes again says `params_changed`.
  std::span<float> param(std::string_view path);
  std::span<float> params();
  /// The next run computes anew what depends on parameters alone. Otherwise runs use what the last one computed.
  void params_changed() { params_done_ = false; }
  /// From now on parameters lie at `arena` (param_elements floats that start at a cache line) instead.
  void use_params(std::span<float> arena);

  /// Varying: [sample][element] of the whole batch of the next runs; uniform: the elements.
  void set_input(std::string_view name, std::span<const float> values);
  /// Where a uniform input lies.
  std::span<float> uniform_input(std::string_view name);
  /// From now on the uniform input and the uniform output of this name lie at `memory`: both, for an update in place,
  /// which asserts that elements are written only where and when they have been read for the last time.
  void bind(std::string_view name, std::span<float> memory);

  /// One step over `batch` samples. Sample s of the batch draws its random numbers as sample first_sample + s. Throws
  /// qiln::Error when a varying input holds another number of samples.
  void run(std::int64_t batch, std::uint64_t seed = 0, std::uint32_t step = 0, std::uint32_t first_sample = 0);

  /// Of the last run: varying [sample][element]; uniform the elements.
  std::vector<float> output(std::string_view name) const;
  void read_output(std::string_view name, std::span<float> values) const;
  /// A uniform output where it lies.
  std::span<const float> uniform_output(std::string_view name) const;

  /// Nanoseconds that threads spent in each nest, summed over threads and runs since timing was switched on, and how
  /// many runs these were: not all where it need not be computed each time. The first timed run computes everything.
  void set_timing(bool on);
  std::span<const double> nest_nanoseconds() const { return nanoseconds_; }
  std::int64_t nest_runs(kernel::NestId nest) const { return nest_runs_[nest]; }
  std::int64_t timed_runs() const { return timed_runs_; }
  /// Bytes of each kind of memory, as large as the runs so far have made them.
  std::vector<std::pair<std::string, std::int64_t>> memory() const;
  /// Blocks of samples of the last run.
  std::int64_t blocks() const { return static_cast<std::int64_t>(blocks_.size()); }

 private:
  /// Where a buffer lies: base + block * by_block + slot * by_slot + group * by_group.
  struct Place {
    float* base = nullptr;
    std::int64_t by_block = 0, by_slot = 0, by_group = 0;
  };
  /// A thread's part in the work: rank `rank` of the `size` threads on `group`, which uses group arena `slot`.
  struct Duty {
    std::int64_t group = 0;
    int slot = 0, rank = 0, size = 1;
  };
  struct StagePlan {
    std::vector<kernel::BufferId> partials;  // written in the stage
    std::int64_t partial_elements = 0;
  };

  const kernel::Port& port(const std::vector<kernel::Port>& ports, std::string_view name, const char* what) const;
  std::int64_t blocks_of(std::int64_t samples) const { return (samples + program_.lanes - 1) / program_.lanes; }
  float* uniform_data(kernel::BufferId id) const;
  bool in_place(kernel::BufferId from, kernel::BufferId to) const;
  void plan_stages();
  void fill_constants();
  void prepare(std::int64_t batch, std::uint64_t seed, std::uint32_t step, std::uint32_t first_sample, int threads);
  bool due(const kernel::Stage& stage) const;
  void add_times();
  void place_buffers();
  void work(int rank, int size);
  void run_varying(std::size_t stage, int rank, int size);
  void run_group(const kernel::Stage& stage, const StagePlan& plan, const Duty& duty);
  /// Threads of `team` meet after each stage but the last.
  void run_nest(kernel::NestId nest, std::int64_t block, const Duty& duty, Barrier& team);
  void add_partials(const StagePlan& plan, int rank, int size);
  static Duty team_duty(std::int64_t first_group, std::int64_t groups, int rank, int size);

  kernel::Program program_;
  BuildTimes build_times_;
  std::vector<Kernel> kernels_;
  int threads_;
  std::vector<StagePlan> stages_;
  Floats param_arena_, uniform_arena_, group_arenas_, partials_, scratch_;
  std::int64_t thread_scratch_ = 0;  // floats
  std::span<float> params_;
  std::vector<Floats> own_;                  // of input, constant and batch buffers
  std::vector<float*> bound_;                // by buffer; null: not bound
  std::vector<std::int64_t> input_samples_;  // by buffer
  std::vector<Place> places_;
  std::vector<qiln_block> blocks_;
  Floats masks_;  // full, and that of the last block
  std::int64_t batch_ = 0, groups_ = 0;
  std::vector<std::atomic<std::int64_t>> next_group_;  // by stage
  std::unique_ptr<Barrier> all_ = std::make_unique<Barrier>();
  std::vector<Barrier> teams_;
  bool constants_done_ = false, params_done_ = false;  // uniform stages whose results are there
  bool timing_ = false;
  std::int64_t timed_runs_ = 0;
  std::vector<double> nanoseconds_;
  std::vector<std::int64_t> nest_runs_;
  std::vector<std::vector<double>> thread_nanoseconds_;
};

}  // namespace qiln::jit
