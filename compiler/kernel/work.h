// What programs cost: the arithmetic of nests and the memory that they touch, for reports. A multiply-add is two flops;
// a function such as exp counts as function_flops.
#pragma once

#include "compiler/kernel/kernel.h"
#include "compiler/kernel/state_plan.h"

namespace qiln::kernel {

inline constexpr double function_flops = 20;
/// Pointwise primitives that are computed as polynomials.
bool is_function(Primitive op);

struct Work {
  double flops = 0;
  double bytes = 0;
};

/// A block program from |0...0> to the state, for one sample. Bytes: states read and written by whole sweeps, whatever
/// cache they come from.
Work forward_work(const circuit::BlockProgram& program, Chunks chunks);
/// From the cotangent of the state to those of the operands: two states undone, and the sums.
Work adjoint_work(const circuit::BlockProgram& program, Chunks chunks);

/// One run of a nest: for one sample if it is varying. Points outside a border count, as they do for everybody.
struct NestWork : Work {
  double shared = 0;  // bytes that all samples of a block read or write together
  double stated = 0;  // flops of the sums as they stand in the model, where they are computed in fewer; else the same
};
NestWork work_of(const Program& program, const Nest& nest, Chunks chunks);

}  // namespace qiln::kernel
