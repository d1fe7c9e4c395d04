// From a module as emitted to machine code: a short pass pipeline (emitted code is already unrolled and in vectors) and
// LLVM's code generator.
#pragma once

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

#include <memory>
#include <string_view>

#include "compiler/codegen/target.h"

namespace qiln::codegen {

/// Names the pipeline in cache keys: changes whenever `optimise` or the target machine's options do.
inline constexpr std::string_view pipeline_id = "2";

/// For the target's triple, processor and features; qiln::Error where this LLVM does not know them. Not to be used by
/// two threads at once.
std::unique_ptr<llvm::TargetMachine> make_target_machine(const Target& target);

void optimise(llvm::Module& module, llvm::TargetMachine& machine);

/// An object file, or assembly text.
llvm::SmallVector<char, 0> emit_machine_code(llvm::Module& module, llvm::TargetMachine& machine, bool assembly = false);

}  // namespace qiln::codegen
