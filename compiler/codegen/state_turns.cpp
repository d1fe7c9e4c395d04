#include "compiler/codegen/state_turns.h"

#include <algorithm>
#include <bit>

#include "compiler/codegen/state_steps.h"
#include "compiler/codegen/vector_math.h"

namespace qiln::codegen {

using circuit::Block;
using kernel::TurnArea;
using llvm::Value;

namespace {

/// A row of the table of turns, all i64; numbers are floats in the low half.
struct TurnRow {
  static constexpr int varying = 0, argument = 1, element = 2;  // argument -1: a constant
  static constexpr int scale = 3, offset = 4;                   // of half the angle
  static constexpr int y_turn = 5;
  static constexpr int first = 6;  // of its block
  static constexpr int signs = 7;  // the last turn of a rotation that is applied up to its sign
  static constexpr int matrix = 8, trigonometry = 9;
  static constexpr int gradient = 10;  // element of the result, or -1
  static constexpr int size = 11;
};

/// A row of the table of phases.
struct PhaseRow {
  static constexpr int gradient = 0, scale = 1, sum = 2, size = 3;
};

}  // namespace

Value* make_table(LaneBuilder& builder, const std::vector<std::int64_t>& words) {
  std::vector<std::uint64_t> bits(std::max<std::size_t>(1, words.size()));  // a kernel without blocks has empty ones
  std::copy(words.begin(), words.end(), bits.begin());
  auto* data = llvm::ConstantDataArray::get(builder.module.getContext(), bits);
  auto* global =
      new llvm::GlobalVariable(builder.module, data->getType(), true, llvm::GlobalValue::PrivateLinkage, data, "table");
  global->setAlignment(llvm::Align(8));
  return global;
}

std::int64_t float_word(double value) { return std::bit_cast<std::uint32_t>(static_cast<float>(value)); }

Turns::Turns(LaneBuilder& builder, const kernel::StatePlan& plan, const Operands& operands, Value* arguments,
             Value* area)
    : builder_(builder),
      ir_(builder.ir),
      plan_(plan),
      program_(builder.nest.program),
      layout_(program_),
      arguments_(arguments),
      area_(area),
      amplitudes_(std::int64_t{1} << program_.qubits),
      plane_(amplitudes_) {
  auto gradient = [&](const circuit::Angle& angle) {
    return angle.operand < 0 ? -1 : operands.cotangents[angle.operand] + angle.element;
  };
  std::vector<std::int64_t> turns, phases, start;
  for (int b = 0; b < static_cast<int>(program_.blocks.size()); ++b) {
    const Block& block = program_.blocks[b];
    const bool starts = std::find(plan.start.begin(), plan.start.end(), b) != plan.start.end();
    for (std::size_t t = 0; t < block.turns.size(); ++t) {
      const circuit::Angle& angle = block.turns[t].angle;
      const bool constant = angle.operand < 0, last = t + 1 == block.turns.size();
      turns.insert(turns.end(), {!constant && operands.varying[angle.operand], angle.operand,
                                 constant ? 0 : angle.element, float_word(constant ? 0 : angle.scale / 2),
                                 float_word(angle.offset / 2), block.turns[t].axis == circuit::Turn::Axis::y, t == 0,
                                 last && !starts && kernel::is_rotation(block), layout_.matrix[b],
                                 layout_.first_turn[b] + 2 * static_cast<std::int64_t>(t), gradient(angle)});
      ++turn_count_;
    }
    for (std::size_t p = 0; p < block.phases.size(); ++p) {
      const circuit::Angle& angle = block.phases[p].angle;
      if (angle.operand < 0) continue;
      phases.insert(phases.end(), {gradient(angle), float_word(angle.scale / 2),
                                   layout_.first_phase[b] + static_cast<std::int64_t>(p)});
      ++phase_count_;
    }
  }
  for (int block : plan.start) start.push_back(block < 0 ? -1 : layout_.matrix[block]);
  turns_ = make_table(builder, turns);
  phases_ = make_table(builder, phases);
  start_ = make_table(builder, start);
}

Value* Turns::at(Value* base, Value* index) { return ir_.CreateGEP(builder_.vector, base, index); }

Turns::Complex Turns::amplitude(Value* state, Value* index) {
  Value* re = at(state, index);
  return {builder_.load_vector(re), load(re, builder_.index(plane_))};
}

void Turns::set_amplitude(Value* state, Value* index, Complex value) {
  Value* re = at(state, index);
  builder_.store_vector(value.re, re);
  builder_.store_vector(value.im, at(re, builder_.index(plane_)));
}

Turns::Complex Turns::multiply(Complex a, Complex b) {
  Value* re = builder_.fma(a.re, b.re, ir_.CreateFNeg(ir_.CreateFMul(a.im, b.im)));
  return {re, builder_.fma(a.re, b.im, ir_.CreateFMul(a.im, b.re))};
}

Turns::Complex Turns::multiply_conjugate(Complex a, Complex b) { return multiply(a, {b.re, ir_.CreateFNeg(b.im)}); }

Turns::Complex Turns::add(Complex a, Complex b) { return {ir_.CreateFAdd(a.re, b.re), ir_.CreateFAdd(a.im, b.im)}; }

Value* Turns::number(Value* row, int field) {
  return ir_.CreateBitCast(ir_.CreateTrunc(load_word(builder_, row, field), builder_.i32), builder_.f32);
}

Value* Turns::half_angle(Value* row) {
  auto splat = [&](Value* value) { return builder_.width == 1 ? value : ir_.CreateVectorSplat(builder_.width, value); };
  Value* argument = load_word(builder_, row, TurnRow::argument);
  Value* constant = ir_.CreateICmpSLT(argument, builder_.index(0));
  Value* element = load_word(builder_, row, TurnRow::element);
  Value* varying = ir_.CreateICmpNE(load_word(builder_, row, TurnRow::varying), builder_.index(0));
  auto& context = builder_.module.getContext();
  auto* lanes = llvm::BasicBlock::Create(context, "lanes", builder_.function);
  auto* all = llvm::BasicBlock::Create(context, "all", builder_.function);
  auto* after = llvm::BasicBlock::Create(context, "after", builder_.function);
  ir_.CreateCondBr(varying, lanes, all);
  ir_.SetInsertPoint(lanes);
  Value* own = builder_.load_vector(argument_element(builder_, arguments_, argument, element, true));
  ir_.CreateBr(after);
  ir_.SetInsertPoint(all);
  // A constant reads any number, and takes it zero times: the scale itself, which is zero.
  Value* first = ir_.CreateSelect(constant, builder_.index(0), argument);
  Value* shared = argument_element(builder_, arguments_, first, element, false);
  shared = ir_.CreateSelect(constant, ir_.CreateConstGEP1_64(builder_.i64, row, TurnRow::scale), shared);
  Value* same = builder_.load_broadcast(shared);
  ir_.CreateBr(after);
  ir_.SetInsertPoint(after);
  auto* value = ir_.CreatePHI(builder_.vector, 2);
  value->addIncoming(own, lanes);
  value->addIncoming(same, all);
  return builder_.fma(splat(number(row, TurnRow::scale)), value, splat(number(row, TurnRow::offset)));
}

/// M <- turn M
void Turns::turn_rows(Value* matrix, Value* y_turn, Value* c, Value* s) {
  auto part = [&](int e) { return at(matrix, builder_.index(e)); };
  std::vector<Value*> m, y(8), z(8);
  for (int e = 0; e < 8; ++e) m.push_back(builder_.load_vector(part(e)));
  Value* minus = ir_.CreateFNeg(s);
  for (int e = 0; e < 4; ++e) {
    y[e] = builder_.fma(c, m[e], ir_.CreateFMul(minus, m[4 + e]));
    y[4 + e] = builder_.fma(s, m[e], ir_.CreateFMul(c, m[4 + e]));
  }
  for (int e = 0; e < 8; e += 2) {
    Value* turn = e < 4 ? minus : s;  // the imaginary part of exp(-i h), exp(i h)
    const Complex turned = multiply({m[e], m[e + 1]}, {c, turn});
    z[e] = turned.re;
    z[e + 1] = turned.im;
  }
  for (int e = 0; e < 8; ++e) builder_.store_vector(ir_.CreateSelect(y_turn, y[e], z[e]), part(e));
}

void Turns::prepare() {
  auto zero = builder_.splat(0), one = builder_.splat(1);
  builder_.loop(builder_.index(0), builder_.index(layout_.chunk), 1,
                [&](Value* e) { builder_.store_vector(zero, at(area_, e)); });
  Value* sign = at(area_, builder_.index(layout_.sign));
  builder_.store_vector(one, sign);
  builder_.loop(builder_.index(0), builder_.index(turn_count_), 1, [&](Value* t) {
    Value* row = ir_.CreateGEP(builder_.i64, turns_, ir_.CreateNSWMul(t, builder_.index(TurnRow::size)));
    auto flag = [&](int field) { return ir_.CreateICmpNE(load_word(builder_, row, field), builder_.index(0)); };
    Value* half = half_angle(row);
    Value* c = emit_primitive(builder_, Primitive::cos, {&half, 1});
    Value* s = emit_primitive(builder_, Primitive::sin, {&half, 1});
    Value* trigonometry = at(area_, load_word(builder_, row, TurnRow::trigonometry));
    builder_.store_vector(c, trigonometry);
    builder_.store_vector(s, at(trigonometry, builder_.index(1)));
    Value* matrix = at(area_, load_word(builder_, row, TurnRow::matrix));
    builder_.when(flag(TurnRow::first), [&] {
      for (int e : {0, 6}) builder_.store_vector(one, at(matrix, builder_.index(e)));
    });
    turn_rows(matrix, flag(TurnRow::y_turn), c, s);
    builder_.when(flag(TurnRow::signs), [&] {
      Value* before = builder_.load_vector(sign);
      Value* negative = ir_.CreateFCmpOLT(builder_.load_vector(matrix), zero);
      builder_.store_vector(ir_.CreateSelect(negative, ir_.CreateFNeg(before), before), sign);
    });
  });
}

void Turns::over_start(std::int64_t first, std::int64_t last, bool upwards,
                       const std::function<void(Value*, Value*)>& body) {
  builder_.loop(builder_.index(0), builder_.index(last - first), 1, [&](Value* i) {
    Value* bit = upwards ? ir_.CreateNSWAdd(builder_.index(first), i) : ir_.CreateNSWSub(builder_.index(last - 1), i);
    body(bit, load_word(builder_, start_, bit));
  });
}

Turns::Complex Turns::column(Value* matrix, int element) {
  Value* none = ir_.CreateICmpSLT(matrix, builder_.index(0));
  Value* from = at(area_, ir_.CreateSelect(none, builder_.index(layout_.sign), matrix));
  auto part = [&](int e, double otherwise) {
    Value* where = ir_.CreateSelect(none, from, at(from, builder_.index(e)));
    return ir_.CreateSelect(none, builder_.splat(otherwise), builder_.load_vector(where));
  };
  return element == 0 ? Complex{part(0, 1), part(1, 0)} : Complex{part(4, 0), part(5, 0)};
}

void Turns::grow(Value* state, std::int64_t first, std::int64_t last) {
  over_start(first, last, true, [&](Value* bit, Value* matrix) {
    const Complex v0 = column(matrix, 0), v1 = column(matrix, 1);
    Value* stride = ir_.CreateShl(builder_.index(1), ir_.CreateNSWSub(bit, builder_.index(first)));
    builder_.loop(builder_.index(0), stride, 1, [&](Value* b) {
      const Complex before = amplitude(state, b);
      set_amplitude(state, b, multiply(before, v0));
      set_amplitude(state, ir_.CreateNSWAdd(b, stride), multiply(before, v1));
    });
  });
}

void Turns::product(Value* state, Value* part, int part_bits) {
  const std::int64_t n = program_.qubits, inside = n - part_bits;
  Value* first = at(state, ir_.CreateShl(part, builder_.index(inside)));
  set_amplitude(first, builder_.index(0), {sign(), builder_.splat(0)});
  over_start(inside, n, true, [&](Value* bit, Value* matrix) {
    Value* set = ir_.CreateTrunc(ir_.CreateLShr(part, ir_.CreateNSWSub(bit, builder_.index(inside))), ir_.getInt1Ty());
    const Complex v0 = column(matrix, 0), v1 = column(matrix, 1);
    const Complex v{ir_.CreateSelect(set, v1.re, v0.re), ir_.CreateSelect(set, v1.im, v0.im)};
    set_amplitude(first, builder_.index(0), multiply(amplitude(first, builder_.index(0)), v));
  });
  grow(first, 0, inside);
}

void Turns::add_sums(Value* area) {
  std::vector<std::int64_t> rows;  // first and number of the sums of a block
  for (std::size_t b = 0; b < program_.blocks.size(); ++b) {
    const Block& block = program_.blocks[b];
    if (block.kind == Block::Kind::turns) rows.insert(rows.end(), {layout_.matrix[b] + TurnArea::sum, 8});
    if (block.kind == Block::Kind::phases)
      rows.insert(rows.end(), {layout_.first_phase[b], static_cast<std::int64_t>(block.phases.size())});
  }
  Value* table = make_table(builder_, rows);
  builder_.loop(builder_.index(0), builder_.index(static_cast<std::int64_t>(rows.size())), 2, [&](Value* r) {
    Value* row = ir_.CreateGEP(builder_.i64, table, r);
    Value* first = load_word(builder_, row, std::int64_t{0});
    builder_.loop(first, ir_.CreateNSWAdd(first, load_word(builder_, row, std::int64_t{1})), 1, [&](Value* e) {
      builder_.store_vector(ir_.CreateFAdd(load(area_, e), load(area, e)), at(area_, e));
    });
  });
}

void Turns::grow_product(Value* grown, int part_bits) {
  set_amplitude(grown, builder_.index(0), {sign(), builder_.splat(0)});
  grow(grown, 0, program_.qubits - part_bits);
}

void Turns::contract_product(Value* cotangent, Value* partial, Value* grown, Value* contracted, Value* part,
                             int part_bits) {
  const std::int64_t inside = program_.qubits - part_bits, parts = std::int64_t{1} << part_bits;
  Value *size = builder_.index(std::int64_t{1} << inside), *own = at(cotangent, ir_.CreateNSWMul(part, size));
  const auto sums = builder_.loop(
      builder_.index(0), size, 1, std::vector<Value*>(2, builder_.splat(0)),
      [&](Value* b, std::span<Value* const> carried) {
        const Complex term = multiply_conjugate(amplitude(own, b), amplitude(grown, b));
        return std::vector<Value*>{ir_.CreateFAdd(carried[0], term.re), ir_.CreateFAdd(carried[1], term.im)};
      });
  Value* to = at(contracted, part);
  builder_.store_vector(sums[0], to);
  builder_.store_vector(sums[1], at(to, builder_.index(parts)));
  // The product of the bits above, for each of the parts.
  Value* above = at(area_, builder_.index(layout_.chunk + 8 * parts));
  plane_ = parts;
  set_amplitude(above, builder_.index(0), {builder_.splat(1), builder_.splat(0)});
  grow(above, inside, program_.qubits);
  std::vector<Complex> factors;
  for (std::int64_t t = 0; t < parts; ++t) factors.push_back(amplitude(above, builder_.index(t)));
  plane_ = amplitudes_;
  Value* begin = ir_.CreateNSWMul(part, builder_.index(std::int64_t{1} << (inside - part_bits)));
  Value* end = ir_.CreateNSWAdd(begin, builder_.index(std::int64_t{1} << (inside - part_bits)));
  builder_.loop(begin, end, 1, [&](Value* b) {
    Complex sum{builder_.splat(0), builder_.splat(0)};
    for (std::int64_t t = 0; t < parts; ++t) {
      Value* from = ir_.CreateNSWAdd(b, builder_.index(t << inside));
      sum = add(sum, multiply_conjugate(amplitude(cotangent, from), factors[t]));
    }
    set_amplitude(at(partial, size), b, sum);
  });
}

void Turns::product_adjoint(Value* cotangent, Value* partial, Value* grown, Value* contracted, int part_bits) {
  const std::int64_t n = program_.qubits, inside = n - part_bits, parts = std::int64_t{1} << part_bits;
  sums_of_start(0, inside, part_bits == 0 ? cotangent : nullptr, partial, grown, sign());
  if (part_bits == 0) return;
  plane_ = parts;
  sums_of_start(inside, n, contracted, at(contracted, builder_.index(2 * parts)),
                at(contracted, builder_.index(4 * parts)), builder_.splat(1));
  plane_ = amplitudes_;
}

void Turns::sums_of_start(std::int64_t first, std::int64_t last, Value* whole, Value* partial, Value* grown,
                          Value* one) {
  auto stride_of = [&](Value* bit) {
    return ir_.CreateShl(builder_.index(1), ir_.CreateNSWSub(bit, builder_.index(first)));
  };
  // The cotangent contracted with the vectors of the k-th bit here and above, 2^k amplitudes, stands at 2^k of
  // `partial`.
  auto contracted = [&](Value* bit) {
    Value* inner = at(partial, ir_.CreateShl(stride_of(bit), builder_.index(1)));
    return whole ? ir_.CreateSelect(ir_.CreateICmpEQ(bit, builder_.index(last - 1)), whole, inner) : inner;
  };
  over_start(first, last, false, [&](Value* bit, Value* matrix) {
    const Complex v0 = column(matrix, 0), v1 = column(matrix, 1);
    Value *stride = stride_of(bit), *from = contracted(bit), *to = at(partial, stride);
    builder_.loop(builder_.index(0), stride, 1, [&](Value* b) {
      const Complex low = multiply_conjugate(amplitude(from, b), v0);
      set_amplitude(to, b, add(low, multiply_conjugate(amplitude(from, ir_.CreateNSWAdd(b, stride)), v1)));
    });
  });
  set_amplitude(grown, builder_.index(0), {one, builder_.splat(0)});
  over_start(first, last, true, [&](Value* bit, Value* matrix) {
    const Complex v[2] = {column(matrix, 0), column(matrix, 1)};
    Value *stride = stride_of(bit), *from = contracted(bit);
    const auto sums = builder_.loop(builder_.index(0), stride, 1, std::vector<Value*>(4, builder_.splat(0)),
                                    [&](Value* b, std::span<Value* const> carried) {
                                      const Complex before = amplitude(grown, b);
                                      std::vector<Value*> next;
                                      for (int i = 0; i < 2; ++i) {
                                        Value* index = i == 0 ? b : ir_.CreateNSWAdd(b, stride);
                                        const Complex term = multiply_conjugate(amplitude(from, index), before);
                                        next.push_back(ir_.CreateFAdd(carried[2 * i], term.re));
                                        next.push_back(ir_.CreateFAdd(carried[2 * i + 1], term.im));
                                      }
                                      set_amplitude(grown, b, multiply(before, v[0]));
                                      set_amplitude(grown, ir_.CreateNSWAdd(b, stride), multiply(before, v[1]));
                                      return next;
                                    });
    builder_.when(ir_.CreateICmpSGE(matrix, builder_.index(0)), [&] {
      Value* sum = at(area_, ir_.CreateNSWAdd(matrix, builder_.index(TurnArea::sum)));
      for (int i = 0; i < 2; ++i)
        for (int j = 0; j < 2; ++j) {
          const Complex r = multiply_conjugate({sums[2 * i], sums[2 * i + 1]}, v[j]);
          builder_.store_vector(r.re, at(sum, builder_.index(2 * (2 * i + j))));
          builder_.store_vector(r.im, at(sum, builder_.index(2 * (2 * i + j) + 1)));
        }
    });
  });
}

/// R <- turn^dagger R turn
void Turns::undo_sum(Value* sum, Value* y_turn, Value* c, Value* s) {
  std::vector<Value*> r, y(8), z;
  for (int e = 0; e < 8; ++e) r.push_back(load(sum, builder_.index(e)));
  Value* minus = ir_.CreateFNeg(s);
  auto mix = [&](Value* a, Value* p, Value* b, Value* q) { return builder_.fma(a, p, ir_.CreateFMul(b, q)); };
  for (int part = 0; part < 2; ++part) {
    Value* left[4];  // turn^dagger R
    for (int j = 0; j < 2; ++j) {
      Value *upper = r[2 * j + part], *lower = r[4 + 2 * j + part];
      left[j] = mix(c, upper, s, lower);
      left[2 + j] = mix(minus, upper, c, lower);
    }
    for (int i = 0; i < 2; ++i) {
      y[4 * i + part] = mix(left[2 * i], c, left[2 * i + 1], s);
      y[4 * i + 2 + part] = mix(left[2 * i + 1], c, left[2 * i], minus);
    }
  }
  z = r;
  // exp(2 i h) and its conjugate
  Value *re = mix(c, c, minus, s), *im = ir_.CreateFMul(ir_.CreateFAdd(c, c), s);
  const Complex upper = multiply({r[2], r[3]}, {re, im}), lower = multiply_conjugate({r[4], r[5]}, {re, im});
  z[2] = upper.re, z[3] = upper.im, z[4] = lower.re, z[5] = lower.im;
  for (int e = 0; e < 8; ++e) builder_.store_vector(ir_.CreateSelect(y_turn, y[e], z[e]), at(sum, builder_.index(e)));
}

void Turns::gradients(Value* result) {
  auto splat = [&](Value* value) { return builder_.width == 1 ? value : ir_.CreateVectorSplat(builder_.width, value); };
  auto add_to = [&](Value* element, Value* scale, Value* value) {
    builder_.when(ir_.CreateICmpSGE(element, builder_.index(0)), [&] {
      Value* to = at(result, element);
      builder_.store_vector(builder_.fma(splat(scale), value, builder_.load_vector(to)), to);
    });
  };
  builder_.loop(builder_.index(0), builder_.index(turn_count_), 1, [&](Value* i) {
    Value* t = ir_.CreateNSWSub(builder_.index(turn_count_ - 1), i);
    Value* row = ir_.CreateGEP(builder_.i64, turns_, ir_.CreateNSWMul(t, builder_.index(TurnRow::size)));
    Value* matrix = load_word(builder_, row, TurnRow::matrix);
    Value* sum = at(area_, ir_.CreateNSWAdd(matrix, builder_.index(TurnArea::sum)));
    Value* y_turn = ir_.CreateICmpNE(load_word(builder_, row, TurnRow::y_turn), builder_.index(0));
    auto r = [&](int e) { return load(sum, builder_.index(e)); };
    Value* about_y = ir_.CreateFSub(r(4), r(2));
    Value* about_z = ir_.CreateFSub(r(7), r(1));
    add_to(load_word(builder_, row, TurnRow::gradient), number(row, TurnRow::scale),
           ir_.CreateSelect(y_turn, about_y, about_z));
    Value* more = ir_.CreateICmpEQ(load_word(builder_, row, TurnRow::first), builder_.index(0));
    builder_.when(more, [&] {
      Value* trigonometry = at(area_, load_word(builder_, row, TurnRow::trigonometry));
      undo_sum(sum, y_turn, builder_.load_vector(trigonometry), load(trigonometry, builder_.index(1)));
    });
  });
  builder_.loop(builder_.index(0), builder_.index(phase_count_), 1, [&](Value* p) {
    Value* row = ir_.CreateGEP(builder_.i64, phases_, ir_.CreateNSWMul(p, builder_.index(PhaseRow::size)));
    add_to(load_word(builder_, row, PhaseRow::gradient), number(row, PhaseRow::scale),
           load(area_, load_word(builder_, row, PhaseRow::sum)));
  });
}

}  // namespace qiln::codegen
