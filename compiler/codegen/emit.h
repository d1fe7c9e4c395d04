// From a nest to an LLVM module with one exported function of the type qiln_kernel (compiler/kernel/abi.h).
#pragma once

#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>

#include <cstdint>
#include <memory>
#include <string>

#include "compiler/codegen/target.h"
#include "compiler/codegen/tiles.h"
#include "compiler/kernel/kernel.h"

namespace qiln::codegen {

/// The module does not depend on labels, origins or buffer ids: equal nests give equal modules.
/// The function is called "kernel"; its range is one of tiles.
struct EmittedNest {
  std::unique_ptr<llvm::Module> module;
  Tiles tiles;
};

EmittedNest emit(const kernel::Nest& nest, const Target& target, llvm::LLVMContext& context);

}  // namespace qiln::codegen
