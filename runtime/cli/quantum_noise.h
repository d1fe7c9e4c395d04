// The noise that the settings ask for.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/cli/model_file.h"
#include "runtime/diffusion/noise.h"
#include "runtime/diffusion/noise_source.h"
#include "runtime/report/noise_report.h"

namespace qiln::cli {

struct QuantumNoise {
  diffusion::QuantumNoiseSettings settings;
  graph::Graph raw;    // draws in the circuit's units
  graph::Graph exact;  // the same of exact values: what the angles alone give
  diffusion::NoiseSource source;
};

/// The circuit of `noise = quantum(…)` around images of a shape, circuits lowered. Nothing when the settings ask for
/// Gaussian noise, or an error was reported.
std::optional<QuantumNoise> quantum_noise(ModelFile& file, const graph::Shape& image);

/// The values of its parameters, calibrated by the draws, and where a draw's variance comes from.
struct CalibratedNoise {
  std::map<std::string, std::vector<float>> values;
  report::VarianceShares shares;
};
CalibratedNoise calibrated(const QuantumNoise& noise, jit::Engine& engine, int threads);

/// Reports a sampler that the noise's path does not allow.
void check_noise_path(ModelFile& file);

}  // namespace qiln::cli
