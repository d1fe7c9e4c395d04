// Noise that measurements of a circuit give, as a graph: an image is covered by independent draws, each of which measures
// the circuit with a number of shots; they are spread by half a shot step, so that no lattice is left, and brought to mean
// 0 and covariance 1 over the circuit's outputs.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "compiler/graph/graph.h"
#include "runtime/jit/engine.h"

namespace qiln::diffusion {

/// What a source is compared with.
enum class NoiseControl {
  none,
  gaussian,     // normal numbers with the covariance of the whitened draws, 1
  independent,  // each pixel from a draw of its own: the same distribution of pixels, and nothing between them
  tiled         // one draw for the whole image: noise of the rank of one draw
};

struct QuantumNoiseSettings {
  std::int64_t shots = 100;   // 0: exact values, without spread
  bool fixed_angles = false;  // drawn once, else new for each draw; uniform in 0..2 pi
  NoiseControl control = NoiseControl::none;
  std::uint64_t seed = 0;  // of fixed angles, the circuit's parameters and the calibration
};

/// How many places of the circuit an image of `pixels` numbers takes, when one place gives `outputs` numbers.
std::int64_t places_for(std::int64_t pixels, std::int64_t outputs, NoiseControl control);

/// What brings draws to mean 0 and covariance 1.
struct Calibration {
  std::vector<float> mean;       // [n]
  std::vector<float> whitening;  // [n, n]: covariance^(-1/2)
};

/// Draws in the circuit's own units, spread: no inputs, output "raw" [places, n]. `measured` is the circuit at that many
/// places, angles [places, m] -> [places, n], circuits lowered. Its parameters are called `noise.…` and not trained.
graph::Graph raw_draws(const graph::Graph& measured, const QuantumNoiseSettings& settings);

/// Mean and covariance of a draw in the circuit's own units, from 2^16 draws or a few more.
struct DrawMoments {
  Eigen::VectorXd mean;
  Eigen::MatrixXd covariance;
};
DrawMoments draw_moments(const graph::Graph& raw, const QuantumNoiseSettings& settings, jit::Engine& engine,
                         int threads = 0);

/// The variance of the half-step spread: a twelfth of the square of 2 / shots, the step of a mean of 1 and -1.
double spread_variance(std::int64_t shots);

/// qiln::Error (exit code 1) when the outputs span less than n dimensions but for the spread: noise of a lower rank than
/// the image destroys diffusion.
Calibration calibrate(const graph::Graph& raw, const QuantumNoiseSettings& settings, const DrawMoments& moments);

/// Noise for images of `shape`: no inputs, output "noise", calibration in the parameters `noise.mean` and
/// `noise.whitening`, whose values `parameter_values` gives.
graph::Graph whitened_noise(const graph::Graph& raw, const graph::Shape& shape, NoiseControl control);

/// The values of `noise.…` parameters by path: calibration, and the circuit's own as drawn.
std::map<std::string, std::vector<float>> parameter_values(const graph::Graph& noise, const Calibration& calibration,
                                                           const QuantumNoiseSettings& settings);

}  // namespace qiln::diffusion
