#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dsl/ast.h"
#include "dsl/diagnostics.h"

/// What `model`, `data`, `train`, `sample` and `eval` blocks may say. Each struct is schema, defaults and help at once:
/// a setting is one `Field` of a struct and its name in the struct's adaptation (settings_schema.cpp).
namespace qiln::dsl::settings {

/// The numbers a field takes.
struct Limits {
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
  bool open = false;  // both ends excluded
};
inline constexpr Limits any{};
inline constexpr Limits positive{0, std::numeric_limits<double>::infinity(), true};
inline constexpr Limits at_least_0{0};
inline constexpr Limits at_least_1{1};
inline constexpr Limits unit{0, 1};

/// A setting's value, what it means, and what it may be.
template <typename T>
struct Field {
  T value;
  std::string_view help;
  Limits limits = any;

  operator const T&() const { return value; }  // NOLINT: a field reads like its value
};

/// A net, circuit or `fn` by name, with the arguments given beside it: `UNet`, `cosine(s = 0.008)`.
struct Callee {
  ast::Name name;
  std::vector<ast::Argument> arguments;
};
/// The expression that was read, at the span of its name.
ast::Expr expression(const Callee& callee);

/// What the network is asked to predict: the noise, the clean image, the velocity (Salimans and Ho 2022), or the mean of
/// the image one step earlier.
enum class Prediction { noise, sample, velocity, previous };

/// Times drawn alike.
struct UniformTime {
  static constexpr std::string_view name = "uniform";
};

/// Times drawn as often as a function says; the loss makes up for nothing.
struct WeightedTime {
  static constexpr std::string_view name = "weighted";
  Field<Callee> density{{}, "how often, up to a factor, a time is drawn: a `fn` of u in 0..1"};
};

/// Independent normal pixels.
struct GaussianNoise {
  static constexpr std::string_view name = "gaussian";
};

enum class Angles { uniform, fixed };
enum class NoisePath { interpolant, markov };
enum class NoiseControl { none, gaussian, independent, tiled };

/// What shots of a circuit give, an image covered by independent draws, calibrated and whitened.
struct QuantumNoise {
  static constexpr std::string_view name = "quantum";
  Field<Callee> circuit{{}, "the circuit that is measured: angles [m] -> values [n]"};
  Field<std::int64_t> shots{100, "shots of a draw", at_least_1};
  Field<Angles> angles{Angles::uniform, "the circuit's inputs: new in 0..2 pi for each draw, or drawn once"};
  Field<double> share{1, "share of the variance that the circuit gives; the rest is Gaussian", unit};
  Field<NoisePath> path{NoisePath::interpolant, "one noise for the whole way to an image, or a new one each step"};
  Field<NoiseControl> control{NoiseControl::none,
                              "for comparison: Gaussian with its covariance, pixels with its distribution that are "
                              "independent, or one draw tiled over the image"};
};

/// Denoising diffusion.
struct Diffusion {
  static constexpr std::string_view name = "diffusion";
  Field<std::int64_t> steps{1000, "diffusion steps", {2}};
  Field<Callee> schedule{{{"cosine", {}}, {}}, "signal level over u in 0..1: a function of the prelude or of the file"};
  Field<Prediction> predict{Prediction::noise, "what the network predicts"};
  Field<Callee> loss{{{"mse", {}}, {}}, "distance of prediction and target: `mse`, `l1`, `huber` or a `fn` of the two"};
  Field<std::optional<Callee>> weight{
      {}, "weight of the squared error in the clean image over the signal-to-noise ratio, as `min_snr(5)`; unless set, "
          "each time counts alike in what is predicted"};
  Field<std::variant<UniformTime, WeightedTime>> time{{}, "how times are drawn"};
  Field<std::variant<GaussianNoise, QuantumNoise>> noise{{}, "where the noise comes from"};
  Field<double> label_dropout{0.1, "how often a label is left out, for guidance; only where the net takes one", unit};
};

/// Supervised training of a network whose numbers are the logits of the data's classes.
struct Classification {
  static constexpr std::string_view name = "classification";
  Field<Callee> loss{{{"cross_entropy", {}}, {}}, "distance of the net's result and the label's one-hot vector"};
};

enum class RegressionTarget { image, label };

/// Supervised training towards the image itself or the label as a number.
struct Regression {
  static constexpr std::string_view name = "regression";
  Field<RegressionTarget> target{RegressionTarget::image, "what the net's result is compared with"};
  Field<Callee> loss{{{"mse", {}}, {}}, "distance of the net's result and the target"};
};

struct Model {
  Field<Callee> network{{}, "the net that is trained; a diffusion's takes (image, time: []) and perhaps (label: label[K])"};
  Field<std::variant<Diffusion, Classification, Regression>> objective{{}, "what it is trained for"};
};

enum class Split { train, test };

/// MNIST digits, 28 x 28, one channel.
struct Mnist {
  static constexpr std::string_view name = "mnist";
  Field<std::vector<std::int64_t>> labels{{}, "digits to keep; all when empty", {0, 9}};
  Field<Split> split{Split::train, "which half of the set"};
};

struct Data {
  Field<std::variant<Mnist>> source{{}, "where the images come from"};
  Field<std::optional<std::int64_t>> limit{{}, "at most so many images, drawn by `seed`", at_least_1};
  Field<std::optional<std::int64_t>> held_out{
      {}, "so many of these images are kept out of training, for the held-out loss", at_least_1};
  Field<std::optional<std::int64_t>> seed{{}, "of the draw; `train.seed` unless set", at_least_0};
};

/// Adam with PyTorch's semantics.
struct Adam {
  static constexpr std::string_view name = "adam";
  Field<double> lr{1e-3, "learning rate", positive};
  Field<double> beta1{0.9, "decay of the first moment", unit};
  Field<double> beta2{0.999, "decay of the second moment", unit};
  Field<double> eps{1e-8, "added to the root of the second moment", positive};
  Field<double> weight_decay{0, "times the weight, added to the gradient", at_least_0};
};

/// Adam whose weight decay does not pass through the moments.
struct AdamW {
  static constexpr std::string_view name = "adamw";
  Field<double> lr{1e-3, "learning rate", positive};
  Field<double> beta1{0.9, "decay of the first moment", unit};
  Field<double> beta2{0.999, "decay of the second moment", unit};
  Field<double> eps{1e-8, "added to the root of the second moment", positive};
  Field<double> weight_decay{1e-2, "times learning rate and weight, taken from the weight", at_least_0};
};

/// Stochastic gradient descent with PyTorch's semantics.
struct Sgd {
  static constexpr std::string_view name = "sgd";
  Field<double> lr{1e-2, "learning rate", positive};
  Field<double> momentum{0, "decay of the sum of gradients", unit};
  Field<bool> nesterov{false, "look one momentum step ahead"};
  Field<double> weight_decay{0, "times the weight, added to the gradient", at_least_0};
};

/// The learning rate as it is.
struct ConstantRate {
  static constexpr std::string_view name = "constant";
  Field<std::int64_t> warmup{0, "steps over which the rate rises evenly to its value", at_least_0};
};

/// The learning rate falls along half a cosine.
struct CosineRate {
  static constexpr std::string_view name = "cosine";
  Field<std::int64_t> warmup{0, "steps over which the rate rises evenly to its value", at_least_0};
  Field<double> floor{0, "share of the rate that is left at the end", unit};
  Field<std::optional<std::int64_t>> steps{{}, "where the end is; `train.steps` unless set", at_least_1};
};

/// The learning rate falls by a factor every so many steps.
struct StepRate {
  static constexpr std::string_view name = "step";
  Field<std::int64_t> every{1000, "steps from one fall to the next, counted from the end of the warm-up", at_least_1};
  Field<double> factor{0.1, "what is left after each", unit};
  Field<std::int64_t> warmup{0, "steps over which the rate rises evenly to its value", at_least_0};
};

/// Parameters with a learning rate of their own.
struct Group {
  static constexpr std::string_view name = "group";
  Field<std::string> paths{"*", "pattern of parameter paths: `*` is any text, `?` one character"};
  Field<std::optional<double>> lr{{}, "learning rate; the optimizer's unless set", at_least_0};
  Field<std::optional<double>> weight_decay{{}, "weight decay; the optimizer's unless set", at_least_0};
};

struct Train {
  Field<std::int64_t> steps{1000, "optimiser steps", at_least_1};
  Field<std::int64_t> batch{32, "samples that are computed together", at_least_1};
  Field<std::int64_t> accumulate{1, "batches whose gradients are averaged into one step", at_least_1};
  Field<std::variant<Adam, AdamW, Sgd>> optimizer{{}, "how a gradient becomes a step"};
  Field<std::variant<ConstantRate, CosineRate, StepRate>> lr_schedule{{}, "how the learning rate moves"};
  Field<std::vector<Group>> groups{{}, "parameters with rates of their own; the first pattern that fits counts"};
  Field<std::optional<double>> clip{{}, "largest norm of the whole gradient; a longer one is scaled", positive};
  Field<double> ema{0.999, "decay of the averaged weights that sampling uses, after warm-up; 0 turns it off", unit};
  Field<std::int64_t> seed{0, "of everything random in a run", at_least_0};
  Field<std::int64_t> checkpoint_every{500, "steps from one checkpoint to the next", at_least_1};
  Field<std::optional<std::int64_t>> keep_every{{}, "steps from one checkpoint that is kept to the next", at_least_1};
  Field<std::int64_t> evaluate_every{500, "steps from one held-out loss to the next", at_least_1};
  Field<std::optional<std::int64_t>> patience{
      {}, "stop after so many held-out losses in a row that are no better than the best", at_least_1};
  Field<std::optional<std::int64_t>> sample_every{{}, "steps from one grid of samples to the next", at_least_1};
};

/// Ancestral sampling through every step.
struct Ddpm {
  static constexpr std::string_view name = "ddpm";
  Field<bool> clip{true, "keep the predicted image in [-1, 1]"};
};

/// Strided sampling; eta = 0 is deterministic given the first noise.
struct Ddim {
  static constexpr std::string_view name = "ddim";
  Field<std::int64_t> steps{50, "steps taken of the schedule's", at_least_1};
  Field<double> eta{0, "share of fresh noise a step", unit};
  Field<bool> clip{true, "keep the predicted image in [-1, 1]"};
};

/// DPM-Solver++(2M), deterministic and of second order (Lu et al. 2022).
struct DpmSolver {
  static constexpr std::string_view name = "dpm_solver";
  Field<std::int64_t> steps{20, "steps taken of the schedule's", at_least_1};
  Field<bool> clip{true, "keep the predicted image in [-1, 1]"};
};

/// Heun's method on the probability flow (Karras et al. 2022), deterministic and of second order: two evaluations a
/// step.
struct Heun {
  static constexpr std::string_view name = "heun";
  Field<std::int64_t> steps{20, "steps taken of the schedule's", at_least_1};
  Field<bool> clip{true, "keep the predicted image in [-1, 1]"};
};

struct Sample {
  Field<std::int64_t> count{64, "images", at_least_1};
  Field<std::variant<Ddpm, Ddim, DpmSolver, Heun>> sampler{{}, "how noise becomes an image"};
  Field<std::vector<std::int64_t>> labels{{}, "labels of the images, in turns; all classes when empty", at_least_0};
  Field<double> guidance{0, "w of classifier-free guidance: (1 + w) with the label - w without it", at_least_0};
  Field<std::optional<std::int64_t>> seed{{}, "of the noise; `train.seed` unless set", at_least_0};
};

struct Eval {
  Field<std::int64_t> count{1000, "samples that are compared with the data", at_least_1};
  Field<std::optional<std::int64_t>> seed{{}, "of the samples; `train.seed` unless set", at_least_0};
};

}  // namespace qiln::dsl::settings

