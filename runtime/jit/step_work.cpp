#include "runtime/jit/step_work.h"

#include "compiler/codegen/state_chunks.h"
#include "compiler/kernel/work.h"

namespace qiln::jit {

double flops_of_run(const Executable& executable, const codegen::Target& target) {
  const kernel::Program& program = executable.program();
  double flops = 0;
  for (const kernel::Stage& stage : program.stages) {
    if (stage.dependence == kernel::Dependence::constants) continue;
    for (const kernel::NestId id : stage.nests) {
      const kernel::Nest& nest = program.nests[id];
      const auto work = kernel::work_of(program, nest, codegen::state_chunks(target, nest.program.qubits));
      flops += work.flops * (nest.varying ? static_cast<double>(executable.blocks() * program.lanes) : 1);
    }
  }
  return flops;
}

}  // namespace qiln::jit
