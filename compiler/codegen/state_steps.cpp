#include "compiler/codegen/state_steps.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace qiln::codegen {
namespace {

using llvm::Value;
using Op = StepKind::Op;

/// Matrices on more qubits are not held in registers.
constexpr int unrolled_qubits = 2;

struct Complex {
  Value *re, *im;
};

class StepEmitter {
 public:
  StepEmitter(LaneBuilder& b, const StepKind& kind, std::int64_t plane, const StepArguments& step)
      : b_(b), kind_(kind), plane_(plane), x_(step.x), y_(step.y), arguments_(step.arguments), row_(step.row) {}

  void emit() {
    for (int k = 0; k < kernel::max_block_qubits; ++k) stride_[k] = field(StepRow::strides + k);
    switch (kind_.op) {
      case Op::dense:
        return kind_.qubits <= unrolled_qubits ? dense() : wide_dense();
      case Op::pair:
        return pair();
      case Op::diagonal:
        return diagonal();
      case Op::cross:
        return cross();
      case Op::cross_row:
        return cross_row();
      case Op::cross_element:
        return cross_element();
      default:
        assert(false && "not a step of entries");
    }
  }

 private:
  Value* field(int index) { return load_word(b_, row_, index); }
  Value* at(Value* base, Value* index, llvm::Type* type) { return b_.ir.CreateGEP(type, base, index); }
  /// `base` + amplitude `index`.
  Value* amplitude(Value* base, Value* index) { return at(base, index, b_.vector); }
  Complex load(Value* base, Value* index) {
    Value* re = amplitude(base, index);
    return {b_.load_vector(re), b_.load_vector(amplitude(re, b_.index(plane_)))};
  }
  void store(Complex value, Value* base, Value* index) {
    Value* re = amplitude(base, index);
    b_.store_vector(value.re, re);
    b_.store_vector(value.im, amplitude(re, b_.index(plane_)));
  }

  /// Where the entries of the block's matrix (the second block's of a pair) stand.
  Value* entry_base(bool second = false) {
    const int k = second ? 2 : 0;
    return argument_element(b_, arguments_, field(StepRow::operand + k), field(StepRow::element + k),
                            second ? kind_.varying_second : kind_.varying);
  }
  /// Element e is reals 2 e and 2 e + 1.
  Complex entry(Value* base, Value* e, bool second = false) {
    const bool varying = second ? kind_.varying_second : kind_.varying;
    Value* from = at(base, b_.ir.CreateShl(e, b_.index(1)), varying ? b_.vector : b_.f32);
    auto real = [&](int index) {
      Value* where = at(from, b_.index(index), varying ? b_.vector : b_.f32);
      return varying ? b_.load_vector(where) : b_.load_broadcast(where);
    };
    Value* re = real(0);
    return {re, real(1)};
  }
  std::vector<Complex> entries(int count, bool second = false) {
    Value* base = entry_base(second);
    std::vector<Complex> result;
    for (int e = 0; e < count; ++e) result.push_back(entry(base, b_.index(e), second));
    return result;
  }
  std::vector<Complex> matrix(int side, bool second = false) {
    std::vector<Complex> m = entries(side * side, second);
    if (!kind_.adjoint) return m;
    std::vector<Complex> adjoint = m;
    for (int i = 0; i < side; ++i)
      for (int j = 0; j < side; ++j) {
        const Complex& from = m[j * side + i];
        adjoint[i * side + j] = {from.re, b_.ir.CreateFNeg(from.im)};
      }
    return adjoint;
  }

  Complex multiply(Complex a, Complex b) {
    Value* re = b_.ir.CreateFMul(a.re, b.re);
    Value* im = b_.ir.CreateFMul(a.re, b.im);
    return {b_.fma(b_.ir.CreateFNeg(a.im), b.im, re), b_.fma(a.im, b.re, im)};
  }
  Complex multiply_add(Complex a, Complex b, Complex sum) {
    Value* re = b_.fma(a.re, b.re, sum.re);
    Value* im = b_.fma(a.re, b.im, sum.im);
    return {b_.fma(b_.ir.CreateFNeg(a.im), b.im, re), b_.fma(a.im, b.re, im)};
  }
  /// sum + a conj(b)
  Complex multiply_conjugate_add(Complex a, Complex b, Complex sum) {
    Value* re = b_.fma(a.re, b.re, sum.re);
    Value* im = b_.fma(a.im, b.re, sum.im);
    return {b_.fma(a.im, b.im, re), b_.fma(b_.ir.CreateFNeg(a.re), b.im, im)};
  }
  std::vector<Complex> multiply(const std::vector<Complex>& m, const std::vector<Complex>& v) {
    const std::size_t side = v.size();
    std::vector<Complex> result;
    for (std::size_t i = 0; i < side; ++i) {
      Complex sum = multiply(m[i * side], v[0]);
      for (std::size_t j = 1; j < side; ++j) sum = multiply_add(m[i * side + j], v[j], sum);
      result.push_back(sum);
    }
    return result;
  }

