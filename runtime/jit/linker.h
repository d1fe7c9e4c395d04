// Object files in, functions in this process out.
#pragma once

#include <memory>
#include <string>

#include "compiler/kernel/abi.h"

namespace llvm {
class MemoryBuffer;
}

namespace qiln::jit {

/// LLVM's linker on its own, without layers that compile. What it has linked lives as long as it does.
class Linker {
 public:
  /// qiln::Error where this machine cannot be linked for.
  Linker();
  ~Linker();

  /// The function called `symbol` of an object that no other call names. Objects may use what the code generator calls
  /// by itself (memcpy, fmaf and the like) and nothing else from outside. Safe to call from several threads, which then
  /// link side by side. qiln::Error where the machine refuses (no memory for code).
  qiln_kernel link(std::unique_ptr<llvm::MemoryBuffer> object, const std::string& symbol);

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace qiln::jit
