// What elaboration says about programs that do not make sense: one error for each cause, at its place.
#include "tests/compiler/elaborated.h"

using namespace qiln;

namespace {

/// Severity, slug and message of each diagnostic, and the text under its caret.
std::vector<std::string> said(const std::string& text, std::string_view name = "N") {
  const auto net = Elaborated::text(text, name);
  std::vector<std::string> lines;
  for (const auto& each : net.diagnostics.all())
    lines.push_back(each.message + " @ " + std::string(net.sources[each.span.file].text_of(each.span)));
  return lines;
}

std::vector<std::string> in_net(const std::string& lines) {
  return said("net N(x: [16], y: [2, 3]) {\n" + lines + "\n}\n");
}

std::vector<std::string> in_circuit(const std::string& lines) {
  return said("circuit C(x: [3]) {\n  qubits q[3]\n" + lines + "\n  return expval(Z(q))\n}\n", "C");
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("names", "[elaborate]") {
  CHECK(in_net("return rleu(x)") == Lines{"unknown name `rleu` @ rleu"});
  CHECK(in_net("a = z + 1\nb = a * 2\nreturn b + w") == Lines{"unknown name `z` @ z", "unknown name `w` @ w"});
  CHECK(said("const A = B\nconst B = A\nnet N(x: []) { return x * A }\n").size() == 1);
  const auto net = Elaborated::text("net N(x: [3]) { return x |> lineer(2) }\n");
  REQUIRE(net.diagnostics.all().size() == 1);
  CHECK(net.diagnostics.all()[0].helps == Lines{"did you mean `linear`?"});
}

TEST_CASE("shapes", "[elaborate]") {
  CHECK(in_net("return x + y") == Lines{"[16] and [2, 3] do not fit: axis 0 is 16 and 2 @ x + y"});
  CHECK(in_net("return conv(x, 3, 3)") == Lines{"`conv` expects 3 axes as `x`, found [16] @ x"});
  CHECK(in_net("return y[2, 0]") == Lines{"2 lies outside 0..2 @ 2"});
  CHECK(in_net("return y[0, 0, 0]") == Lines{"3 subscripts for the 2 axes of [2, 3] @ y[0, 0, 0]"});
  CHECK(in_net("return reshape(y, [4])") == Lines{"[2, 3] cannot be reshaped to [4] @ [4]"});
  CHECK(said("net M(x: [n], y: [n]) -> [n] { return x + y }\nnet N(x: [2], y: [3]) { return M(x, y) }\n") ==
        Lines{"`M` expects [2] as `y`, found [3] @ y"});
  CHECK(said("net N(x: [2]) -> [3] { return x }\n") == Lines{"`N` promises [3] and returns [2] @ [3]"});
  CHECK(said("net N(x: [C]) { return x }\n") == Lines{"the extent `C` is not known @ C"});
  CHECK(said("net N(x: [2, 2], b: [2]) { return x + b }\n") ==
        Lines{"[2] is aligned with [2, 2] from the left, and would also fit from the right @ b"});
}

TEST_CASE("calls", "[elaborate]") {
  CHECK(in_net("return x |> linear") == Lines{"`linear` needs the argument `out` @ linear"});
  CHECK(in_net("return linear(x, 2, 3)") == Lines{"`linear` takes 2 arguments, found 3 @ linear(x, 2, 3)"});
  CHECK(in_net("return linear(x, outt = 2)").at(0) == "`linear` has no argument `outt` @ outt");
  CHECK(in_net("return linear(x, 2, out = 3)") == Lines{"`linear` gets the argument `out` twice @ out"});
  CHECK(in_net("a = 3\nreturn a(x)") == Lines{"an integer cannot be called @ a(x)"});
  CHECK(said("net N(x: []) { return N(x) }\n") == Lines{"`N` depends on itself @ N(x)"});
  CHECK(said("net N(x: []) { y = x }\n") == Lines{"`N` returns nothing @ N"});
  CHECK(in_net("return x // 2") == Lines{"`//` and `%` take compile-time integers @ x // 2"});
  CHECK(in_net("param w: [2] ~ unifrom(0, 1)\nreturn y * w") ==
        Lines{"`unifrom` is not an initialiser @ unifrom(0, 1)"});
  CHECK(in_net("param w: [2]\nfor i in 0..2 { param v: [2] }\nparam w: [2]\nreturn y * w") ==
        Lines{"`w` is already declared @ w"});
}

TEST_CASE("index bindings", "[elaborate]") {
  CHECK(in_net("z[i] = sum[j] y[i, j] * x[j]\nreturn z") == Lines{"the index `j` runs to 16 and to 3 @ j"});
  CHECK(in_net("z[i, k] = y[i, 0]\nreturn z") == Lines{"the range of the index `k` is not known @ k"});
  CHECK(in_net("z[i] = sum[j] y[i, j * j]\nreturn z").at(0) == "the range of the index `j` is not known @ j");
  CHECK(in_net("z[i] = sum[j in 0..2] y[i, j * j]\nreturn z") ==
        Lines{"the subscript is not affine in the indices @ j * j"});
  CHECK(in_net("z[2 * i] = x[i]\nreturn z").size() == 1);
}

TEST_CASE("borders of maxima", "[elaborate]") {
  CHECK(in_net("z[i in 0..18] = max[u in 0..2] x[i + u - 2]\nreturn z") ==
        Lines{"a maximum has no term that stays in the tensor @ i + u - 2"});
  CHECK(in_net("z[i in 0..17] = max[u in 0..2] x[i + u - 1]\nreturn z").empty());
}

TEST_CASE("labels", "[elaborate]") {
  CHECK(said("net N(y: label[3]) { return y * 2 }\n") == Lines{"expected a tensor, found a label @ y"});
  CHECK(said("net N(y: label) { return index(y) }\n") == Lines{"a label states its number of classes @ label"});
  CHECK(said("net M(y: label[4]) { return index(y) }\nnet N(y: label[3]) { return M(y) }\n") ==
        Lines{"`M` expects label[4] as `y`, found label[3] @ y"});
  CHECK(said("net N(y: label[3], x: [3]) { return x * one_hot(y) + random([3]) }\n").empty());
}

TEST_CASE("gates", "[elaborate]") {
  CHECK(in_circuit("CNOT q[0]") == Lines{"`CNOT` acts on 2 qubits, found 1 @ CNOT q[0]"});
  CHECK(in_circuit("CNOT q[0], q[0]") == Lines{"`CNOT` acts on one qubit twice @ CNOT q[0], q[0]"});
  CHECK(in_circuit("RY q[0]") == Lines{"`RY` takes 1 angle, found 0 @ RY q[0]"});
  CHECK(in_circuit("RY(x) q[0]") == Lines{"expected a scalar angle, found [3] @ x"});
  CHECK(in_circuit("RYY(x[0]) q[0..2], q") ==
        Lines{"registers of 2 and 3 qubits cannot pair up @ RYY(x[0]) q[0..2], q"});
  CHECK(in_circuit("CNOTT q[0], q[1]") == Lines{"unknown gate `CNOTT` @ CNOTT"});
  CHECK(in_circuit("H q[3]") == Lines{"3 lies outside 0..3 @ 3"});
  CHECK(in_circuit("H x") == Lines{"expected qubits, found a tensor @ x"});
  CHECK(in_circuit("H q[5]\nX q[7]").size() == 2);
  CHECK(in_circuit("pow(0.5) @ U2(1, 2) q[0]").size() == 1);
  CHECK(in_circuit("qubits r[70]").size() == 1);
  CHECK(said("circuit C(x: []) {\n  qubits q\n  return expval(X(q) * Z(q))\n}\n", "C") ==
        Lines{"the product of different Paulis on one qubit is not an observable @ X(q) * Z(q)"});
  CHECK(said("circuit C(x: []) {\n  qubits q\n  return Z(q)\n}\n", "C").size() == 1);
  CHECK(in_net("H x\nreturn x") == Lines{"a gate cannot stand here @ H x"});
}

TEST_CASE("a fault inside a library function says who called it", "[elaborate]") {
  const auto net = Elaborated::text("net N(x: [2, 3]) { return mean(x, axes = [5]) }\n");
  REQUIRE(net.diagnostics.all().size() == 1);
  REQUIRE_FALSE(net.diagnostics.all()[0].notes.empty());
}