  std::vector<Value*> over_levels(std::vector<Value*> carried,
                                  const std::function<std::vector<Value*>(Value*, std::vector<Value*>)>& body) {
    const int qubits = kind_.op == Op::cross_element ? kernel::max_block_qubits : kind_.qubits;
    return over_amplitudes(b_, row_, qubits, std::move(carried), [&](Value* index, std::span<Value* const> now) {
      return body(index, {now.begin(), now.end()});
    });
  }
  void over_levels(const std::function<void(Value*)>& body) {
    over_levels({}, [&](Value* index, std::vector<Value*>) {
      body(index);
      return std::vector<Value*>{};
    });
  }

  /// Where the amplitude of each value of a k-qubit index stands, relative to that of value 0.
  std::vector<Value*> corners(int k) {
    std::vector<Value*> result;
    for (int c = 0; c < 1 << k; ++c) {
      Value* sum = b_.index(0);
      for (int q = 0; q < k; ++q)
        if (c >> (k - 1 - q) & 1) sum = b_.ir.CreateNSWAdd(sum, stride_[q]);
      result.push_back(sum);
    }
    return result;
  }

  void dense() {
    const std::vector<Complex> m = matrix(1 << kind_.qubits);
    const std::vector<Value*> corner = corners(kind_.qubits);
    over_levels([&](Value* index) {
      std::vector<Complex> v;
      for (Value* c : corner) v.push_back(load(x_, b_.ir.CreateNSWAdd(index, c)));
      v = multiply(m, v);
      for (std::size_t i = 0; i < v.size(); ++i) store(v[i], x_, b_.ir.CreateNSWAdd(index, corner[i]));
    });
  }

  /// Two rows at a time in a loop: all of the matrix at once would fill no register and much code.
  void wide_dense() {
    const int side = 1 << kind_.qubits;
    const std::vector<Value*> corner = corners(kind_.qubits);
    Value *base = entry_base(), *places = allocate(b_.i64, side), *fetched = allocate(b_.vector, 2 * side);
    for (int c = 0; c < side; ++c) b_.ir.CreateAlignedStore(corner[c], at(places, b_.index(c), b_.i64), llvm::Align(8));
    over_levels([&](Value* index) {
      for (int c = 0; c < side; ++c) {
        const Complex v = load(x_, b_.ir.CreateNSWAdd(index, corner[c]));
        b_.store_vector(v.re, amplitude(fetched, b_.index(2 * c)));
        b_.store_vector(v.im, amplitude(fetched, b_.index(2 * c + 1)));
      }
      b_.loop(b_.index(0), b_.index(side), 2, [&](Value* first) {
        Value* const rows[2] = {first, b_.ir.CreateNSWAdd(first, b_.index(1))};
        Complex sums[2] = {{b_.splat(0), b_.splat(0)}, {b_.splat(0), b_.splat(0)}};
        for (int j = 0; j < side; ++j) {
          Value* at_j = amplitude(fetched, b_.index(2 * j));
          const Complex v{b_.load_vector(at_j), b_.load_vector(amplitude(at_j, b_.index(1)))};
          for (int r = 0; r < 2; ++r) {
            const Complex m = entry(base, element(rows[r], j));
            sums[r] = kind_.adjoint ? multiply_conjugate_add(v, m, sums[r]) : multiply_add(m, v, sums[r]);
          }
        }
        for (int r = 0; r < 2; ++r) store(sums[r], x_, b_.ir.CreateNSWAdd(index, load_word(b_, places, rows[r])));
      });
    });
  }
  /// The number of element (i, j) of the matrix, or of (j, i) where that is adjoint.
  Value* element(Value* i, int j) {
    const int side = 1 << kind_.qubits;
    if (kind_.adjoint) return b_.ir.CreateNSWAdd(b_.index(j * side), i);
    return b_.ir.CreateNSWAdd(b_.ir.CreateNSWMul(i, b_.index(side)), b_.index(j));
  }
  Value* allocate(llvm::Type* type, int count) {
    auto& block = b_.function->getEntryBlock();
    llvm::IRBuilder<> at_entry(&block, block.begin());
    auto* room = at_entry.CreateAlloca(llvm::ArrayType::get(type, static_cast<std::uint64_t>(count)));
    room->setAlignment(llvm::Align(64));
    return room;
  }

