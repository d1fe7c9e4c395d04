// Steps of rotations and of phases. A rotation [[c, -s], [s, c]] works on real and imaginary parts alike and is made of
// three shears, x0 -= t x1, x1 += s x0, x0 -= t x1 with t = s / (1 + c), after its sign has been turned so that c is
// not negative: t and s are at most 1 in magnitude, and no lane needs another path. The derivative of a reading in the
// angle is one real number, half the sum over pairs of Re(conj(y1) x0 - conj(y0) x1), x the state and y its cotangent.
#include <array>
#include <cassert>

#include "compiler/codegen/state_steps.h"

namespace qiln::codegen {
namespace {

using llvm::Value;
using Op = StepKind::Op;

struct Shears {
  Value *t, *s;
};

class Emitter {
 public:
  Emitter(LaneBuilder& b, const StepKind& kind, std::int64_t plane, const StepArguments& step)
      : b_(b), ir_(b.ir), kind_(kind), plane_(plane), step_(step) {}

  void rotations() {
    std::vector<Shears> shears;
    std::vector<Value*> stride;
    for (int k = 0; k < kind_.qubits; ++k) {
      shears.push_back(shears_of(k));
      stride.push_back(field(StepRow::strides + k));
    }
    std::vector<Value*> corners{b_.index(0)};
    for (Value* s : stride) {
      std::vector<Value*> next;
      for (Value* corner : corners) next.insert(next.end(), {corner, ir_.CreateNSWAdd(corner, s)});
      corners = std::move(next);
    }
    const bool back = kind_.op == Op::unrotate;
    std::vector<Value*> sums(back ? 2 * kind_.qubits : 0, b_.splat(0));
    // One plane after the other: a load that stands a multiple of 4 KB behind a store just made would wait for it.
    sums = b_.loop(b_.index(0), b_.index(2), 1, std::move(sums), [&](Value* part, std::span<Value* const> before) {
      Value* shift = ir_.CreateNSWMul(part, b_.index(plane_));
      return over_amplitudes(b_, step_.row, kind_.qubits, {before.begin(), before.end()},
                             [&](Value* index, std::span<Value* const> carried) {
                               std::vector<Value*> next(carried.begin(), carried.end());
                               work_on(ir_.CreateNSWAdd(index, shift), corners, shears, next);
                               return next;
                             });
    });
    for (int k = 0; back && k < kind_.qubits; ++k) {
      Value* to = argument_element(b_, step_.arguments, field(StepRow::gradient + 2 * k),
                                   field(StepRow::gradient + 2 * k + 1), true);
      b_.store_vector(ir_.CreateFAdd(b_.load_vector(to), ir_.CreateFSub(sums[2 * k], sums[2 * k + 1])), to);
    }
  }

  void phases(Value* masks) {
    const bool back = kind_.op == Op::unphase;
    const int bits = kind_.qubits;  // of the amplitudes in one go
    const std::int64_t run = std::int64_t{1} << bits;
    Value* table = argument_element(b_, step_.arguments, field(StepRow::operand), field(StepRow::element), false);
    table = ir_.CreateGEP(b_.f32, table, step_.offset);
    Value *count = field(StepRow::levels), *table_plane = field(StepRow::plane);
    if (back) slots_ = allocate(run);
    b_.loop(b_.index(0), count, run, [&](Value* first) {
      std::vector<Value*> products;
      for (std::int64_t i = 0; i < run; ++i) {
        Value* index = ir_.CreateNSWAdd(first, b_.index(i));
        Value* entry = ir_.CreateGEP(b_.f32, table, index);
        Value* re = b_.load_broadcast(entry);
        Value* im = b_.load_broadcast(ir_.CreateGEP(b_.f32, entry, table_plane));
        if (back) im = ir_.CreateFNeg(im);
        // All loads before the stores, as with rotations.
        const Amplitude x = amplitude(step_.x, index);
        const Amplitude y = back ? amplitude(step_.y, index) : Amplitude{};
        turn(x, re, im);
        if (!back) continue;
        turn(y, re, im);
        products.push_back(b_.fma(y.re, x.im, ir_.CreateFNeg(ir_.CreateFMul(y.im, x.re))));
      }
      if (back) add_products(first, std::move(products), masks);
    });
  }

 private:
  Value* field(int index) { return load_word(b_, step_.row, index); }
  Value* vector_at(Value* base, Value* index) { return ir_.CreateGEP(b_.vector, base, index); }

  Shears shears_of(int k) {
    Value* matrix =
        argument_element(b_, step_.arguments, field(StepRow::operand + 2 * k), field(StepRow::element + 2 * k), true);
    Value* c = b_.load_vector(matrix);
    Value* s = b_.load_vector(ir_.CreateConstGEP1_64(b_.vector, matrix, 4));
    s = ir_.CreateSelect(ir_.CreateFCmpOLT(c, b_.splat(0)), ir_.CreateFNeg(s), s);
    Value* t = ir_.CreateFDiv(s, ir_.CreateFAdd(b_.splat(1), ir_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, c)));
    const bool back = kind_.adjoint || kind_.op == Op::unrotate;
    return back ? Shears{ir_.CreateFNeg(t), ir_.CreateFNeg(s)} : Shears{t, s};
  }

  void shear(const Shears& by, Value*& a, Value*& b) {
    Value* minus = ir_.CreateFNeg(by.t);
    a = b_.fma(minus, b, a);
    b = b_.fma(by.s, a, b);
    a = b_.fma(minus, b, a);
  }

