#include "compiler/codegen/expectation.h"

#include <algorithm>
#include <array>
#include <bit>

namespace qiln::codegen {
namespace {

using llvm::Value;

/// A Pauli string of a reading.
struct Term {
  std::int64_t x = 0, z = 0, reading = 0;
  double re = 0, im = 0;  // coefficient * i^(number of Y)
};

class ExpectationEmitter {
 public:
  /// Works on part `part` of `parts` of the amplitudes.
  ExpectationEmitter(LaneBuilder& builder, Value* part, int parts)
      : b_(builder),
        ir_(builder.ir),
        amplitudes_(std::int64_t{1} << builder.nest.program.qubits),
        low_bits_(std::min(4, builder.nest.program.qubits)),
        width_(1 << low_bits_) {
    first_ = ir_.CreateNSWMul(part, index(amplitudes_ / parts));
    last_ = ir_.CreateNSWAdd(first_, index(amplitudes_ / parts));
    std::int64_t reading = 0;
    for (const circuit::Observable& observable : b_.nest.program.readout) {
      for (const circuit::PauliTerm& term : observable) {
        constexpr double re[] = {1, 0, -1, 0}, im[] = {0, 1, 0, -1};
        const int turns = std::popcount(term.x & term.z) & 3;
        const Term row{static_cast<std::int64_t>(term.x), static_cast<std::int64_t>(term.z), reading,
                       term.coefficient * re[turns], term.coefficient * im[turns]};
        (term.x == 0 ? diagonal_ : flipping_).push_back(row);
      }
      ++reading;
    }
    auto& entry = b_.function->getEntryBlock();
    llvm::IRBuilder<> at_entry(&entry, entry.begin());
    auto* type = llvm::ArrayType::get(b_.vector, width_);
    auto* slots = at_entry.CreateAlloca(type);
    slots->setAlignment(llvm::Align(64));
    slots_ = slots;
  }

  void forward(Value* result) {
    b_.loop(index(0), index(static_cast<std::int64_t>(b_.nest.program.readout.size())), 1,
            [&](Value* j) { b_.store_vector(b_.splat(0), vector_at(result, j)); });
    if (!diagonal_.empty()) diagonal_forward(result);
    if (!flipping_.empty()) flipping_forward(result);
  }

  void backward() {
    diagonal_backward();
    if (!flipping_.empty()) flipping_backward();
  }

 private:
  Value* index(std::int64_t value) { return b_.index(value); }
  Value* vector_at(Value* base, Value* at) { return ir_.CreateGEP(b_.vector, base, at); }
  /// Element `at` of an operand, lane by lane or for all lanes.
  Value* operand(int argument, Value* at) {
    if (b_.nest.varying && !b_.nest.arguments[argument].varying)
      return b_.load_broadcast(ir_.CreateGEP(b_.f32, b_.argument(argument), at));
    return b_.load_vector(vector_at(b_.argument(argument), at));
  }
  Value* real(Value* amplitude) { return operand(0, amplitude); }
  Value* imaginary(Value* amplitude) { return operand(0, ir_.CreateNSWAdd(amplitude, index(amplitudes_))); }

  /// A constant array and a loop over its rows.
  struct Tables {
    Value *words, *numbers;
  };
  Tables tables(const std::vector<Term>& terms) {
    std::vector<std::uint64_t> words;
    std::vector<float> numbers;
    for (const Term& term : terms) {
      for (std::int64_t word : {term.x, term.z, term.reading}) words.push_back(static_cast<std::uint64_t>(word));
      numbers.push_back(static_cast<float>(term.re));
      numbers.push_back(static_cast<float>(term.im));
    }
    auto global = [&](llvm::Constant* data) {
      return new llvm::GlobalVariable(b_.module, data->getType(), true, llvm::GlobalValue::PrivateLinkage, data,
                                      "terms");
    };
    auto& context = b_.module.getContext();
    return {global(llvm::ConstantDataArray::get(context, words)),
            global(llvm::ConstantDataArray::get(context, numbers))};
  }
  struct Row {
    Value *x, *z, *reading, *re, *im;
  };
  void over_terms(const Tables& tables, std::size_t count, const std::function<void(const Row&)>& body) {
    b_.loop(index(0), index(static_cast<std::int64_t>(count)), 1, [&](Value* t) {
      auto word = [&](int k) {
        Value* at = ir_.CreateNSWAdd(ir_.CreateNSWMul(t, index(3)), index(k));
        return ir_.CreateAlignedLoad(b_.i64, ir_.CreateGEP(b_.i64, tables.words, at), llvm::Align(8));
      };
      auto number = [&](int k) {
        Value* at = ir_.CreateNSWAdd(ir_.CreateNSWMul(t, index(2)), index(k));
        return ir_.CreateAlignedLoad(b_.f32, ir_.CreateGEP(b_.f32, tables.numbers, at), llvm::Align(4));
      };
      body({word(0), word(1), word(2), number(0), number(1)});
    });
  }

  /// `number`, negated where an odd number of bits is set in both `mask` and `at`; in all lanes.
  Value* signed_splat(Value* number, Value* mask, Value* at) {
    Value* ones = ir_.CreateUnaryIntrinsic(llvm::Intrinsic::ctpop, ir_.CreateAnd(mask, at));
    Value* odd = ir_.CreateTrunc(ones, ir_.getInt1Ty());
    Value* value = ir_.CreateSelect(odd, ir_.CreateFNeg(number), number);
    return b_.width == 1 ? value : ir_.CreateVectorSplat(b_.width, value);
  }

