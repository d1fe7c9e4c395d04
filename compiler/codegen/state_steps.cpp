#include "compiler/codegen/state_steps.h"

#include <cassert>
#include <utility>

namespace qiln::codegen {
namespace {

using llvm::Value;
using Op = StepKind::Op;

struct Complex {
  Value *re, *im;
};

class StepEmitter {
 public:
  StepEmitter(LaneBuilder& b, const StepKind& kind, std::int64_t amplitudes, std::span<Value* const> arguments)
      : b_(b),
        kind_(kind),
        amplitudes_(amplitudes),
        x_(arguments[0]),
        y_(arguments[1]),
        result_(arguments[2]),
        arguments_(arguments[3]),
        row_(arguments[4]) {}

  void emit() {
    for (int k = 0; k < kernel::max_block_qubits; ++k) stride_[k] = field(StepRow::strides + k);
    switch (kind_.op) {
      case Op::dense:
        return dense();
      case Op::grow:
        return grow();
      case Op::pair:
        return pair();
      case Op::diagonal:
        return diagonal();
      case Op::cross:
        return cross();
      case Op::cross_element:
        return cross_element();
      case Op::finish_dense:
        return finish_dense();
      case Op::finish_diagonal:
        return finish_diagonal();
    }
  }

 private:
  Value* field(int index) { return b_.ir.CreateAlignedLoad(b_.i64, at(row_, b_.index(index), b_.i64), llvm::Align(8)); }
  Value* at(Value* base, Value* index, llvm::Type* type) { return b_.ir.CreateGEP(type, base, index); }
  /// `base` + amplitude `index`.
  Value* amplitude(Value* base, Value* index) { return at(base, index, b_.vector); }
  Complex load(Value* base, Value* index) {
    Value* re = amplitude(base, index);
    return {b_.load_vector(re), b_.load_vector(amplitude(re, b_.index(amplitudes_)))};
  }
  void store(Complex value, Value* base, Value* index) {
    Value* re = amplitude(base, index);
    b_.store_vector(value.re, re);
    b_.store_vector(value.im, amplitude(re, b_.index(amplitudes_)));
  }

