#include "compiler/codegen/lane_builder.h"

#include <llvm/IR/MDBuilder.h>

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <numeric>

#include "compiler/kernel/abi.h"

namespace qiln::codegen {

using llvm::Value;

namespace {

void set_attributes(llvm::Function& function, const Target& target) {
  function.addFnAttr("target-cpu", target.cpu);
  function.addFnAttr("target-features", target.features);
  function.addFnAttr("prefer-vector-width", std::to_string(target.vector_bits));
  function.addFnAttr(llvm::Attribute::NoUnwind);
  for (unsigned i = 0; i < 2; ++i) {
    function.addParamAttr(i, llvm::Attribute::NoCapture);
    function.addParamAttr(i, llvm::Attribute::ReadOnly);
    function.addParamAttr(i, llvm::Attribute::NoAlias);
  }
}

}  // namespace

LaneBuilder::LaneBuilder(llvm::Module& module, const kernel::Nest& nest, const Target& target)
    : ir(module.getContext()), module(module), nest(nest), target(target) {
  f32 = ir.getFloatTy();
  i32 = ir.getInt32Ty();
  i64 = ir.getInt64Ty();
  pointer = ir.getPtrTy();
  module.setTargetTriple(target.triple);
  auto* type = llvm::FunctionType::get(ir.getVoidTy(), {pointer, pointer, i64, i64}, false);
  function = llvm::Function::Create(type, llvm::Function::ExternalLinkage, "kernel", module);
  set_attributes(*function, target);
  begin = function->getArg(2);
  end = function->getArg(3);
  ir.SetInsertPoint(llvm::BasicBlock::Create(module.getContext(), "entry", function));
  llvm::FastMathFlags flags;
  flags.setNoSignedZeros();
  flags.setAllowContract();
  ir.setFastMathFlags(flags);

  may_update_in_place_ = !nest.varying && nest.kind == kernel::Nest::Kind::pointwise;
  // Arguments that are the same buffer share a scope: they may alias.
  llvm::MDBuilder metadata(module.getContext());
  auto* domain = metadata.createAnonymousAliasScopeDomain();
  const auto& arguments = nest.arguments;
  std::vector<llvm::Metadata*> scopes(arguments.size());
  std::vector<int> same(arguments.size());
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    same[i] = static_cast<int>(i);
    for (std::size_t j = i; j-- > 0;)
      if (arguments[j].buffer == arguments[i].buffer && arguments[i].buffer >= 0) same[i] = same[j];
    scopes[i] = same[i] == static_cast<int>(i) ? metadata.createAnonymousAliasScope(domain) : scopes[same[i]];
  }
  auto* invariant = llvm::MDNode::get(module.getContext(), {});
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::vector<llvm::Metadata*> others;
    bool written = false;
    for (std::size_t j = 0; j < arguments.size(); ++j) {
      if (same[j] == same[i])
        written = written || arguments[j].written;
      else if (same[j] == static_cast<int>(j))
        others.push_back(scopes[j]);
    }
    scope_.push_back(llvm::MDNode::get(module.getContext(), {scopes[i]}));
    other_scopes_.push_back(others.empty() ? nullptr : llvm::MDNode::get(module.getContext(), others));
    read_only_.push_back(!written);
    auto* load = ir.CreateAlignedLoad(pointer, ir.CreateConstGEP1_64(pointer, function->getArg(0), i), llvm::Align(8));
    load->setMetadata(llvm::LLVMContext::MD_invariant_load, invariant);
    if (arguments[i].varying && nest.varying)
      load->setMetadata(
          llvm::LLVMContext::MD_align,
          llvm::MDNode::get(module.getContext(), llvm::ConstantAsMetadata::get(ir.getInt64(4 * target.lanes))));
    arguments_.push_back(load);
    varying_.push_back(nest.varying && arguments[i].varying);
  }
  // Fields that nothing uses are dropped by the first pass.
  Value* block = function->getArg(1);
  auto field = [&](llvm::Type* type, std::size_t offset, unsigned alignment) {
    Value* address = ir.CreateConstGEP1_64(ir.getInt8Ty(), block, offset);
    auto* load = ir.CreateAlignedLoad(type, address, llvm::Align(alignment));
    load->setMetadata(llvm::LLVMContext::MD_invariant_load, invariant);
    return load;
  };
  seed_ = field(i64, offsetof(qiln_block, seed), 8);
  step_ = field(i32, offsetof(qiln_block, step), 4);
  first_sample_ = field(i32, offsetof(qiln_block, first_sample), 4);
  scratch_ = field(pointer, offsetof(qiln_block, scratch), 8);
  set_width(nest.varying ? target.lanes : 1);
  if (nest.varying) {
    auto* factors = ir.CreateAlignedLoad(vector, field(pointer, offsetof(qiln_block, mask), 8), llvm::Align(4));
    factors->setMetadata(llvm::LLVMContext::MD_invariant_load, invariant);
    mask_ = ir.CreateFCmpUNE(factors, splat(0));
  }
}

