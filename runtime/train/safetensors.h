// The safetensors format (version as of 0.4): eight bytes with the little-endian length of a JSON header, the header
// {"name": {"dtype", "shape", "data_offsets": [begin, end]}, "__metadata__": {string: string}}, then the bytes of the
// tensors, row-major, little-endian, without holes. PyTorch's `safetensors` package reads and writes the same files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qiln::train {

enum class ElementType { u8, i32, i64, f16, bf16, f32, f64 };

std::size_t element_size(ElementType type);
/// The format's name: U8, I32, I64, F16, BF16, F32, F64.
std::string_view element_name(ElementType type);
/// f16, bf16, f32, f64.
bool is_real(ElementType type);

struct Tensor {
  std::string name;
  ElementType type = ElementType::f32;
  std::vector<std::int64_t> shape = {};
  std::vector<std::byte> bytes = {};  // row-major; element_size(type) times the product of `shape`

  /// Views of the bytes; the type must be the one named.
  std::span<const float> floats() const;
  std::span<const std::int64_t> integers() const;
  /// Of any real type, rounded to float.
  std::vector<float> to_floats() const;
};

/// A tensor whose bytes lie elsewhere.
struct TensorView {
  std::string name;
  ElementType type = ElementType::f32;
  std::vector<std::int64_t> shape = {};
  std::span<const std::byte> bytes = {};
};
TensorView view(const Tensor& tensor);

Tensor make_tensor(std::string name, std::vector<std::int64_t> shape, std::span<const float> values);
Tensor make_tensor(std::string name, std::vector<std::int64_t> shape, std::span<const std::int64_t> values);
Tensor make_tensor(std::string name, std::vector<std::int64_t> shape, std::span<const std::uint8_t> values);

struct TensorFile {
  std::vector<Tensor> tensors = {};
  std::map<std::string, std::string> metadata = {};

  /// The tensor of that name, or nullptr.
  const Tensor* find(std::string_view name) const;
};

/// Reads and checks the whole file. A header that is cut, no JSON, says a thing twice, names an unknown type, or whose
/// offsets leave the data, overlap, leave holes or disagree with a shape is a qiln::Error that names file, tensor and
/// fix. Tensors come in the order of their data.
TensorFile read_safetensors(const std::filesystem::path& path);

/// Replaces `path` atomically. Two tensors of one name, or one called `__metadata__`, is an error. Tensors are written
/// in the order given, the header padded with spaces to a multiple of eight bytes.
void write_safetensors(const std::filesystem::path& path, std::span<const TensorView> tensors,
                       const std::map<std::string, std::string>& metadata);
void write_safetensors(const std::filesystem::path& path, const TensorFile& file);

}  // namespace qiln::train
