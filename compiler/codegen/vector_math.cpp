#include "compiler/codegen/vector_math.h"

#include <array>
#include <cassert>
#include <cmath>
#include <limits>
#include <numbers>

// The polynomials are minimax fits of tests/reference/polynomials.py, highest power first.
namespace qiln::codegen {
namespace {

using llvm::Value;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float quiet_nan = std::numeric_limits<float>::quiet_NaN();
/// Adding and subtracting this rounds |x| < 2^22 to the nearest integer, which then stands in the low bits.
constexpr float round_magic = 0x1.8p23f;
constexpr std::uint32_t round_magic_bits = 0x4B400000, sign_bit = 0x80000000;
constexpr double ln2_high = 0x1.62ep-1,
                 ln2_low = 0x1.0bfbe8e7bcd5ep-15;  // the first has 12 bits: n * ln2_high is exact

/// Shorthands; fused operations only where written, so that every width gives the same bits.
class Math {
 public:
  explicit Math(LaneBuilder& builder) : b_(builder), ir_(builder.ir), flags_(builder.ir) { ir_.clearFastMathFlags(); }

  Value* constant(double x) { return b_.splat(x); }
  Value* add(Value* x, Value* y) { return ir_.CreateFAdd(x, y); }
  Value* subtract(Value* x, Value* y) { return ir_.CreateFSub(x, y); }
  Value* multiply(Value* x, Value* y) { return ir_.CreateFMul(x, y); }
  Value* divide(Value* x, Value* y) { return ir_.CreateFDiv(x, y); }
  Value* fma(Value* x, Value* y, Value* z) { return b_.fma(x, y, z); }
  Value* fma(Value* x, double y, Value* z) { return b_.fma(x, constant(y), z); }
  Value* less(Value* x, double y) { return ir_.CreateFCmpOLT(x, constant(y)); }
  Value* more(Value* x, double y) { return ir_.CreateFCmpOGT(x, constant(y)); }
  Value* choose(Value* c, Value* x, Value* y) { return ir_.CreateSelect(c, x, y); }
  Value* choose(Value* c, double x, Value* y) { return ir_.CreateSelect(c, constant(x), y); }
  Value* abs(Value* x) { return ir_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, x); }
  Value* floor(Value* x) { return ir_.CreateUnaryIntrinsic(llvm::Intrinsic::floor, x); }
  /// NaN stays NaN.
  Value* clamp(Value* x, double low, double high) {
    x = choose(less(x, low), low, x);
    return choose(more(x, high), high, x);
  }
  Value* polynomial(Value* x, std::span<const float> coefficients) {
    Value* sum = constant(coefficients[0]);
    for (float c : coefficients.subspan(1)) sum = fma(sum, x, constant(c));
    return sum;
  }
  Value* bits(Value* x) { return ir_.CreateBitCast(x, integers()); }
  Value* from_bits(Value* x) { return ir_.CreateBitCast(x, b_.vector); }
  Value* integer(std::uint32_t x) { return llvm::ConstantInt::get(integers(), x); }
  Value* with_sign_of(Value* magnitude, Value* x) {
    Value* sign = ir_.CreateAnd(bits(x), integer(sign_bit));
    return from_bits(ir_.CreateOr(bits(magnitude), sign));
  }
  llvm::Type* integers() { return b_.vector->getWithNewType(b_.i32); }
  llvm::IRBuilder<>& ir() { return ir_; }

  struct Rounded {
    Value *real, *integer;
  };
  /// The nearest integer of |x| < 2^22.
  Rounded rounded(Value* shifted) {
    return {subtract(shifted, constant(round_magic)), ir_.CreateSub(bits(shifted), integer(round_magic_bits))};
  }

  /// 2^n for integers -252 .. 254, as two factors, so that results may be subnormal or overflow.
  Value* scaled(Value* x, Value* n) {
    Value* half = ir_.CreateAShr(n, 1);
    return multiply(multiply(x, power_of_two(half)), power_of_two(ir_.CreateSub(n, half)));
  }
  Value* power_of_two(Value* n) { return from_bits(ir_.CreateShl(ir_.CreateAdd(n, integer(127)), 23)); }

  /// e^x 2^n for |x| < 110 (else finite nonsense); `n` may be null.
  Value* exp_scaled(Value* x, Value* n) {
    constexpr std::array curve{0.0013820137f, 0.008368686f, 0.041668274f, 0.16666521f, 0.49999994f};
    auto k = rounded(fma(x, std::numbers::log2e, constant(round_magic)));
    Value* r = fma(k.real, -ln2_high, x);
    r = fma(k.real, -ln2_low, r);
    Value* value = add(fma(polynomial(r, curve), multiply(r, r), r), constant(1));
    return scaled(value, n ? ir_.CreateAdd(k.integer, n) : k.integer);
  }
  Value* exp(Value* x) { return exp_scaled(clamp(x, -104, 89), nullptr); }

