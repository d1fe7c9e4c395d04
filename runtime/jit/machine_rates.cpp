#include "runtime/jit/machine_rates.h"

#include <omp.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

namespace qiln::jit {
namespace {

constexpr std::int64_t chains = 12, length = 200'000;

/// y[j] = sum over k of x[0] * w[j]: one chain of multiply-adds a register.
kernel::Nest chain_nest() {
  kernel::Nest nest;
  nest.kind = kernel::Nest::Kind::contract;
  nest.label = "multiply-add chains";
  nest.varying = true;
  nest.arguments = {{0, true, false}, {1, false, false}, {2, true, true}};
  nest.space = {chains, 1};
  kernel::Phase phase;
  phase.extents = {chains, 1};
  phase.start = {0, 0};
  phase.step = {1, 1};
  phase.reduction = {length};
  phase.factors = {{0, {0, 0, 0}, 0, {}}, {1, {1, 0, 0}, 0, {}}};
  nest.phases = {phase};
  kernel::Instruction sum;
  sum.kind = kernel::Instruction::Kind::accumulator;
  nest.epilogue = {sum};
  nest.stores = {{0, {2, {1, 1}, 0, {}}, false}};
  return nest;
}

struct Free {
  void operator()(float* p) const { std::free(p); }
};
std::unique_ptr<float, Free> aligned(std::int64_t count, float value) {
  const std::size_t bytes = (static_cast<std::size_t>(count) * sizeof(float) + 63) / 64 * 64;
  std::unique_ptr<float, Free> memory(static_cast<float*>(std::aligned_alloc(64, bytes)));
  if (!memory) throw std::bad_alloc();
  std::fill_n(memory.get(), count, value);
  return memory;
}

/// The sum over threads, which work side by side, of the best rate that each reaches in `attempts` runs of `work`.
template <typename Work>
double best_rate(int threads, int attempts, double units, const Work& work) {
  double sum = 0;
#pragma omp parallel num_threads(threads) reduction(+ : sum)
  for (int attempt = 0; attempt < attempts; ++attempt) {
#pragma omp barrier
    const auto start = std::chrono::steady_clock::now();
    work(omp_get_thread_num());
    sum = std::max(sum, units / std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return sum;
}

double memory_rate(int threads) {
  constexpr std::int64_t count = 8 << 20;
  std::vector<std::unique_ptr<float, Free>> x, y;
  for (int thread = 0; thread < threads; ++thread) {
    x.push_back(aligned(count, 1));
    y.push_back(aligned(count, 1));
  }
  return best_rate(threads, 8, 3.0 * sizeof(float) * count, [&](int thread) {
    const float* from = x[thread].get();
    float* to = y[thread].get();
    for (std::int64_t i = 0; i < count; ++i) to[i] += 0.5f * from[i];
  });
}

}  // namespace

double multiply_add_rate(Engine& engine, int threads, int attempts) {
  if (threads <= 0) threads = omp_get_max_threads();
  const kernel::Nest nest = chain_nest();
  const CompiledKernel chain = engine.compile(std::span(&nest, 1), 1)[0];
  const int lanes = engine.target().lanes;
  return best_rate(threads, attempts, 2.0 * chains * length * lanes, [&](int) {
    const auto x = aligned(lanes, 1e-9f), w = aligned(chains, 0.5f), y = aligned(chains * lanes, 0),
               mask = aligned(lanes, 1);
    float* pointers[3] = {x.get(), w.get(), y.get()};
    const qiln_block block{0, 0, 0, mask.get(), nullptr};
    chain.function(pointers, &block, 0, chain.tiles);
  });
}

MachineRates measure_rates(Engine& engine, int threads) {
  if (threads <= 0) threads = omp_get_max_threads();
  return {threads, multiply_add_rate(engine, threads, 200), memory_rate(threads)};
}

MachineRates better(const MachineRates& a, const MachineRates& b) {
  assert(a.threads == b.threads);
  return {a.threads, std::max(a.flops, b.flops), std::max(a.bytes, b.bytes)};
}

}  // namespace qiln::jit
