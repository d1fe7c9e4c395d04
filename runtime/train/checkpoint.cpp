#include "runtime/train/checkpoint.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dsl/error.h"

namespace qiln::train {
namespace {

// Keys of the metadata; `extra` keeps its own under a prefix, so that neither can shadow the other.
constexpr std::string_view format_key = "format", format_value = "qiln checkpoint 1", step_key = "step",
                           seed_key = "seed", model_key = "model", settings_key = "settings", extra_prefix = "extra.";

std::string take(std::map<std::string, std::string>& metadata, std::string_view key,
                 const std::filesystem::path& path) {
  const auto it = metadata.find(std::string(key));
  if (it == metadata.end())
    throw Error(fmt::format("cannot use `{}`: its metadata has no `{}`, so it is no checkpoint", path.string(), key));
  return std::move(it->second);
}

template <class T>
T take_number(std::map<std::string, std::string>& metadata, std::string_view key, const std::filesystem::path& path) {
  const std::string text = take(metadata, key, path);
  T value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || value < T(0))
    throw Error(fmt::format("cannot use `{}`: `{}` in its metadata is `{}`, not a count; the file is damaged",
                            path.string(), key, text));
  return value;
}

}  // namespace

void Checkpoint::add(std::string name, std::vector<std::int64_t> shape, std::span<const float> values) {
  tensors.push_back(make_tensor(std::move(name), std::move(shape), values));
}

std::span<const float> Checkpoint::values(std::string_view name, std::span<const std::int64_t> shape) const {
  const auto it = std::find_if(tensors.begin(), tensors.end(), [&](const Tensor& t) { return t.name == name; });
  if (it == tensors.end())
    throw Error(fmt::format("the checkpoint has no `{}`: it is of another model; train it anew", name), 1);
  if (!std::equal(shape.begin(), shape.end(), it->shape.begin(), it->shape.end()))
    throw Error(
        fmt::format("`{}` is [{}] in the checkpoint and [{}] in the model: the model was changed; train it anew", name,
                    fmt::join(it->shape, ", "), fmt::join(shape, ", ")),
        1);
  return it->floats();
}

void save_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
  std::map<std::string, std::string> metadata{{std::string(format_key), std::string(format_value)},
                                              {std::string(step_key), std::to_string(checkpoint.step)},
                                              {std::string(seed_key), std::to_string(checkpoint.seed)},
                                              {std::string(model_key), checkpoint.model},
                                              {std::string(settings_key), checkpoint.settings}};
  for (const auto& [key, value] : checkpoint.extra) metadata.emplace(std::string(extra_prefix) + key, value);
  std::vector<TensorView> tensors = checkpoint.lent;
  for (const Tensor& tensor : checkpoint.tensors) tensors.push_back(view(tensor));
  write_safetensors(path, tensors, metadata);
}

bool is_checkpoint(const TensorFile& file) {
  const auto format = file.metadata.find(std::string(format_key));
  return format != file.metadata.end() && format->second == format_value;
}

Checkpoint load_checkpoint(const std::filesystem::path& path) {
  TensorFile file = read_safetensors(path);
  if (const std::string format = take(file.metadata, format_key, path); format != format_value)
    throw Error(fmt::format("cannot use `{}`: its format is `{}`, this version reads `{}`", path.string(), format,
                            format_value));
  Checkpoint checkpoint{.step = take_number<std::int64_t>(file.metadata, step_key, path),
                        .seed = take_number<std::uint64_t>(file.metadata, seed_key, path),
                        .model = take(file.metadata, model_key, path),
                        .settings = take(file.metadata, settings_key, path)};
  for (auto& [key, value] : file.metadata)
    if (key.starts_with(extra_prefix)) checkpoint.extra.emplace(key.substr(extra_prefix.size()), std::move(value));
  for (const Tensor& tensor : file.tensors)
    if (tensor.type != ElementType::f32)
      throw Error(fmt::format("cannot use `{}`: its tensor `{}` is {}, not F32", path.string(), tensor.name,
                              element_name(tensor.type)));
  checkpoint.tensors = std::move(file.tensors);
  return checkpoint;
}

}  // namespace qiln::train
