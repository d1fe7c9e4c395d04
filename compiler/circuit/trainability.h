// How well a circuit's parameters can be trained, by numbers: gradients at random initialisations, and how many
// directions of the parameters move the state at all.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <utility>
#include <vector>

#include "compiler/circuit/dense.h"

namespace qiln::circuit {

/// (operand, element)
using Variables = std::vector<std::pair<std::int32_t, std::int64_t>>;

/// 4 Re(<d_i psi|d_j psi> - <d_i psi|psi><psi|d_j psi>), row-major over the variables, of the state that the circuit
/// prepares (without channels).
std::vector<double> quantum_fisher_information(const Circuit& circuit, const OperandValues& values,
                                               const Variables& variables);
/// Of a symmetric positive semidefinite matrix: pivots of its Cholesky factorisation that exceed 1e-9 of the largest
/// diagonal element.
int rank(std::vector<double> matrix);

struct Trainability {
  int initialisations = 0;
  std::vector<double> variance;  // one a variable: of d(result)/d(variable), a mean over the results
  int rank = 0;                  // of the quantum Fisher information, the largest at a few points
};

/// Amplitude updates that `trainability` may spend: some seconds.
inline constexpr double most_trainability_work = 1e9;
/// Of one initialisation, all results.
double trainability_work(const Circuit& circuit, const Variables& variables);

/// Points are drawn by `draw`, as many as fit in the work allowed (8 to 256). The circuit has no channels.
Trainability trainability(const Circuit& circuit, const Variables& variables,
                          const std::function<OperandValues(std::mt19937_64&)>& draw);

}  // namespace qiln::circuit
