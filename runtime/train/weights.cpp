#include "runtime/train/weights.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace qiln::train {
namespace {

constexpr std::string_view average_prefix = "ema.";
constexpr std::array state_prefixes = {average_prefix, std::string_view("adam.m."), std::string_view("adam.v."),
                                       std::string_view("sgd.momentum.")};

const Tensor* find(std::span<const Tensor> tensors, std::string_view name) {
  const auto found = std::ranges::find(tensors, name, &Tensor::name);
  return found == tensors.end() ? nullptr : &*found;
}

/// Whether it is what training keeps beside a weight.
bool is_state(std::span<const Tensor> tensors, std::string_view name) {
  return std::ranges::any_of(state_prefixes, [&](std::string_view prefix) {
    return name.starts_with(prefix) && find(tensors, name.substr(prefix.size()));
  });
}

/// The weights of a checkpoint under their own names.
std::vector<Tensor> weights_of(std::span<const Tensor> tensors, bool averaged) {
  std::vector<Tensor> weights;
  for (const Tensor& tensor : tensors) {
    if (is_state(tensors, tensor.name)) continue;
    const Tensor* average = averaged ? find(tensors, std::string(average_prefix) + tensor.name) : nullptr;
    weights.push_back(average ? *average : tensor);
    weights.back().name = tensor.name;
  }
  return weights;
}

std::string shape_text(const graph::Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

std::string section(const char* heading, const std::vector<std::string>& lines) {
  if (lines.empty()) return "";
  return fmt::format("  {} ({}):\n    {}\n", heading, lines.size(), fmt::join(lines, "\n    "));
}

}  // namespace

std::vector<Declared> declared_parameters(const graph::Graph& network) {
  std::vector<Declared> declared;
  for (const auto& node : network.nodes)
    if (node.op == Primitive::param) declared.push_back({node.as<graph::ParamAttributes>(), node.type.shape});
  return declared;
}

Weights read_weights(const std::filesystem::path& path, std::span<const Declared> declared) {
  const TensorFile file = read_safetensors(path);
  const bool checkpoint = is_checkpoint(file);
  const std::vector<Tensor> tensors = checkpoint ? weights_of(file.tensors, true) : file.tensors;
  Weights weights;
  for (const auto& [attributes, shape] : declared) {
    const Tensor* tensor = find(tensors, attributes.path);
    if (!tensor)
      weights.missing.push_back(fmt::format("{} {}", attributes.path, shape_text(shape)));
    else if (tensor->shape != shape)
      weights.unfit.push_back(fmt::format("{}: {} in the file, {} in the model", attributes.path,
                                          shape_text(tensor->shape), shape_text(shape)));
    else if (!is_real(tensor->type))
      weights.unfit.push_back(
          fmt::format("{}: {} in the file, which is no real number", attributes.path, element_name(tensor->type)));
    else
      weights.values[attributes.path] = tensor->to_floats();
  }
  for (const Tensor& tensor : tensors)
    if (!tensor.name.ends_with("num_batches_tracked") &&
        std::ranges::none_of(declared, [&](const Declared& d) { return d.attributes.path == tensor.name; }))
      weights.extra.push_back(fmt::format("{} {}", tensor.name, shape_text(tensor.shape)));
  std::ranges::sort(weights.extra);
  return weights;
}

std::string describe(const Weights& weights) {
  return section("missing in the file", weights.missing) + section("not in the model", weights.extra) +
         section("of another shape or type", weights.unfit);
}

void write_weights(const std::filesystem::path& path, const Checkpoint& checkpoint, bool averaged) {
  // `format` is what PyTorch's loaders look for.
  write_safetensors(path, {.tensors = weights_of(checkpoint.tensors, averaged), .metadata = {{"format", "pt"}}});
}

}  // namespace qiln::train