int LaneBuilder::add_scratch(std::int64_t floats) {
  auto* domain = llvm::MDBuilder(module.getContext()).createAnonymousAliasScopeDomain();
  auto* scope = llvm::MDBuilder(module.getContext()).createAnonymousAliasScope(domain);
  arguments_.push_back(ir.CreateConstGEP1_64(f32, scratch_, floats));
  varying_.push_back(true);
  read_only_.push_back(false);
  scope_.push_back(llvm::MDNode::get(module.getContext(), {scope}));
  other_scopes_.push_back(nullptr);
  return static_cast<int>(arguments_.size()) - 1;
}

void LaneBuilder::finish() { ir.CreateRetVoid(); }

void LaneBuilder::set_width(int new_width, int axis) {
  width = new_width;
  vector_axis_ = width > 1 ? axis : -1;
  vector = width == 1 ? f32 : llvm::FixedVectorType::get(f32, width);
}

Value* LaneBuilder::seed() { return seed_; }
Value* LaneBuilder::step() { return step_; }
Value* LaneBuilder::first_sample() { return first_sample_; }

Value* LaneBuilder::mask() {
  assert(mask_ && "a uniform nest has no mask");
  return mask_;
}

Value* LaneBuilder::value(const Coordinate& coordinate) {
  if (!coordinate.base) return index(coordinate.offset);
  return coordinate.offset == 0 ? coordinate.base : ir.CreateNSWAdd(coordinate.base, index(coordinate.offset));
}

Value* LaneBuilder::splat(double value) { return llvm::ConstantFP::get(vector, value); }

bool LaneBuilder::is_vector(const kernel::Access& access) const {
  if (nest.varying) return varying_[access.argument];
  return vector_axis_ >= 0 && access.strides[vector_axis_] != 0;
}

Value* LaneBuilder::address(const kernel::Access& access, std::span<const Coordinate> at) {
  assert(access.strides.size() <= at.size() && "an access has one stride a coordinate");
  const std::int64_t floats = varying_[access.argument] ? target.lanes : 1;
  std::int64_t constant = access.offset;
  Value* moving = nullptr;
  for (std::size_t d = 0; d < access.strides.size(); ++d) {
    std::int64_t stride = access.strides[d];
    if (stride == 0) continue;
    constant += stride * at[d].offset;
    if (!at[d].base) continue;
    Value* term = stride * floats == 1 ? at[d].base : ir.CreateNSWMul(at[d].base, index(stride * floats));
    moving = moving ? ir.CreateNSWAdd(moving, term) : term;
  }
  Value* result = argument(access.argument);
  if (moving) result = ir.CreateGEP(f32, result, moving);
  if (constant != 0) result = ir.CreateConstGEP1_64(f32, result, constant * floats);
  return result;
}

Value* LaneBuilder::in_bounds(const kernel::Access& access, std::span<const Coordinate> at) {
  Value* all = nullptr;
  for (const auto& guard : access.guards) {
    std::int64_t constant = guard.offset;
    Value* moving = nullptr;
    for (std::size_t d = 0; d < guard.coefficients.size(); ++d) {
      if (guard.coefficients[d] == 0) continue;
      constant += guard.coefficients[d] * at[d].offset;
      if (!at[d].base) continue;
      Value* term = guard.coefficients[d] == 1 ? at[d].base : ir.CreateMul(at[d].base, index(guard.coefficients[d]));
      moving = moving ? ir.CreateAdd(moving, term) : term;
    }
    if (!moving) {
      if (constant < 0 || constant >= guard.extent) return ir.getFalse();
      continue;
    }
    Value* holds = ir.CreateICmpULT(ir.CreateAdd(moving, index(constant)), index(guard.extent));
    all = all ? ir.CreateAnd(all, holds) : holds;
  }
  return all;
}

