#include "compiler/codegen/random.h"

#include <array>
#include <cassert>

#include "compiler/codegen/vector_math.h"
#include "runtime/random/philox.h"

namespace qiln::codegen {
namespace {

using llvm::Value;

/// Which element: quad = element / 4, word = element % 4; the word is a constant where the loops allow.
struct Element {
  Value* quad;  // i32
  int word = 0;
  Value* run_time_word = nullptr;  // i32, if not a constant
};

Element element(LaneBuilder& b, const kernel::Access& access, std::span<const Coordinate> at) {
  std::int64_t constant = access.offset;
  Value* moving = nullptr;
  bool aligned = true;
  for (std::size_t d = 0; d < access.strides.size(); ++d) {
    constant += access.strides[d] * at[d].offset;
    if (access.strides[d] == 0 || !at[d].base) continue;
    aligned = aligned && access.strides[d] * at[d].multiple % 4 == 0;
    Value* term = b.ir.CreateMul(at[d].base, b.index(access.strides[d]));
    moving = moving ? b.ir.CreateAdd(moving, term) : term;
  }
  if (!moving) return {b.ir.getInt32(static_cast<std::uint32_t>(constant / 4)), static_cast<int>(constant % 4)};
  if (aligned) {
    Value* quad = b.ir.CreateAdd(b.ir.CreateLShr(moving, 2), b.index(constant >> 2));
    return {b.ir.CreateTrunc(quad, b.i32), static_cast<int>(constant & 3)};
  }
  Value* whole = b.ir.CreateAdd(moving, b.index(constant));
  return {b.ir.CreateTrunc(b.ir.CreateLShr(whole, 2), b.i32), 0,
          b.ir.CreateTrunc(b.ir.CreateAnd(whole, b.index(3)), b.i32)};
}

class Philox {
 public:
  explicit Philox(LaneBuilder& builder) : b_(builder), ir_(builder.ir) { words_ = b_.vector->getWithNewType(b_.i32); }

  std::array<Value*, 4> words(std::uint32_t site, Value* quad) {
    std::array<Value*, 4> c{splat(b_.step()), samples(), constant(site), splat(quad)};
    Value* low = splat(ir_.CreateTrunc(b_.seed(), b_.i32));
    Value* high = splat(ir_.CreateTrunc(ir_.CreateLShr(b_.seed(), 32), b_.i32));
    for (int round = 0; round < random::philox_rounds; ++round) {
      auto [a_high, a_low] = product(c[0], random::philox_multiplier_0);
      auto [b_high, b_low] = product(c[2], random::philox_multiplier_1);
      c = {ir_.CreateXor(ir_.CreateXor(b_high, c[1]), low), b_low, ir_.CreateXor(ir_.CreateXor(a_high, c[3]), high),
           a_low};
      low = ir_.CreateAdd(low, constant(random::philox_weyl_0));
      high = ir_.CreateAdd(high, constant(random::philox_weyl_1));
    }
    return c;
  }

  Value* uniform(Value* word) {
    Value* whole = ir_.CreateSIToFP(ir_.CreateLShr(word, 9), b_.vector);
    return ir_.CreateFMul(ir_.CreateFAdd(whole, b_.splat(0.5)), b_.splat(0x1p-23));
  }

 private:
  llvm::Constant* constant(std::uint32_t value) { return llvm::ConstantInt::get(words_, value); }
  Value* splat(Value* value) { return b_.width == 1 ? value : ir_.CreateVectorSplat(b_.width, value); }
  Value* samples() {
    Value* first = splat(b_.first_sample());
    if (b_.width == 1) return first;
    std::vector<llvm::Constant*> lanes;
    for (int l = 0; l < b_.width; ++l) lanes.push_back(ir_.getInt32(l));
    return ir_.CreateAdd(first, llvm::ConstantVector::get(lanes));
  }
  std::pair<Value*, Value*> product(Value* word, std::uint32_t multiplier) {
    auto* wide = words_->getWithNewType(b_.i64);
    Value* p = ir_.CreateMul(ir_.CreateZExt(word, wide), llvm::ConstantInt::get(wide, multiplier));
    return {ir_.CreateTrunc(ir_.CreateLShr(p, 32), words_), ir_.CreateTrunc(p, words_)};
  }

  LaneBuilder& b_;
  llvm::IRBuilder<>& ir_;
  llvm::Type* words_;
};

/// values[index], or by selects when the index is known at run time only.
Value* chosen(LaneBuilder& b, std::span<Value* const> values, Value* index) {
  Value* result = values[0];
  for (std::size_t i = 1; i < values.size(); ++i)
    result = b.ir.CreateSelect(b.ir.CreateICmpEQ(index, b.ir.getInt32(i)), values[i], result);
  return result;
}

Value* normal(LaneBuilder& b, Philox& philox, const std::array<Value*, 4>& words, const Element& element) {
  Value *first, *second;
  if (element.run_time_word) {
    Value* pair = b.ir.CreateLShr(element.run_time_word, 1);
    first = chosen(b, std::array{words[0], words[2]}, pair);
    second = chosen(b, std::array{words[1], words[3]}, pair);
  } else {
    first = words[element.word & 2];
    second = words[(element.word & 2) + 1];
  }
  Value* squared = b.ir.CreateFMul(emit_log(b, philox.uniform(first)), b.splat(-2));
  Value* radius = b.ir.CreateUnaryIntrinsic(llvm::Intrinsic::sqrt, squared);
  Value* turns = philox.uniform(second);
  Value* direction;
  if (element.run_time_word) {
    Value* odd = b.ir.CreateTrunc(element.run_time_word, b.ir.getInt1Ty());
    direction = b.ir.CreateSelect(odd, emit_sin_turns(b, turns), emit_cos_turns(b, turns));
  } else {
    direction = element.word % 2 ? emit_sin_turns(b, turns) : emit_cos_turns(b, turns);
  }
  return b.ir.CreateFMul(radius, direction);
}

}  // namespace

Value* emit_random(LaneBuilder& b, const kernel::Instruction& instruction, std::span<const Coordinate> at) {
  assert((b.nest.varying || b.width == 1) && "uniform random numbers are not vectorised over elements");
  llvm::IRBuilder<>::FastMathFlagGuard guard(b.ir);
  b.ir.clearFastMathFlags();
  const Element e = element(b, instruction.access, at);
  Philox philox(b);
  const auto words = philox.words(random::site_hash(instruction.random.site), e.quad);
  if (instruction.random.distribution == graph::Distribution::normal) return normal(b, philox, words, e);
  Value* uniform = philox.uniform(e.run_time_word ? chosen(b, words, e.run_time_word) : words[e.word]);
  if (instruction.random.distribution == graph::Distribution::uniform) return uniform;
  auto bound = static_cast<double>(instruction.random.bound);
  Value* whole = b.ir.CreateUnaryIntrinsic(llvm::Intrinsic::floor, b.ir.CreateFMul(uniform, b.splat(bound)));
  Value* last = b.splat(bound - 1);
  return b.ir.CreateSelect(b.ir.CreateFCmpOGT(whole, last), last, whole);
}

}  // namespace qiln::codegen