  void pair() {
    const std::vector<Complex> m = matrix(2), n = matrix(2, true);
    const std::vector<Value*> corner = corners(2);
    over_levels([&](Value* index) {
      std::vector<Complex> v;
      for (Value* c : corner) v.push_back(load(x_, b_.ir.CreateNSWAdd(index, c)));
      const std::vector<Complex> low = multiply(m, {v[0], v[2]}), high = multiply(m, {v[1], v[3]});
      for (int p = 0; p < 2; ++p) {
        const std::vector<Complex> done = multiply(n, {low[p], high[p]});
        for (int q = 0; q < 2; ++q) store(done[q], x_, b_.ir.CreateNSWAdd(index, corner[2 * p + q]));
      }
    });
  }

  void diagonal() {
    const int side = 1 << kind_.qubits;
    std::vector<Complex> d = entries(side);
    if (kind_.adjoint)
      for (Complex& entry : d) entry.im = b_.ir.CreateFNeg(entry.im);
    const std::vector<Value*> corner = corners(kind_.qubits);
    over_levels([&](Value* index) {
      for (int i = 0; i < side; ++i) {
        Value* where = b_.ir.CreateNSWAdd(index, corner[i]);
        store(multiply(d[i], load(x_, where)), x_, where);
      }
    });
  }

  /// Element `index` of the cotangents.
  Value* gradient_at(Value* index) {
    Value* base = argument_element(b_, arguments_, field(StepRow::gradient), field(StepRow::gradient + 1), true);
    return amplitude(base, index);
  }
  Complex gradient(int index) {
    Value* base = gradient_at(b_.index(index));
    return {b_.load_vector(base), b_.load_vector(amplitude(base, b_.index(1)))};
  }
  void set_gradient(int index, Complex value) {
    Value* base = gradient_at(b_.index(index));
    b_.store_vector(value.re, base);
    b_.store_vector(value.im, amplitude(base, b_.index(1)));
  }
  void add_gradient(int index, Complex value) {
    const Complex before = gradient(index);
    set_gradient(index, {b_.ir.CreateFAdd(before.re, value.re), b_.ir.CreateFAdd(before.im, value.im)});
  }

  void cross() {
    const std::vector<Value*> sums =
        over_levels(std::vector<Value*>(8, b_.splat(0)), [&](Value* index, std::vector<Value*> sum) {
          Value* other = b_.ir.CreateNSWAdd(index, stride_[0]);
          const Complex x[2] = {load(x_, index), load(x_, other)}, y[2] = {load(y_, index), load(y_, other)};
          for (int i = 0; i < 2; ++i)
            for (int j = 0; j < 2; ++j) {
              const int e = 2 * (2 * i + j);
              const Complex next = multiply_conjugate_add(y[i], x[j], {sum[e], sum[e + 1]});
              sum[e] = next.re;
              sum[e + 1] = next.im;
            }
          return sum;
        });
    for (int e = 0; e < 4; ++e) add_gradient(2 * e, {sums[2 * e], sums[2 * e + 1]});
  }

  /// The elements of a row whose column has the corner's bits in all qubits but the last two.
  void cross_row() {
    Value *row = field(StepRow::corners), *column = field(StepRow::corners + 1);
    Value *low = stride_[kind_.qubits - 1], *high = stride_[kind_.qubits - 2];
    Value* const columns[] = {column, b_.ir.CreateNSWAdd(column, low), b_.ir.CreateNSWAdd(column, high),
                              b_.ir.CreateNSWAdd(column, b_.ir.CreateNSWAdd(low, high))};
    const std::vector<Value*> sums =
        over_levels(std::vector<Value*>(8, b_.splat(0)), [&](Value* index, std::vector<Value*> sum) {
          const Complex y = load(y_, b_.ir.CreateNSWAdd(index, row));
          for (int j = 0; j < 4; ++j) {
            const Complex next = multiply_conjugate_add(y, load(x_, b_.ir.CreateNSWAdd(index, columns[j])),
                                                        {sum[2 * j], sum[2 * j + 1]});
            sum[2 * j] = next.re;
            sum[2 * j + 1] = next.im;
          }
          return sum;
        });
    for (int j = 0; j < 4; ++j) add_gradient(2 * j, {sums[2 * j], sums[2 * j + 1]});
  }