Value* LaneBuilder::load(const kernel::Access& access, std::span<const Coordinate> at) {
  Value* inside = in_bounds(access, at);
  const bool same_everywhere = std::all_of(access.strides.begin(), access.strides.end(), [](auto s) { return s == 0; });
  if (may_update_in_place_ && same_everywhere && !inside && read_only_[access.argument]) {
    // A learning rate: read once, before the loops.
    auto* one = ir.CreateAlignedLoad(f32, address(access, at), llvm::Align(4));
    one->setMetadata(llvm::LLVMContext::MD_invariant_load, llvm::MDNode::get(module.getContext(), {}));
    return width == 1 ? static_cast<Value*>(one) : ir.CreateVectorSplat(width, one);
  }
  auto fetch = [&](Value* from) { return is_vector(access) ? load_vector(from) : load_broadcast(from); };
  if (!inside) return fetch(address(access, at));
  if (auto* known = llvm::dyn_cast<llvm::ConstantInt>(inside); known && known->isZero()) return splat(0);
  // Out of bounds the first element is read in place: it always exists.
  Value* safe = ir.CreateSelect(inside, address(access, at), argument(access.argument));
  auto* loaded = fetch(safe);
  return ir.CreateSelect(inside, loaded, splat(0));
}

template <class Memory>
Memory* LaneBuilder::annotated(Memory* access, Value* address) {
  if (may_update_in_place_) return access;
  Value* root = address;
  for (;;) {
    if (auto* step = llvm::dyn_cast<llvm::GetElementPtrInst>(root))
      root = step->getPointerOperand();
    else if (auto* choice = llvm::dyn_cast<llvm::SelectInst>(root))
      root = choice->getFalseValue();
    else
      break;
  }
  for (std::size_t i = 0; i < arguments_.size(); ++i) {
    if (arguments_[i] != root) continue;
    access->setMetadata(llvm::LLVMContext::MD_alias_scope, scope_[i]);
    if (other_scopes_[i]) access->setMetadata(llvm::LLVMContext::MD_noalias, other_scopes_[i]);
    if (llvm::isa<llvm::LoadInst>(access) && read_only_[i])
      access->setMetadata(llvm::LLVMContext::MD_invariant_load, llvm::MDNode::get(module.getContext(), {}));
    break;
  }
  return access;
}

Value* LaneBuilder::load_vector(Value* address) {
  llvm::Align alignment(nest.varying ? 4 * target.lanes : 4);
  return annotated(ir.CreateAlignedLoad(vector, address, alignment), address);
}

Value* LaneBuilder::load_broadcast(Value* address) {
  Value* one = annotated(ir.CreateAlignedLoad(f32, address, llvm::Align(4)), address);
  return width == 1 ? one : ir.CreateVectorSplat(width, one);
}

void LaneBuilder::store_vector(Value* value, Value* address) {
  llvm::Align alignment(nest.varying ? 4 * target.lanes : 4);
  annotated(ir.CreateAlignedStore(value, address, alignment), address);
}

void LaneBuilder::add_to(Value* address, Value* value) {
  Value* before = annotated(ir.CreateAlignedLoad(value->getType(), address, llvm::Align(4)), address);
  annotated(ir.CreateAlignedStore(ir.CreateFAdd(before, value), address, llvm::Align(4)), address);
}

void LaneBuilder::store(const kernel::Store& store, Value* value, std::span<const Coordinate> at) {
  Value* to = address(store.access, at);
  if (store.batch_sum) {
    add_to(to, lane_sum(ir.CreateSelect(mask(), value, splat(0))));
    return;
  }
  assert((width == 1 || is_vector(store.access)) && "a uniform element cannot hold one value a lane");
  store_vector(value, to);
}

namespace {

/// Shuffle mask: the first (half 0) or second half of each block of `block` entries; of two vectors, block by block
/// from each in turn.
std::vector<int> halves(int width, int block, int half, bool two) {
  std::vector<int> mask;
  for (int b = 0; b < width; b += block)
    for (int source = 0; source < (two ? 2 : 1); ++source)
      for (int i = 0; i < block / 2; ++i) mask.push_back(source * width + b + half * block / 2 + i);
  return mask;
}

}  // namespace

/// One vector of `width` floats that holds, for each value in order, width / count partial sums side by side.
Value* LaneBuilder::transposed_sums(std::vector<Value*> values) {
  if (values.size() == 1) return values[0];
  std::vector<Value*> even, odd;
  for (std::size_t i = 0; i < values.size(); ++i) (i % 2 ? odd : even).push_back(values[i]);
  int block = width / static_cast<int>(even.size());
  Value *a = transposed_sums(even), *b = transposed_sums(odd);
  return ir.CreateFAdd(ir.CreateShuffleVector(a, b, halves(width, block, 0, true)),
                       ir.CreateShuffleVector(a, b, halves(width, block, 1, true)));
}