  struct Logarithm {
    Value *exponent, *mantissa_part;  // ln x = exponent * ln 2 + ln m, the second given as f + mantissa_part
    Value* f;
  };
  /// x = 2^exponent m, m in sqrt(1/2) .. sqrt(2), f = m - 1; for x > 0, finite.
  Logarithm log_parts(Value* x) {
    constexpr std::array curve{0.067495406f, -0.116701834f, 0.11883471f, -0.12406208f, 0.14220363f,
                               -0.1666799f,  0.20002072f,   -0.2500001f, 0.33333313f};
    Value* subnormal = less(x, 0x1p-126);
    x = choose(subnormal, multiply(x, constant(0x1p23)), x);
    Value* shifted = ir_.CreateSub(bits(x), integer(0x3F3504F3));  // bits of sqrt(1/2)
    Value* exponent = ir_.CreateSIToFP(ir_.CreateAShr(shifted, 23), b_.vector);
    exponent = choose(subnormal, subtract(exponent, constant(23)), exponent);
    Value* m = from_bits(ir_.CreateAdd(ir_.CreateAnd(shifted, integer(0x7FFFFF)), integer(0x3F3504F3)));
    Value* f = subtract(m, constant(1));
    Value* square = multiply(f, f);
    Value* rest = multiply(multiply(polynomial(f, curve), f), square);
    return {exponent, fma(square, -0.5, rest), f};
  }
  Value* log(Value* x) {
    auto parts = log_parts(x);
    Value* small = fma(parts.exponent, ln2_low, parts.mantissa_part);
    Value* value = fma(parts.exponent, ln2_high, add(parts.f, small));
    value = choose(ir_.CreateFCmpOEQ(x, constant(0)), -infinity, value);
    value = choose(ir_.CreateFCmpOEQ(x, constant(infinity)), infinity, value);
    return choose(ir_.CreateOr(less(x, 0), ir_.CreateFCmpUNO(x, x)), quiet_nan, value);
  }

  /// sin (quarters 0) or cos (quarters 1) of r + (quadrant + quarters) pi / 2, |r| <= pi / 4.
  Value* sine(Value* r, Value* quadrant, int quarters) {
    constexpr std::array sine_curve{-0.00019518599f, 0.008332191f, -0.16666655f};
    constexpr std::array cosine_curve{2.4430668e-05f, -0.0013887301f, 0.041666646f};
    Value* z = multiply(r, r);
    Value* s = fma(multiply(polynomial(z, sine_curve), z), r, r);
    Value* c = fma(multiply(polynomial(z, cosine_curve), z), z, fma(z, -0.5, constant(1)));
    Value* q = quarters ? ir_.CreateAdd(quadrant, integer(quarters)) : quadrant;
    Value* odd = ir_.CreateICmpNE(ir_.CreateAnd(q, integer(1)), integer(0));
    Value* sign = ir_.CreateShl(ir_.CreateAnd(q, integer(2)), 30);
    return from_bits(ir_.CreateXor(bits(choose(odd, c, s)), sign));
  }
  /// Cody-Waite: pi / 2 in three floats; the first product cancels exactly under fma while |x| < 2^22.
  Value* sine_of(Value* x, int quarters) {
    constexpr double half_pi = std::numbers::pi / 2;
    constexpr double high = 0x1.921fb6p+0, middle = -0x1.777a5cp-25, low = -0x1.ee59dap-50;
    static_assert(high + middle - half_pi < 1e-14 && half_pi - high - middle < 1e-14);
    auto k = rounded(fma(x, 2 / std::numbers::pi, constant(round_magic)));
    Value* r = fma(k.real, -high, x);
    r = fma(k.real, -middle, r);
    r = fma(k.real, -low, r);
    return sine(clamp(r, -0.7854, 0.7854), k.integer, quarters);
  }
  Value* sine_of_turns(Value* u, int quarters) {
    Value* fourfold = multiply(u, constant(4));
    auto k = rounded(add(fourfold, constant(round_magic)));
    return sine(multiply(subtract(fourfold, k.real), constant(std::numbers::pi / 2)), k.integer, quarters);
  }