  Value* slot(Value* at) { return vector_at(slots_, at); }
  Value* low_part(Value* z) { return ir_.CreateAnd(z, index(width_ - 1)); }
  void add_to(Value* address, Value* factor, Value* value) {
    b_.store_vector(b_.fma(factor, value, b_.load_vector(address)), address);
  }

  /// v[m] <- sum over b of (-1)^(ones of m & b) v[b]
  void walsh_hadamard(std::vector<Value*>& v) {
    for (std::size_t half = 1; half < v.size(); half *= 2)
      for (std::size_t i = 0; i < v.size(); ++i) {
        if (i & half) continue;
        Value *a = v[i], *b = v[i | half];
        v[i] = ir_.CreateFAdd(a, b);
        v[i | half] = ir_.CreateFSub(a, b);
      }
  }

  /// Runs over the amplitudes, `width_` neighbours at a time.
  void over_rows(const std::function<void(Value* first)>& body) { b_.loop(first_, last_, width_, body); }

  void diagonal_forward(Value* result) {
    const Tables terms = tables(diagonal_);
    over_rows([&](Value* first) {
      std::vector<Value*> v;
      for (int i = 0; i < width_; ++i) {
        Value* at = ir_.CreateNSWAdd(first, index(i));
        Value *re = real(at), *im = imaginary(at);
        v.push_back(b_.fma(re, re, ir_.CreateFMul(im, im)));
      }
      walsh_hadamard(v);
      for (int i = 0; i < width_; ++i) b_.store_vector(v[i], slot(index(i)));
      over_terms(terms, diagonal_.size(), [&](const Row& row) {
        add_to(vector_at(result, row.reading), signed_splat(row.re, row.z, first),
               b_.load_vector(slot(low_part(row.z))));
      });
    });
  }

  void flipping_forward(Value* result) {
    over_terms(tables(flipping_), flipping_.size(), [&](const Row& row) {
      const auto sum = b_.loop(first_, last_, 1, {b_.splat(0)}, [&](Value* b, std::span<Value* const> carried) {
        Value* other = ir_.CreateXor(b, row.x);
        Value *r = real(b), *i = imaginary(b), *s = real(other), *j = imaginary(other);
        // conj(other) * this
        Value* re = b_.fma(s, r, ir_.CreateFMul(j, i));
        Value* im = b_.fma(s, i, ir_.CreateFNeg(ir_.CreateFMul(j, r)));
        Value* next = b_.fma(signed_splat(row.re, row.z, b), re, carried[0]);
        return std::vector<Value*>{b_.fma(ir_.CreateFNeg(signed_splat(row.im, row.z, b)), im, next)};
      });
      Value* to = vector_at(result, row.reading);
      b_.store_vector(ir_.CreateFAdd(b_.load_vector(to), sum[0]), to);
    });
  }

  void diagonal_backward() {
    Value* result = b_.argument(2);
    const Tables terms = diagonal_.empty() ? Tables{} : tables(diagonal_);
    over_rows([&](Value* first) {
      for (int i = 0; i < width_; ++i) b_.store_vector(b_.splat(0), slot(index(i)));
      if (!diagonal_.empty())
        over_terms(terms, diagonal_.size(), [&](const Row& row) {
          Value* twice = ir_.CreateFAdd(row.re, row.re);
          add_to(slot(low_part(row.z)), signed_splat(twice, row.z, first), operand(1, row.reading));
        });
      std::vector<Value*> v;
      for (int i = 0; i < width_; ++i) v.push_back(b_.load_vector(slot(index(i))));
      walsh_hadamard(v);
      for (int i = 0; i < width_; ++i) {
        Value* at = ir_.CreateNSWAdd(first, index(i));
        b_.store_vector(ir_.CreateFMul(v[i], real(at)), vector_at(result, at));
        b_.store_vector(ir_.CreateFMul(v[i], imaginary(at)),
                        vector_at(result, ir_.CreateNSWAdd(at, index(amplitudes_))));
      }
    });
  }

  void flipping_backward() {
    Value* result = b_.argument(2);
    over_terms(tables(flipping_), flipping_.size(), [&](const Row& row) {
      Value* cotangent = operand(1, row.reading);
      b_.loop(first_, last_, 1, [&](Value* b) {
        Value* other = ir_.CreateXor(b, row.x);
        Value *r = real(other), *i = imaginary(other);
        auto factor = [&](Value* number) {
          return ir_.CreateFMul(cotangent, signed_splat(ir_.CreateFAdd(number, number), row.z, other));
        };
        Value *re = factor(row.re), *im = factor(row.im);
        Value *to = vector_at(result, b), *to_im = vector_at(result, ir_.CreateNSWAdd(b, index(amplitudes_)));
        add_to(to, re, r);
        add_to(to, ir_.CreateFNeg(im), i);
        add_to(to_im, re, i);
        add_to(to_im, im, r);
      });
    });
  }

  LaneBuilder& b_;
  llvm::IRBuilder<>& ir_;
  std::int64_t amplitudes_;
  int low_bits_, width_;
  std::vector<Term> diagonal_, flipping_;
  Value* slots_;
  Value *first_, *last_;  // amplitudes
};

}  // namespace

void emit_expval(LaneBuilder& builder, Value* part, int parts, Value* result) {
  ExpectationEmitter(builder, part, parts).forward(result);
}

void emit_expval_adjoint(LaneBuilder& builder, Value* part, int parts) {
  ExpectationEmitter(builder, part, parts).backward();
}

}  // namespace qiln::codegen
