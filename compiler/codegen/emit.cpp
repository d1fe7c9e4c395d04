#include "compiler/codegen/emit.h"

#include <llvm/IR/Verifier.h>
#include <llvm/Support/raw_ostream.h>

#include <cassert>
#include <cstdlib>

#include "compiler/codegen/contract.h"
#include "compiler/codegen/lane_builder.h"
#include "compiler/codegen/pointwise.h"
#include "compiler/codegen/reduce.h"
#include "compiler/codegen/state_vector.h"
#include "compiler/verification.h"

namespace qiln::codegen {
namespace {

Tiles emit_body(LaneBuilder& builder) {
  using Kind = kernel::Nest::Kind;
  switch (builder.nest.kind) {
    case Kind::pointwise:
      return {emit_pointwise(builder), 1};
    case Kind::reduce:
      return {emit_reduce(builder), 1};
    case Kind::contract:
      return {emit_contract(builder), 1};
    case Kind::phase_tables:
    case Kind::apply_blocks:
    case Kind::apply_blocks_adjoint:
    case Kind::expval:
    case Kind::expval_adjoint:
      return emit_state_vector(builder);
  }
  assert(false && "no emitter for this kind of nest");
  std::abort();
}

}  // namespace

EmittedNest emit(const kernel::Nest& nest, const Target& target, llvm::LLVMContext& context) {
  EmittedNest emitted;
  emitted.module = std::make_unique<llvm::Module>("kernel", context);
  LaneBuilder builder(*emitted.module, nest, target);
  emitted.tiles = emit_body(builder);
  builder.finish();
  if (verified_at_boundaries() && llvm::verifyModule(*emitted.module, &llvm::errs())) {
    assert(false && "the emitted module is not valid");
    std::abort();
  }
  return emitted;
}

}  // namespace qiln::codegen