  /// Near 0 an odd polynomial; else 1 - 2 / (e^2x + 1).
  Value* tanh(Value* x) {
    constexpr std::array curve{0.0021576358f, -0.008195086f, 0.02170875f, -0.053948462f, 0.13333222f, -0.3333333f};
    Value *z = multiply(x, x), *a = abs(x);
    Value* near = fma(multiply(polynomial(z, curve), z), x, x);
    Value* raised = add(exp_scaled(clamp(add(a, a), 0, 40), nullptr), constant(1));
    Value* far = subtract(constant(1), divide(constant(2), raised));
    return choose(less(a, 0.625), near, with_sign_of(far, x));
  }

  /// Near 0 an odd polynomial; else 1 - exp of the polynomial of ln erfc, saturated where erf rounds to 1.
  Value* erf(Value* x) {
    constexpr std::array near_curve{7.9696634e-05f, -0.00080438395f, 0.005191948f, -0.026855588f,
                                    0.11283624f,    -0.3761263f,     0.12837917f};
    constexpr std::array far_curve{-0.00019821945f, 0.0030654832f, -0.022315178f, 0.104113616f,
                                   0.6369761f,      1.1277972f,    0.00016643932f};
    Value *z = multiply(x, x), *a = abs(x);
    Value* near = fma(polynomial(z, near_curve), x, x);
    Value* exponent = polynomial(clamp(a, 0, 3.95), far_curve);
    Value* far = subtract(constant(1), exp_scaled(ir_.CreateFNeg(exponent), nullptr));
    return choose(less(a, 0.93), near, with_sign_of(far, x));
  }

  /// |x|^y = 2^(y e) exp(y ln m): the first exponent is split exactly into an integer and a rest.
  Value* power(Value* x, Value* y) {
    Value* a = abs(x);
    auto parts = log_parts(a);
    Value* product = multiply(y, parts.exponent);
    Value* error = fma(y, parts.exponent, ir_.CreateFNeg(product));
    product = clamp(product, -400, 400);
    auto n = rounded(add(product, constant(round_magic)));
    Value* rest = add(subtract(product, n.real), clamp(error, -1, 1));
    Value* exponent = fma(y, add(parts.f, parts.mantissa_part), multiply(rest, constant(std::numbers::ln2)));
    // Keeps the exponent of the result within what `scaled` takes; beyond, it is 0 or infinite anyway.
    Value* whole = clamp(n.real, -150, 150);
    exponent = clamp(add(exponent, multiply(subtract(n.real, whole), constant(std::numbers::ln2))), -70, 70);
    Value* value =
        exp_scaled(exponent, ir_.CreateSub(bits(add(whole, constant(round_magic))), integer(round_magic_bits)));
    Value* half = multiply(y, constant(0.5));
    Value* fractional = ir_.CreateFCmpUNE(floor(y), y);
    Value* odd = ir_.CreateFCmpUNE(floor(half), half);
    Value* negative = less(x, 0);
    value = choose(ir_.CreateAnd(negative, odd), ir_.CreateFNeg(value), value);
    value = choose(ir_.CreateAnd(negative, fractional), quiet_nan, value);
    Value* zero = ir_.CreateFCmpOEQ(a, constant(0));
    value = choose(zero, choose(less(y, 0), infinity, constant(0)), value);
    value = choose(ir_.CreateFCmpUNO(x, y), quiet_nan, value);
    return choose(ir_.CreateFCmpOEQ(y, constant(0)), 1, value);
  }

