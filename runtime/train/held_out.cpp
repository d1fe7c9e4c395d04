#include "runtime/train/held_out.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "runtime/diffusion/objective.h"

namespace qiln::train {
namespace {

constexpr std::int64_t fewest_samples = 256;
// No step of training: its random numbers are others.
constexpr std::uint32_t step_of_random_numbers = std::numeric_limits<std::uint32_t>::max();

}  // namespace

HeldOut::HeldOut(const graph::Graph& objective, const data::Images& images, std::int64_t batch, std::uint64_t seed,
                 jit::Engine& engine, int threads)
    : images_(images),
      batch_(batch),
      seed_(seed),
      takes_labels_(diffusion::label_classes(objective).has_value()),
      has_accuracy_(objective.output(diffusion::port::accuracy) != graph::no_value),
      program_(jit::build(objective, engine, {threads, {}})) {}

Scores HeldOut::scores(const Trainer& trainer) {
  for (const auto& port : program_.program().params)
    std::ranges::copy(trainer.averaged(port.name), program_.param(port.name).begin());
  const auto count = static_cast<std::int64_t>(images_.count);
  const std::int64_t samples = (fewest_samples + count - 1) / count * count;
  const std::size_t size = images_.image_size();
  std::vector<float> batch, labels;
  double loss = 0, right = 0;
  for (std::int64_t first = 0; first < samples; first += batch_) {
    const std::int64_t here = std::min(batch_, samples - first);
    batch.resize(static_cast<std::size_t>(here) * size);
    for (std::int64_t k = 0; k < here; ++k)
      data::scale_image(images_, static_cast<std::size_t>((first + k) % count),
                        std::span(batch).subspan(k * size, size));
    program_.set_input(diffusion::port::image, batch);
    labels.clear();
    for (std::int64_t k = 0; takes_labels_ && k < here; ++k)
      labels.push_back(static_cast<float>(images_.labels[static_cast<std::size_t>((first + k) % count)]));
    if (takes_labels_) program_.set_input(diffusion::port::label, labels);
    program_.uniform_input(diffusion::port::inverse_batch)[0] = 1;
    program_.run(here, seed_, step_of_random_numbers, static_cast<std::uint32_t>(first));
    loss += program_.uniform_output(diffusion::port::loss)[0];
    if (has_accuracy_) right += program_.uniform_output(diffusion::port::accuracy)[0];
  }
  Scores scores{loss / static_cast<double>(samples), {}};
  if (has_accuracy_) scores.accuracy = right / static_cast<double>(samples);
  return scores;
}

}  // namespace qiln::train