  void cross_element() {
    Value *row = field(StepRow::corners), *column = field(StepRow::corners + 1);
    const std::vector<Value*> sum =
        over_levels({b_.splat(0), b_.splat(0)}, [&](Value* index, std::vector<Value*> carried) {
          const Complex next =
              multiply_conjugate_add(load(y_, b_.ir.CreateNSWAdd(index, row)),
                                     load(x_, b_.ir.CreateNSWAdd(index, column)), {carried[0], carried[1]});
          return std::vector<Value*>{next.re, next.im};
        });
    add_gradient(0, {sum[0], sum[1]});
  }

  LaneBuilder& b_;
  const StepKind& kind_;
  std::int64_t plane_;
  Value *x_, *y_, *arguments_, *row_;
  std::array<Value*, kernel::max_block_qubits> stride_{};
};

}  // namespace

llvm::Function* emit_function(LaneBuilder& builder, const char* name, const std::vector<llvm::Type*>& parameters,
                              const std::function<void(std::span<Value* const>)>& body) {
  auto& ir = builder.ir;
  auto& context = builder.module.getContext();
  auto* type = llvm::FunctionType::get(ir.getVoidTy(), parameters, false);
  auto* function = llvm::Function::Create(type, llvm::Function::InternalLinkage, name, builder.module);
  const llvm::AttrBuilder attributes(context, builder.function->getAttributes().getFnAttrs());
  function->setAttributes(llvm::AttributeList::get(context, llvm::AttributeList::FunctionIndex, attributes));
  function->addFnAttr(llvm::Attribute::NoInline);
  const auto outside = ir.saveIP();
  llvm::Function* caller = std::exchange(builder.function, function);
  ir.SetInsertPoint(llvm::BasicBlock::Create(context, "entry", function));
  std::vector<Value*> arguments;
  for (auto& argument : function->args()) arguments.push_back(&argument);
  body(arguments);
  ir.CreateRetVoid();
  builder.function = caller;
  ir.restoreIP(outside);
  return function;
}

llvm::Function* emit_step(LaneBuilder& builder, const StepKind& kind, std::int64_t plane, Value* masks) {
  assert(kind.qubits >= 1 && kind.qubits <= kernel::max_block_qubits);
  std::vector<llvm::Type*> parameters(StepArguments::count, builder.pointer);
  parameters.back() = builder.i64;
  return emit_function(builder, "step", parameters, [&](std::span<Value* const> a) {
    const StepArguments step{a[0], a[1], a[2], a[3], a[4]};
    switch (kind.op) {
      case Op::rotate:
      case Op::unrotate:
        return emit_rotation(builder, kind, plane, step);
      case Op::phases:
      case Op::unphase:
        return emit_phases(builder, kind, plane, step, masks);
      default:
        return StepEmitter(builder, kind, plane, step).emit();
    }
  });
}

Value* load_word(LaneBuilder& builder, Value* table, Value* index) {
  return builder.ir.CreateAlignedLoad(builder.i64, builder.ir.CreateGEP(builder.i64, table, index), llvm::Align(8));
}

Value* load_word(LaneBuilder& builder, Value* table, std::int64_t index) {
  return load_word(builder, table, builder.index(index));
}

Value* argument_element(LaneBuilder& builder, Value* arguments, Value* argument, Value* element, bool varying) {
  auto& ir = builder.ir;
  Value* base =
      ir.CreateAlignedLoad(builder.pointer, ir.CreateGEP(builder.pointer, arguments, argument), llvm::Align(8));
  return ir.CreateGEP(varying ? builder.vector : builder.f32, base, element);
}

namespace {

std::vector<Value*> over_level(LaneBuilder& b, std::span<Value* const> counts, std::span<Value* const> steps,
                               Value* index, std::vector<Value*> carried,
                               const std::function<std::vector<Value*>(Value*, std::span<Value* const>)>& body) {
  if (counts.empty()) return body(index, carried);
  return b.loop(b.index(0), counts[0], 1, std::move(carried), [&](Value* i, std::span<Value* const> now) {
    Value* next = b.ir.CreateNSWAdd(index, b.ir.CreateNSWMul(i, steps[0]));
    return over_level(b, counts.subspan(1), steps.subspan(1), next, {now.begin(), now.end()}, body);
  });
}

}  // namespace

