// Nests in, functions out: emit, look up in the cache, else optimise and generate code, link into this process. Equal
// nests are one function, in the process and on disk; nests that this build has emitted before are not emitted again.
// LLVM stays out of this header.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "compiler/codegen/target.h"
#include "compiler/kernel/abi.h"
#include "compiler/kernel/kernel.h"
#include "runtime/jit/object_cache.h"

namespace qiln::jit {

struct CompiledKernel {
  qiln_kernel function = nullptr;
  std::int64_t tiles = 1;   // in all
  std::int64_t stages = 1;  // runs of equal length, each of which needs all of those before it (codegen/tiles.h)
};

enum class TextStage { llvm, optimised, assembly };

class Engine {
 public:
  explicit Engine(codegen::Target target, const CacheOptions& cache = {});
  ~Engine();

  const codegen::Target& target() const;
  /// One kernel a nest, in order; they live as long as the engine. Uses as many threads as there are cores (`threads`
  /// 0). qiln::Error when the machine refuses (no memory for code). Not to be called by two threads at once.
  std::vector<CompiledKernel> compile(std::span<const kernel::Nest* const> nests, int threads = 0);
  std::vector<CompiledKernel> compile(std::span<const kernel::Nest> nests, int threads = 0);

  struct Counts {
    int compiled = 0;  // modules that went through the code generator
    int loaded = 0;    // objects found on disk
    int shared = 0;    // nests equal to an earlier one
    int recalled = 0;  // different nests of a call whose modules were known without emission
  };
  Counts counts() const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

/// What a nest becomes, as text.
std::string emit_text(const kernel::Nest& nest, const codegen::Target& target, TextStage stage);

}  // namespace qiln::jit
