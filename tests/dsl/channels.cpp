// Loops over the channel table: Kraus operators preserve the trace and give the Pauli-transfer matrix, and so do the
// Pauli probabilities.
#include "dsl/channels.h"

#include <cmath>
#include <set>
#include <string>

#include "dsl/gates.h"
#include "tests/catch.h"

namespace qiln {
namespace {

const double samples[] = {0.37, 0.21};

std::span<const double> parameters_of(const ChannelRow& row) { return std::span(samples).first(row.parameter_count()); }

constexpr std::complex<double> i{0, 1};
const KrausOperator paulis[] = {{1, 0, 0, 1}, {0, 1, 1, 0}, {0, -i, i, 0}, {1, 0, 0, -1}};

KrausOperator product(const KrausOperator& a, const KrausOperator& b) {
  return {a[0] * b[0] + a[1] * b[2], a[0] * b[1] + a[1] * b[3], a[2] * b[0] + a[3] * b[2], a[2] * b[1] + a[3] * b[3]};
}
KrausOperator adjoint(const KrausOperator& a) {
  return {std::conj(a[0]), std::conj(a[2]), std::conj(a[1]), std::conj(a[3])};
}

TEST_CASE("channels have names of their own, which are no gates'") {
  std::set<std::string_view> names;
  for (std::string_view name : channel_names()) {
    CHECK(names.insert(name).second);
    CHECK_FALSE(gate_named(name).has_value());
    CHECK(channel_named(name).has_value());
  }
  CHECK_FALSE(channel_named("").has_value());
  for (std::size_t k = 0; k < channels().size(); ++k)
    CHECK(channel_named(channels()[k].name) == static_cast<Channel>(k));
}

TEST_CASE("Kraus operators preserve the trace and give the Pauli-transfer matrix") {
  for (std::size_t k = 0; k < channels().size(); ++k) {
    const ChannelRow& row = channels()[k];
    INFO(std::string(row.name));
    const auto operators = row.kraus(parameters_of(row));
    const auto transfer = transfer_matrix(static_cast<Channel>(k), parameters_of(row));
    CHECK(operators.empty() == row.flags.readout);
    if (operators.empty()) continue;
    KrausOperator sum{};
    for (const KrausOperator& kraus : operators)
      for (int e = 0; e < 4; ++e) sum[e] += product(adjoint(kraus), kraus)[e];
    for (int e = 0; e < 4; ++e) CHECK(std::abs(sum[e] - paulis[0][e]) < 1e-12);
    for (int p = 0; p < 4; ++p)
      for (int q = 0; q < 4; ++q) {
        std::complex<double> trace = 0;
        for (const KrausOperator& kraus : operators) {
          const KrausOperator m = product(paulis[p], product(kraus, product(paulis[q], adjoint(kraus))));
          trace += (m[0] + m[3]) / 2.0;
        }
        CHECK(std::abs(trace - transfer[4 * p + q]) < 1e-12);
      }
  }
}

TEST_CASE("the Pauli probabilities of a mixed-unitary channel give its Pauli-transfer matrix") {
  for (std::size_t k = 0; k < channels().size(); ++k) {
    const ChannelRow& row = channels()[k];
    if (!row.flags.mixed_unitary) continue;
    INFO(std::string(row.name));
    const auto transfer = transfer_matrix(static_cast<Channel>(k), parameters_of(row));
    double probability[3], total = 0;
    for (int p = 0; p < 3; ++p) total += probability[p] = evaluate(row.pauli[p], parameters_of(row));
    CHECK(total <= 1);
    for (int p = 0; p < 3; ++p) {
      CHECK(probability[p] >= 0);
      CHECK(std::abs(transfer[5 * (p + 1)] - (1 - 2 * (total - probability[p]))) < 1e-12);
    }
  }
}

TEST_CASE("what is fresh is |0>") {
  for (std::size_t k = 0; k < channels().size(); ++k) {
    const auto transfer = transfer_matrix(static_cast<Channel>(k), parameters_of(channels()[k]));
    bool fresh = true;
    for (int p = 0; p < 4; ++p)
      for (int q = 0; q < 4; ++q) fresh &= transfer[4 * p + q] == (q == 0 && (p == 0 || p == 3) ? 1 : 0);
    CHECK(channels()[k].flags.fresh == fresh);
  }
}

TEST_CASE("a readout error mixes the probabilities of 0 and 1 as its name says") {
  const auto transfer = transfer_matrix(*channel_named("readout_error"), samples);
  for (double z : {1.0, -1.0, 0.3}) {
    const double one = (1 - z) / 2, read_one = one * (1 - samples[1]) + (1 - one) * samples[0];
    CHECK(std::abs(transfer[12] + transfer[15] * z - (1 - 2 * read_one)) < 1e-12);
  }
}

}  // namespace
}  // namespace qiln