 private:
  LaneBuilder& b_;
  llvm::IRBuilder<>& ir_;
  llvm::IRBuilder<>::FastMathFlagGuard flags_;
};

using Operands = std::span<Value* const>;

/// The value that all elements of a constant have, if it is one.
const llvm::ConstantFP* constant_of(Value* value) {
  auto* constant = llvm::dyn_cast<llvm::Constant>(value);
  if (constant && constant->getType()->isVectorTy()) constant = constant->getSplatValue();
  return llvm::dyn_cast_or_null<llvm::ConstantFP>(constant);
}

/// x^n by squaring, n >= 1.
Value* integer_power(LaneBuilder& b, Value* x, int n) {
  Value* result = nullptr;
  for (;; x = b.ir.CreateFMul(x, x)) {
    if (n & 1) result = result ? b.ir.CreateFMul(result, x) : x;
    if ((n >>= 1) == 0) return result;
  }
}

Value* power(LaneBuilder& b, Operands v) {
  if (const auto* exponent = constant_of(v[1])) {
    float y = exponent->getValueAPF().convertToFloat();
    if (y == 0) return b.splat(1);
    if (y == 0.5f) return b.ir.CreateUnaryIntrinsic(llvm::Intrinsic::sqrt, v[0]);
    if (y == std::floor(y) && std::abs(y) <= 8) {
      Value* product = integer_power(b, v[0], static_cast<int>(std::abs(y)));
      return y > 0 ? product : b.ir.CreateFDiv(b.splat(1), product);
    }
  }
  return Math(b).power(v[0], v[1]);
}

Value* maximum(LaneBuilder& b, Operands v) { return b.ir.CreateSelect(b.ir.CreateFCmpOGT(v[0], v[1]), v[0], v[1]); }
Value* minimum(LaneBuilder& b, Operands v) { return b.ir.CreateSelect(b.ir.CreateFCmpOLT(v[0], v[1]), v[0], v[1]); }
Value* indicator(LaneBuilder& b, Value* holds) { return b.ir.CreateSelect(holds, b.splat(1), b.splat(0)); }

struct Row {
  Primitive op;
  Value* (*emit)(LaneBuilder&, Operands);
};

const Row rows[] = {
    {Primitive::add, [](LaneBuilder& b, Operands v) { return b.ir.CreateFAdd(v[0], v[1]); }},
    {Primitive::subtract, [](LaneBuilder& b, Operands v) { return b.ir.CreateFSub(v[0], v[1]); }},
    {Primitive::multiply, [](LaneBuilder& b, Operands v) { return b.ir.CreateFMul(v[0], v[1]); }},
    {Primitive::divide, [](LaneBuilder& b, Operands v) { return b.ir.CreateFDiv(v[0], v[1]); }},
    {Primitive::negate, [](LaneBuilder& b, Operands v) { return b.ir.CreateFNeg(v[0]); }},
    {Primitive::maximum, maximum},
    {Primitive::minimum, minimum},
    {Primitive::power, power},
    {Primitive::exp, [](LaneBuilder& b, Operands v) { return Math(b).exp(v[0]); }},
    {Primitive::log, [](LaneBuilder& b, Operands v) { return Math(b).log(v[0]); }},
    {Primitive::sqrt,
     [](LaneBuilder& b, Operands v) -> Value* { return b.ir.CreateUnaryIntrinsic(llvm::Intrinsic::sqrt, v[0]); }},
    {Primitive::sin, [](LaneBuilder& b, Operands v) { return Math(b).sine_of(v[0], 0); }},
    {Primitive::cos, [](LaneBuilder& b, Operands v) { return Math(b).sine_of(v[0], 1); }},
    {Primitive::tanh, [](LaneBuilder& b, Operands v) { return Math(b).tanh(v[0]); }},
    {Primitive::erf, [](LaneBuilder& b, Operands v) { return Math(b).erf(v[0]); }},
    // In this order a NaN stays, at no cost.
    {Primitive::relu,
     [](LaneBuilder& b, Operands v) {
       return b.ir.CreateSelect(b.ir.CreateFCmpOGT(b.splat(0), v[0]), b.splat(0), v[0]);
     }},
    {Primitive::abs,
     [](LaneBuilder& b, Operands v) -> Value* { return b.ir.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, v[0]); }},
    {Primitive::floor,
     [](LaneBuilder& b, Operands v) -> Value* { return b.ir.CreateUnaryIntrinsic(llvm::Intrinsic::floor, v[0]); }},
    {Primitive::less, [](LaneBuilder& b, Operands v) { return indicator(b, b.ir.CreateFCmpOLT(v[0], v[1])); }},
    {Primitive::equal, [](LaneBuilder& b, Operands v) { return indicator(b, b.ir.CreateFCmpOEQ(v[0], v[1])); }},
    {Primitive::select,
     [](LaneBuilder& b, Operands v) { return b.ir.CreateSelect(b.ir.CreateFCmpUNE(v[0], b.splat(0)), v[1], v[2]); }},
};

}  // namespace

Value* emit_primitive(LaneBuilder& builder, Primitive op, Operands operands) {
  for (const Row& row : rows)
    if (row.op == op) return row.emit(builder, operands);
  assert(false && "not a pointwise primitive");
  return nullptr;
}

Value* emit_log(LaneBuilder& builder, Value* x) { return Math(builder).log(x); }
Value* emit_sin_turns(LaneBuilder& builder, Value* u) { return Math(builder).sine_of_turns(u, 0); }
Value* emit_cos_turns(LaneBuilder& builder, Value* u) { return Math(builder).sine_of_turns(u, 1); }

}  // namespace qiln::codegen