  /// Calls visit(a, b) for the pairs of corners that differ in qubit k.
  template <class Visit>
  void pairs(int k, Visit&& visit) {
    const std::size_t distance = std::size_t{1} << (kind_.qubits - 1 - k);
    for (std::size_t a = 0; a < std::size_t{1} << kind_.qubits; ++a)
      if (!(a & distance)) visit(a, a | distance);
  }

  void work_on(Value* index, const std::vector<Value*>& corners, const std::vector<Shears>& shears,
               std::vector<Value*>& sums) {
    std::vector<Value*> where, x, y;
    for (Value* corner : corners) where.push_back(ir_.CreateNSWAdd(index, corner));
    auto fetch = [&](Value* base, Value* at) { return vector_at(base, at); };
    for (Value* at : where) x.push_back(b_.load_vector(fetch(step_.x, at)));
    if (kind_.op == Op::unrotate) {
      for (Value* at : where) y.push_back(b_.load_vector(fetch(step_.y, at)));
      for (int k = 0; k < kind_.qubits; ++k)
        pairs(k, [&](std::size_t a, std::size_t b) {
          sums[2 * k] = b_.fma(y[b], x[a], sums[2 * k]);
          sums[2 * k + 1] = b_.fma(y[a], x[b], sums[2 * k + 1]);
        });
    }
    for (auto* state : {&x, &y}) {
      if (state->empty()) continue;
      for (int k = 0; k < kind_.qubits; ++k)
        pairs(k, [&](std::size_t a, std::size_t b) { shear(shears[k], (*state)[a], (*state)[b]); });
      for (std::size_t c = 0; c < where.size(); ++c)
        b_.store_vector((*state)[c], fetch(state == &x ? step_.x : step_.y, where[c]));
    }
  }

  struct Amplitude {
    Value *at = nullptr, *re = nullptr, *im = nullptr;
  };
  Value* imaginary(Value* at) { return ir_.CreateConstGEP1_64(b_.vector, at, plane_); }
  Amplitude amplitude(Value* state, Value* index) {
    Value* at = vector_at(state, index);
    return {at, b_.load_vector(at), b_.load_vector(imaginary(at))};
  }
  /// Stores an amplitude times (re, im).
  void turn(const Amplitude& a, Value* re, Value* im) {
    b_.store_vector(b_.fma(re, a.re, ir_.CreateFNeg(ir_.CreateFMul(im, a.im))), a.at);
    b_.store_vector(b_.fma(re, a.im, ir_.CreateFMul(im, a.re)), imaginary(a.at));
  }

  Value* allocate(std::int64_t count) {
    auto& entry = b_.function->getEntryBlock();
    llvm::IRBuilder<> at_entry(&entry, entry.begin());
    auto* slots = at_entry.CreateAlloca(llvm::ArrayType::get(b_.vector, static_cast<std::uint64_t>(count)));
    slots->setAlignment(llvm::Align(64));
    return slots;
  }

  /// Adds to the sum of each mask the products, with the sign of Z on it, by a Walsh-Hadamard transform.
  void add_products(Value* first, std::vector<Value*> v, Value* masks) {
    for (std::size_t half = 1; half < v.size(); half *= 2)
      for (std::size_t i = 0; i < v.size(); ++i) {
        if (i & half) continue;
        Value *a = v[i], *b = v[i | half];
        v[i] = ir_.CreateFAdd(a, b);
        v[i | half] = ir_.CreateFSub(a, b);
      }
    for (std::size_t i = 0; i < v.size(); ++i)
      b_.store_vector(v[i], ir_.CreateConstGEP1_64(b_.vector, slots_, static_cast<std::int64_t>(i)));
    Value* position = ir_.CreateNSWAdd(step_.offset, first);
    Value* to = argument_element(b_, step_.arguments, field(StepRow::gradient), field(StepRow::gradient + 1), true);
    Value* words = ir_.CreateGEP(b_.i64, masks, field(StepRow::terms));
    b_.loop(b_.index(0), field(StepRow::terms + 1), 1, [&](Value* j) {
      Value* mask = load_word(b_, words, j);
      Value* low = ir_.CreateAnd(mask, b_.index(static_cast<std::int64_t>(v.size()) - 1));
      Value* ones = ir_.CreateUnaryIntrinsic(llvm::Intrinsic::ctpop, ir_.CreateAnd(mask, position));
      Value* one = llvm::ConstantFP::get(b_.f32, 1.0);
      Value* sign = ir_.CreateSelect(ir_.CreateTrunc(ones, ir_.getInt1Ty()), ir_.CreateFNeg(one), one);
      if (b_.width > 1) sign = ir_.CreateVectorSplat(b_.width, sign);
      Value* at = vector_at(to, j);
      b_.store_vector(b_.fma(sign, b_.load_vector(vector_at(slots_, low)), b_.load_vector(at)), at);
    });
  }

  LaneBuilder& b_;
  llvm::IRBuilder<>& ir_;
  const StepKind& kind_;
  std::int64_t plane_;
  StepArguments step_;
  Value* slots_ = nullptr;
};

}  // namespace

void emit_rotation(LaneBuilder& builder, const StepKind& kind, std::int64_t plane, const StepArguments& step) {
  Emitter(builder, kind, plane, step).rotations();
}

void emit_phases(LaneBuilder& builder, const StepKind& kind, std::int64_t plane, const StepArguments& step,
                 Value* masks) {
  Emitter(builder, kind, plane, step).phases(masks);
}

}  // namespace qiln::codegen