namespace qiln::dsl {

struct Settings {
  settings::Model model;
  settings::Data data;
  settings::Train train;
  settings::Sample sample;
  settings::Eval eval;
};

/// The settings of a program over the defaults; a later file's blocks override an imported file's. Seeds that depend on
/// `train.seed` are filled in. Unknown blocks and keys, wrong types and values out of range are reported.
Settings read_settings(const ast::Program& program, Diagnostics& diagnostics);

/// Reports when no `model { network = … }` says what to train.
bool require_network(const Settings& settings, const ast::Program& program, Diagnostics& diagnostics);

/// Carries out `--set` arguments, each `NAME=value` for a `const` or `block.key=value` for a setting, also inside a
/// call
/// (`train.optimizer.lr=1e-4`). Values are expressions of the language. Errors point into the argument.
void apply_overrides(ast::Program& program, const std::vector<std::string>& arguments, Sources& sources,
                     Diagnostics& diagnostics);

/// A setting and what it is: a value as the language writes it, or a call and its arguments. Empty: unset.
struct ResolvedSetting {
  std::string key;
  std::string text;
  std::vector<ResolvedSetting> members = {};  // of a block, a call, or a list of calls; `text` is then the callee
};
/// Every block with every setting, those left at their defaults included.
std::vector<ResolvedSetting> resolved(const Settings& settings);

/// One row a setting, for help and documentation: block or call, key, type, default, help.
struct SettingInfo {
  std::string owner;  // "train", "adam"
  std::string key;
  std::string type;
  std::string default_text;
  std::string help;
};
std::vector<SettingInfo> setting_table();

}  // namespace qiln::dsl