  /// Entries of the block's matrix (the second block's of a pair); element e is reals 2 e and 2 e + 1.
  std::vector<Complex> entries(int count, bool second = false) {
    const bool varying = second ? kind_.varying_second : kind_.varying;
    Value* operand = field(StepRow::operand + (second ? 2 : 0));
    Value* element = field(StepRow::element + (second ? 2 : 0));
    Value* base = b_.ir.CreateAlignedLoad(b_.pointer, at(arguments_, operand, b_.pointer), llvm::Align(8));
    llvm::Type* type = varying ? b_.vector : b_.f32;
    base = at(base, element, type);
    std::vector<Complex> result;
    auto real = [&](int index) {
      Value* from = at(base, b_.index(index), type);
      return varying ? b_.load_vector(from) : b_.load_broadcast(from);
    };
    for (int e = 0; e < count; ++e) {
      Value* re = real(2 * e);
      result.push_back({re, real(2 * e + 1)});
    }
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

  /// Runs over the amplitudes of the row's levels; `carried` go around all loops.
  using Body = std::function<std::vector<Value*>(Value* index, std::vector<Value*> carried)>;
  std::vector<Value*> over_levels(std::vector<Value*> carried, const Body& body, int level = 0,
                                  Value* index = nullptr) {
    if (!index) index = b_.index(0);
    if (level == kernel::max_block_qubits + 2) return body(index, std::move(carried));
    if (counts_.size() <= static_cast<std::size_t>(level)) {
      for (int l = 0; l < kernel::max_block_qubits + 2; ++l) {
        counts_.push_back(field(StepRow::levels + 2 * l));
        steps_.push_back(field(StepRow::levels + 2 * l + 1));
      }
    }
    return b_.loop(b_.index(0), counts_[level], 1, std::move(carried), [&](Value* i, std::span<Value* const> now) {
      Value* next = b_.ir.CreateNSWAdd(index, b_.ir.CreateNSWMul(i, steps_[level]));
      return over_levels({now.begin(), now.end()}, body, level + 1, next);
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

  void grow() {
    const std::vector<Complex> m = matrix(2);
    over_levels([&](Value* index) {
      const Complex v = load(x_, index);
      store(multiply(m[0], v), x_, index);
      store(multiply(m[2], v), x_, b_.ir.CreateNSWAdd(index, stride_[0]));
    });
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

  Complex gradient(Value* element) {
    Value* base = amplitude(result_, element);
    return {b_.load_vector(base), b_.load_vector(amplitude(base, b_.index(1)))};
  }
  void set_gradient(Value* element, Complex value) {
    Value* base = amplitude(result_, element);
    b_.store_vector(value.re, base);
    b_.store_vector(value.im, amplitude(base, b_.index(1)));
  }
  void add_gradient(Value* element, Complex value) {
    const Complex before = gradient(element);
    set_gradient(element, {b_.ir.CreateFAdd(before.re, value.re), b_.ir.CreateFAdd(before.im, value.im)});
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
    Value* first = field(StepRow::gradient);
    for (int e = 0; e < 4; ++e)
      add_gradient(b_.ir.CreateNSWAdd(first, b_.index(2 * e)), {sums[2 * e], sums[2 * e + 1]});
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
    add_gradient(field(StepRow::gradient), {sum[0], sum[1]});
  }

  void finish_dense() {
    const int side = 1 << kind_.qubits;
    const std::vector<Complex> m = entries(side * side);
    Value* first = field(StepRow::gradient);
    auto element = [&](int i, int j) { return b_.ir.CreateNSWAdd(first, b_.index(2 * (i * side + j))); };
    for (int i = 0; i < side; ++i) {
      std::vector<Complex> r;
      for (int k = 0; k < side; ++k) r.push_back(gradient(element(i, k)));
      for (int j = 0; j < side; ++j) {
        Complex sum = multiply(r[0], m[j]);
        for (int k = 1; k < side; ++k) sum = multiply_add(r[k], m[k * side + j], sum);
        set_gradient(element(i, j), sum);
      }
    }
  }

  void finish_diagonal() {
    const std::vector<Complex> d = entries(1 << kind_.qubits);
    Value* first = field(StepRow::gradient);
    for (std::size_t i = 0; i < d.size(); ++i) {
      Value* element = b_.ir.CreateNSWAdd(first, b_.index(2 * static_cast<int>(i)));
      set_gradient(element, multiply(gradient(element), d[i]));
    }
  }

  LaneBuilder& b_;
  const StepKind& kind_;
  std::int64_t amplitudes_;
  Value *x_, *y_, *result_, *arguments_, *row_;
  std::array<Value*, kernel::max_block_qubits> stride_{};
  std::vector<Value*> counts_, steps_;
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

llvm::Function* emit_step(LaneBuilder& builder, const StepKind& kind, std::int64_t amplitudes) {
  assert(kind.qubits >= 1 && kind.qubits <= kernel::max_block_qubits);
  const std::vector<llvm::Type*> parameters(5, builder.pointer);
  return emit_function(builder, "step", parameters, [&](std::span<Value* const> arguments) {
    StepEmitter(builder, kind, amplitudes, arguments).emit();
  });
}

llvm::Function* emit_gather(LaneBuilder& builder, int qubits) {
  auto* pointer = builder.pointer;
  return emit_function(
      builder, "gather", {pointer, pointer, pointer, pointer, builder.i64}, [&](std::span<Value* const> arguments) {
        auto& ir = builder.ir;
        Value *to = arguments[0], *from = arguments[1], *map = arguments[2], *item = arguments[3];
        auto word = [&](Value* table, Value* index) {
          return ir.CreateAlignedLoad(builder.i64, ir.CreateGEP(builder.i64, table, index), llvm::Align(8));
        };
        auto field = [&](int k) { return word(item, builder.index(k)); };
        Value *stride = field(ItemRow::row_stride), *run = field(ItemRow::run);
        builder.loop(builder.index(0), field(ItemRow::rows), 1, [&](Value* row) {
          Value* start = ir.CreateNSWAdd(arguments[4], ir.CreateNSWMul(row, stride));
          Value* source = word(map, builder.index(2 * qubits));
          for (int t = 0; t < qubits; ++t) {
            Value* bit = ir.CreateAnd(ir.CreateLShr(start, builder.index(t)), builder.index(1));
            source = ir.CreateXor(source, ir.CreateAnd(word(map, builder.index(qubits + t)), ir.CreateNeg(bit)));
          }
          // Where b + 1 comes from differs from where b does by the columns of the bits that the increment turns over.
          builder.loop(builder.index(0), run, 1, {source}, [&](Value* b, std::span<Value* const> carried) {
            for (std::int64_t part : {std::int64_t{0}, std::int64_t{1} << qubits}) {
              auto at = [&](Value* base, Value* index) {
                return ir.CreateGEP(builder.vector, base, ir.CreateNSWAdd(index, builder.index(part)));
              };
              builder.store_vector(builder.load_vector(at(from, carried[0])), at(to, ir.CreateNSWAdd(start, b)));
            }
            Value* next = ir.CreateNSWAdd(b, builder.index(1));
            Value* bit = ir.CreateIntrinsic(llvm::Intrinsic::cttz, {builder.i64}, {next, ir.getTrue()});
            // The last increment may leave the map; its value is not used.
            bit = ir.CreateBinaryIntrinsic(llvm::Intrinsic::umin, bit, builder.index(qubits - 1));
            return std::vector<Value*>{ir.CreateXor(carried[0], word(map, bit))};
          });
        });
      });
}

}  // namespace qiln::codegen