std::vector<Value*> over_amplitudes(LaneBuilder& builder, Value* row, int qubits, std::vector<Value*> carried,
                                    const std::function<std::vector<Value*>(Value*, std::span<Value* const>)>& body) {
  std::vector<Value*> counts, steps;
  for (int l = kernel::max_block_qubits - qubits; l <= kernel::max_block_qubits; ++l) {
    counts.push_back(load_word(builder, row, StepRow::levels + 2 * l));
    steps.push_back(load_word(builder, row, StepRow::levels + 2 * l + 1));
  }
  return over_level(builder, counts, steps, builder.index(0), std::move(carried), body);
}

llvm::Function* emit_move(LaneBuilder& builder, const Move& move) {
  const int qubits = move.qubits, states = move.states;
  std::vector<llvm::Type*> parameters(2 * states + 1, builder.pointer);
  parameters.push_back(builder.i64);
  return emit_function(builder, "move", parameters, [&](std::span<Value* const> arguments) {
    auto& ir = builder.ir;
    Value *map = arguments[2 * states], *start = arguments[2 * states + 1];
    const int unrolled = std::min(3, move.chunk_bits);
    Value* there = load_word(builder, map, 2 * qubits);
    for (int t = 0; t < qubits; ++t) {
      Value* bit = ir.CreateAnd(ir.CreateLShr(start, builder.index(t)), builder.index(1));
      there = ir.CreateXor(there, ir.CreateAnd(load_word(builder, map, qubits + t), ir.CreateNeg(bit)));
    }
    std::vector<Value*> near{builder.index(0)};  // how far the images of neighbours are, in the sense of xor
    for (int t = 0; t < unrolled; ++t) {
      Value* column = load_word(builder, map, qubits + t);
      for (int k = 0; k < 1 << t; ++k) near.push_back(ir.CreateXor(near[k], column));
    }
    // The image of p + 2^unrolled differs from that of p by the columns of the bits that the increment turns over.
    Value* below = unrolled > 0 ? load_word(builder, map, unrolled - 1) : builder.index(0);
    Value* count = builder.index(std::int64_t{1} << (move.chunk_bits - unrolled));
    builder.loop(builder.index(0), count, 1, {there}, [&](Value* p, std::span<Value* const> carried) {
      Value* first = ir.CreateShl(p, builder.index(unrolled));
      for (std::size_t k = 0; k < near.size(); ++k) {
        Value* far = ir.CreateXor(carried[0], near[k]);
        for (int s = 0; s < states; ++s) {
          Value* at = ir.CreateGEP(builder.vector, arguments[2 * s], ir.CreateNSWAdd(first, builder.index(k)));
          Value* of_state = ir.CreateGEP(builder.vector, arguments[2 * s + 1], far);
          for (std::int64_t part : {0, 1}) {
            Value* neighbour = ir.CreateConstGEP1_64(builder.vector, at, part * move.plane);
            Value* amplitude = ir.CreateConstGEP1_64(builder.vector, of_state, part << qubits);
            if (move.kind == Move::Kind::put_back)
              builder.store_vector(builder.load_vector(neighbour), amplitude);
            else if (move.kind == Move::Kind::fetch)
              builder.store_vector(builder.load_vector(amplitude), neighbour);
            else  // into the second level
              ir.CreateIntrinsic(llvm::Intrinsic::prefetch, {builder.pointer},
                                 {amplitude, ir.getInt32(0), ir.getInt32(2), ir.getInt32(1)});
          }
        }
      }
      Value* next = ir.CreateNSWAdd(p, builder.index(1));
      Value* bit = ir.CreateIntrinsic(llvm::Intrinsic::cttz, {builder.i64}, {next, ir.getTrue()});
      // The last increment may leave the map; its value is not used.
      bit = ir.CreateBinaryIntrinsic(llvm::Intrinsic::umin, ir.CreateAdd(bit, builder.index(unrolled)),
                                     builder.index(qubits - 1));
      return std::vector<Value*>{ir.CreateXor(carried[0], ir.CreateXor(load_word(builder, map, bit), below))};
    });
  });
}

}  // namespace qiln::codegen
