#include "runtime/jit/engine.h"

#include <llvm/Bitcode/BitcodeWriter.h>
#include <llvm/Config/llvm-config.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/raw_ostream.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "compiler/codegen/emit.h"
#include "compiler/codegen/optimise.h"
#include "compiler/kernel/identity.h"
#include "compiler/verification.h"
#include "runtime/jit/digest.h"
#include "runtime/jit/emission_index.h"
#include "runtime/jit/linker.h"

namespace qiln::jit {
namespace {

/// What decides the object: the module, who compiles it, and for what.
Digest object_of(const llvm::Module& module, const codegen::Target& target) {
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::WriteBitcodeToFile(module, stream);
  for (std::string_view part : {std::string_view(target.cpu), std::string_view(target.features), codegen::pipeline_id,
                                std::string_view(LLVM_VERSION_STRING), std::string_view(QILN_VERSION)})
    stream << '\0' << llvm::StringRef(part.data(), part.size());
  return digest({bytes.data(), bytes.size()});
}

std::string symbol_of(const Digest& object) { return "kernel_" + name_of(object); }

/// One of the different nests of a call, and what is known of its module.
struct Job {
  const kernel::Nest* nest;
  Digest identity;
  std::optional<Emission> emission;
};

}  // namespace

struct Engine::Implementation {
  codegen::Target target;
  ObjectCache cache;
  EmissionIndex index;
  Linker linker;
  std::mutex mutex;
  std::map<Digest, qiln_kernel> functions;  // by object; null while someone makes it
  Counts counts;

  Implementation(codegen::Target target_, const CacheOptions& options)
      : target(std::move(target_)), cache(options), index(cache, target) {}

  /// Whether the caller is the first to ask for the object, and so has to make it.
  bool claim(const Digest& object) {
    std::lock_guard lock(mutex);
    return functions.emplace(object, nullptr).second;
  }

  void link(const Digest& object, std::string_view bytes, int Counts::*count) {
    const std::string symbol = symbol_of(object);
    auto buffer = llvm::MemoryBuffer::getMemBuffer(llvm::StringRef(bytes.data(), bytes.size()), symbol, false);
    const qiln_kernel function = linker.link(std::move(buffer), symbol);
    std::lock_guard lock(mutex);
    functions[object] = function;
    ++(counts.*count);
  }

  bool load(const Digest& object) {
    const auto found = cache.find(name_of(object) + ".o");
    if (found) link(object, found->bytes, &Counts::loaded);
    return found.has_value();
  }

  void compile(llvm::Module& module, const Digest& object, llvm::TargetMachine& machine) {
    module.getFunction("kernel")->setName(symbol_of(object));
    codegen::optimise(module, machine);
    const auto bytes = codegen::emit_machine_code(module, machine);
    const std::string_view view(bytes.data(), bytes.size());
    cache.insert(name_of(object) + ".o", view);
    link(object, view, &Counts::compiled);
  }

  /// Finds out the nest's object, and links it unless someone else does.
  void run(Job& job, std::unique_ptr<llvm::TargetMachine>& machine) {
    bool mine = job.emission && claim(job.emission->object);
    if (job.emission && !verified_at_boundaries() && (!mine || load(job.emission->object))) return;
    llvm::LLVMContext context;
    const codegen::EmittedNest emitted = codegen::emit(*job.nest, target, context);
    const Emission emission{object_of(*emitted.module, target), emitted.tiles};
    if (job.emission) {
      assert(*job.emission == emission && "nests of one identity are one module");
    } else {
      job.emission = emission;
      mine = claim(emission.object);
    }
    if (!mine || load(emission.object)) return;
    if (!machine) machine = codegen::make_target_machine(target);
    compile(*emitted.module, emission.object, *machine);
  }

  void run(std::vector<Job>& jobs, int threads) {
    threads = std::max(1, std::min<int>(threads, static_cast<int>(jobs.size())));
    std::vector<std::exception_ptr> failures(threads);
    std::atomic<std::size_t> next = 0;
    auto work = [&](int thread) {
      std::unique_ptr<llvm::TargetMachine> machine;  // one a thread: they may not be shared
      try {
        for (std::size_t k = next++; k < jobs.size(); k = next++) run(jobs[k], machine);
      } catch (...) {
        failures[thread] = std::current_exception();
      }
    };
    {
      std::vector<std::jthread> pool;
      for (int t = 1; t < threads; ++t) pool.emplace_back(work, t);
      work(0);
    }
    for (const auto& failure : failures)
      if (failure) std::rethrow_exception(failure);
  }
};

Engine::Engine(codegen::Target target, const CacheOptions& cache)
    : implementation_(std::make_unique<Implementation>(std::move(target), cache)) {}
Engine::~Engine() = default;

const codegen::Target& Engine::target() const { return implementation_->target; }
Engine::Counts Engine::counts() const { return implementation_->counts; }

std::vector<CompiledKernel> Engine::compile(std::span<const kernel::Nest* const> nests, int threads) {
  auto& self = *implementation_;
  if (threads <= 0) threads = static_cast<int>(std::thread::hardware_concurrency());
  std::vector<Job> jobs;
  std::map<Digest, std::size_t> job_of;  // by identity
  std::vector<std::size_t> numbers;      // of jobs, by nest
  for (const kernel::Nest* nest : nests) {
    const Digest identity = digest(kernel::identity(*nest));
    const auto [found, first] = job_of.emplace(identity, jobs.size());
    numbers.push_back(found->second);
    if (!first) continue;
    const Emission* known = self.index.find(identity);
    self.counts.recalled += known != nullptr;
    jobs.push_back({nest, identity, known ? std::optional(*known) : std::nullopt});
  }
  const int made = self.counts.compiled + self.counts.loaded;
  self.run(jobs, threads);
  self.counts.shared += static_cast<int>(nests.size()) - (self.counts.compiled + self.counts.loaded - made);
  for (const Job& job : jobs) self.index.add(job.identity, *job.emission);
  self.index.save();
  std::vector<CompiledKernel> kernels;
  for (std::size_t number : numbers) {
    const Emission& emission = *jobs[number].emission;
    kernels.push_back({self.functions.at(emission.object), emission.tiles.count, emission.tiles.stages});
  }
  return kernels;
}

std::vector<CompiledKernel> Engine::compile(std::span<const kernel::Nest> nests, int threads) {
  std::vector<const kernel::Nest*> pointers;
  for (const auto& nest : nests) pointers.push_back(&nest);
  return compile(pointers, threads);
}

std::string emit_text(const kernel::Nest& nest, const codegen::Target& target, TextStage stage) {
  llvm::LLVMContext context;
  auto emitted = codegen::emit(nest, target, context);
  auto machine = codegen::make_target_machine(target);
  std::string text;
  if (stage != TextStage::llvm) codegen::optimise(*emitted.module, *machine);
  if (stage == TextStage::assembly) {
    const auto bytes = codegen::emit_machine_code(*emitted.module, *machine, /*assembly=*/true);
    return {bytes.data(), bytes.size()};
  }
  llvm::raw_string_ostream stream(text);
  emitted.module->print(stream, nullptr);
  return text;
}

}  // namespace qiln::jit