Value* LaneBuilder::lane_sums(std::span<Value* const> values) {
  auto count = static_cast<int>(values.size());
  assert(count > 0 && (count & (count - 1)) == 0 && "a power of two");
  if (count > width) {
    Value *a = lane_sums(values.first(count / 2)), *b = lane_sums(values.subspan(count / 2));
    std::vector<int> all(count);
    std::iota(all.begin(), all.end(), 0);
    return ir.CreateShuffleVector(a, b, all);
  }
  Value* sums = transposed_sums({values.begin(), values.end()});
  for (int size = width; size > count; size /= 2) {
    int block = size / count;
    sums = ir.CreateFAdd(ir.CreateShuffleVector(sums, halves(size, block, 0, false)),
                         ir.CreateShuffleVector(sums, halves(size, block, 1, false)));
  }
  return sums;
}

Value* LaneBuilder::lane_sum(Value* value) {
  return ir.CreateExtractElement(lane_sums(std::span<Value* const>(&value, 1)), std::uint64_t{0});
}

Value* LaneBuilder::fma(Value* a, Value* b, Value* c) {
  bool fused = target.features.find("+fma,") != std::string::npos || target.triple.starts_with("aarch64");
  return ir.CreateIntrinsic(fused ? llvm::Intrinsic::fma : llvm::Intrinsic::fmuladd, {a->getType()}, {a, b, c});
}

std::vector<Value*> LaneBuilder::loop(Value* from, Value* to, std::int64_t by, std::vector<Value*> carried,
                                      const std::function<std::vector<Value*>(Value*, std::span<Value* const>)>& body) {
  auto& context = module.getContext();
  auto* before = ir.GetInsertBlock();
  Value* enters = ir.CreateICmpSLT(from, to);
  auto* known = llvm::dyn_cast<llvm::ConstantInt>(enters);
  if (known && known->isZero()) return carried;
  auto* inside = llvm::BasicBlock::Create(context, "loop", function);
  if (known) {
    ir.CreateBr(inside);
  }
  llvm::BranchInst* skip = known ? nullptr : ir.CreateCondBr(enters, inside, inside);
  ir.SetInsertPoint(inside);
  auto* i = ir.CreatePHI(i64, 2);
  i->addIncoming(from, before);
  std::vector<Value*> now;
  for (Value* v : carried) {
    auto* phi = ir.CreatePHI(v->getType(), 2);
    phi->addIncoming(v, before);
    now.push_back(phi);
  }
  std::vector<Value*> next = body(i, now);
  assert(next.size() == carried.size());
  auto* last = ir.GetInsertBlock();
  auto* after = llvm::BasicBlock::Create(context, "after", function);
  Value* stepped = ir.CreateNSWAdd(i, index(by));
  ir.CreateCondBr(ir.CreateICmpSLT(stepped, to), inside, after);
  i->addIncoming(stepped, last);
  for (std::size_t v = 0; v < now.size(); ++v) llvm::cast<llvm::PHINode>(now[v])->addIncoming(next[v], last);
  if (skip) skip->setSuccessor(1, after);
  ir.SetInsertPoint(after);
  if (!skip) return next;
  for (std::size_t v = 0; v < next.size(); ++v) {
    auto* phi = ir.CreatePHI(next[v]->getType(), 2);
    phi->addIncoming(carried[v], before);
    phi->addIncoming(next[v], last);
    next[v] = phi;
  }
  return next;
}

void LaneBuilder::loop(Value* from, Value* to, std::int64_t by, const std::function<void(Value*)>& body) {
  loop(from, to, by, {}, [&](Value* i, std::span<Value* const>) {
    body(i);
    return std::vector<Value*>{};
  });
}

void LaneBuilder::when(Value* condition, const std::function<void()>& body) {
  if (!condition) return body();
  auto& context = module.getContext();
  auto* then = llvm::BasicBlock::Create(context, "then", function);
  auto* after = llvm::BasicBlock::Create(context, "after", function);
  ir.CreateCondBr(condition, then, after);
  ir.SetInsertPoint(then);
  body();
  ir.CreateBr(after);
  ir.SetInsertPoint(after);
}

}  // namespace qiln::codegen
