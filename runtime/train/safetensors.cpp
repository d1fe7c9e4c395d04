#include "runtime/train/safetensors.h"

#include <Eigen/Core>
#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <limits>
#include <optional>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "dsl/error.h"
#include "runtime/files.h"

namespace qiln::train {

static_assert(std::endian::native == std::endian::little, "safetensors data is little-endian");

namespace {

using nlohmann::json;

struct TypeRow {
  ElementType type;
  std::string_view name;
  std::size_t size;
};
constexpr TypeRow types[] = {
    {ElementType::u8, "U8", 1},   {ElementType::i32, "I32", 4},   {ElementType::i64, "I64", 8},
    {ElementType::f16, "F16", 2}, {ElementType::bf16, "BF16", 2}, {ElementType::f32, "F32", 4},
    {ElementType::f64, "F64", 8},
};
constexpr std::size_t max_header = 100'000'000;  // the format's own limit
constexpr std::string_view metadata_key = "__metadata__";

template <class T>
Tensor make(std::string name, ElementType type, std::vector<std::int64_t> shape, std::span<const T> values) {
  std::int64_t elements = 1;
  for (const std::int64_t extent : shape) elements *= extent;
  assert(static_cast<std::size_t>(elements) == values.size());
  const auto bytes = std::as_bytes(values);
  return {std::move(name), type, std::move(shape), {bytes.begin(), bytes.end()}};
}

/// A tensor without its bytes yet, and where they lie in the data.
struct Entry {
  Tensor tensor;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// Turns a file's bytes into tensors; every failure names the file.
class Reader {
 public:
  Reader(const std::filesystem::path& path, std::string_view bytes) : path_(path), bytes_(bytes) {}

  TensorFile read() {
    const json header = read_header();
    TensorFile file;
    std::vector<Entry> entries;
    for (const auto& [name, value] : header.items()) {
      if (name == metadata_key) {
        read_metadata(value, file.metadata);
      } else {
        entries.push_back(read_entry(name, value));
      }
    }
    check_layout(entries);
    for (Entry& entry : entries) {
      const auto bytes = std::as_bytes(std::span(data_)).subspan(entry.begin, entry.end - entry.begin);
      entry.tensor.bytes.assign(bytes.begin(), bytes.end());
      file.tensors.push_back(std::move(entry.tensor));
    }
    return file;
  }

 private:
  [[noreturn]] void fail(std::string_view what) const {
    throw Error(fmt::format("cannot read `{}`: {}", path_.string(), what));
  }
  [[noreturn]] void fail_at(std::string_view tensor, std::string_view what) const {
    fail(fmt::format("tensor `{}` {}; the file is damaged", tensor, what));
  }

  json read_header() {
    std::uint64_t length = 0;
    if (bytes_.size() < 8) fail("it is shorter than the 8 bytes a safetensors file starts with; is it complete?");
    std::memcpy(&length, bytes_.data(), 8);
    if (length > max_header || length > bytes_.size() - 8)
      fail(fmt::format("bytes 0 to 7 give a header of {} bytes, but {} follow; is it a complete safetensors file?",
                       length, bytes_.size() - 8));
    const std::string_view text = bytes_.substr(8, length);
    data_ = bytes_.substr(8 + length);
    if (text.empty() || text.front() != '{') fail("byte 8 does not open a JSON object; is it a safetensors file?");
    std::optional<std::string> twice;
    std::vector<std::set<std::string>> keys;
    const auto watch = [&](int, json::parse_event_t event, json& value) {
      if (event == json::parse_event_t::object_start) keys.emplace_back();
      if (event == json::parse_event_t::object_end) keys.pop_back();
      if (event == json::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second)
        twice = value.get<std::string>();
      return true;
    };
    try {
      json header = json::parse(text, watch);
      if (twice) fail(fmt::format("its header has `{}` twice; the file is damaged", *twice));
      return header;
    } catch (const json::parse_error& e) {
      fail(fmt::format("its header is no JSON from byte {} on; the file is damaged", 8 + e.byte));
    }
  }

  void read_metadata(const json& entry, std::map<std::string, std::string>& out) const {
    if (!entry.is_object()) fail("`__metadata__` is no object; the file is damaged");
    for (const auto& [key, value] : entry.items()) {
      if (!value.is_string()) fail(fmt::format("`__metadata__` has no string under `{}`; the file is damaged", key));
      out.emplace(key, value.get<std::string>());
    }
  }

  Entry read_entry(const std::string& name, const json& value) const {
    const auto is_size = [](const json& item) { return item.is_number_unsigned(); };
    if (!value.is_object() || !value.contains("dtype") || !value.contains("shape") || !value.contains("data_offsets"))
      fail_at(name, "lacks `dtype`, `shape` or `data_offsets`");
    const json &dtype = value["dtype"], &shape = value["shape"], &offsets = value["data_offsets"];
    if (!shape.is_array() || !std::all_of(shape.begin(), shape.end(), is_size)) fail_at(name, "has no valid `shape`");
    if (!offsets.is_array() || offsets.size() != 2 || !is_size(offsets[0]) || !is_size(offsets[1]))
      fail_at(name, "has no valid `data_offsets`");
    const auto row = std::find_if(std::begin(types), std::end(types), [&](const TypeRow& candidate) {
      return dtype.is_string() && dtype.get_ref<const std::string&>() == candidate.name;
    });
    if (row == std::end(types))
      fail(fmt::format("tensor `{}` has type {}; U8, I32, I64, F16, BF16, F32 and F64 are read", name, dtype.dump()));
    Entry entry{.tensor = {.name = name, .type = row->type},
                .begin = offsets[0].get<std::uint64_t>(),
                .end = offsets[1].get<std::uint64_t>()};
    const std::uint64_t size = read_shape(name, shape, row->size, entry.tensor.shape);
    if (entry.begin > entry.end || entry.end > data_.size())
      fail_at(name, fmt::format("lies at [{}, {}) of {} data bytes", entry.begin, entry.end, data_.size()));
    if (entry.end - entry.begin != size)
      fail_at(name, fmt::format("has {} bytes, but its shape [{}] and type {} need {}", entry.end - entry.begin,
                                fmt::join(entry.tensor.shape, ", "), row->name, size));
    return entry;
  }

  /// Appends the extents to `out` and returns how many bytes they need.
  std::uint64_t read_shape(const std::string& name, const json& shape, std::uint64_t size,
                           std::vector<std::int64_t>& out) const {
    constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
    for (const json& item : shape) {
      const auto extent = item.get<std::uint64_t>();
      if (extent > most || (extent != 0 && size > most / extent)) fail_at(name, "has a shape that overflows");
      size *= extent;
      out.push_back(static_cast<std::int64_t>(extent));
    }
    return size;
  }

  /// Sorts by place and checks that the entries cover the data once.
  void check_layout(std::vector<Entry>& entries) const {
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      return std::tie(a.begin, a.end, a.tensor.name) < std::tie(b.begin, b.end, b.tensor.name);
    });
    std::uint64_t at = 0;
    for (const Entry& entry : entries) {
      if (entry.begin != at)
        fail_at(entry.tensor.name, fmt::format("begins at data byte {} where {} is expected", entry.begin, at));
      at = entry.end;
    }
    if (at != data_.size())
      fail(fmt::format("its tensors end at data byte {} of {}; the file is damaged", at, data_.size()));
  }

  const std::filesystem::path& path_;
  std::string_view bytes_, data_;
};

}  // namespace

std::size_t element_size(ElementType type) { return types[static_cast<std::size_t>(type)].size; }
std::string_view element_name(ElementType type) { return types[static_cast<std::size_t>(type)].name; }

std::span<const float> Tensor::floats() const {
  assert(type == ElementType::f32);
  return {reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float)};
}

std::span<const std::int64_t> Tensor::integers() const {
  assert(type == ElementType::i64);
  return {reinterpret_cast<const std::int64_t*>(bytes.data()), bytes.size() / sizeof(std::int64_t)};
}

bool is_real(ElementType type) { return type >= ElementType::f16; }

std::vector<float> Tensor::to_floats() const {
  const auto converted = [&]<class Real>(Real) {
    std::vector<float> values(bytes.size() / sizeof(Real));
    for (std::size_t i = 0; i < values.size(); ++i) {
      Real value;
      std::memcpy(&value, bytes.data() + i * sizeof(Real), sizeof(Real));
      values[i] = static_cast<float>(value);
    }
    return values;
  };
  switch (type) {
    case ElementType::f16:
      return converted(Eigen::half());
    case ElementType::bf16:
      return converted(Eigen::bfloat16());
    case ElementType::f64:
      return converted(double());
    default:
      assert(type == ElementType::f32);
      return converted(float());
  }
}

TensorView view(const Tensor& tensor) { return {tensor.name, tensor.type, tensor.shape, tensor.bytes}; }

Tensor make_tensor(std::string name, std::vector<std::int64_t> shape, std::span<const float> values) {
  return make(std::move(name), ElementType::f32, std::move(shape), values);
}
Tensor make_tensor(std::string name, std::vector<std::int64_t> shape, std::span<const std::int64_t> values) {
  return make(std::move(name), ElementType::i64, std::move(shape), values);
}
Tensor make_tensor(std::string name, std::vector<std::int64_t> shape, std::span<const std::uint8_t> values) {
  return make(std::move(name), ElementType::u8, std::move(shape), values);
}

const Tensor* TensorFile::find(std::string_view name) const {
  const auto it = std::find_if(tensors.begin(), tensors.end(), [&](const Tensor& t) { return t.name == name; });
  return it == tensors.end() ? nullptr : &*it;
}

TensorFile read_safetensors(const std::filesystem::path& path) {
  const std::string bytes = read_file(path);
  return Reader(path, bytes).read();
}

void write_safetensors(const std::filesystem::path& path, const TensorFile& file) {
  std::vector<TensorView> views;
  for (const Tensor& tensor : file.tensors) views.push_back(view(tensor));
  write_safetensors(path, views, file.metadata);
}

void write_safetensors(const std::filesystem::path& path, std::span<const TensorView> tensors,
                       const std::map<std::string, std::string>& metadata) {
  json header = json::object();
  if (!metadata.empty()) header[std::string(metadata_key)] = metadata;
  std::uint64_t at = 0;
  for (const TensorView& tensor : tensors) {
    if (tensor.name == metadata_key || header.contains(tensor.name))
      throw Error(
          fmt::format("cannot write `{}`: two entries are called `{}`; rename one", path.string(), tensor.name));
    header[tensor.name] = {{"dtype", element_name(tensor.type)},
                           {"shape", tensor.shape},
                           {"data_offsets", {at, at + tensor.bytes.size()}}};
    at += tensor.bytes.size();
  }
  std::string text = header.dump(-1, ' ', false, json::error_handler_t::replace);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const std::uint64_t length = text.size();
  std::vector<std::string_view> pieces = {{reinterpret_cast<const char*>(&length), 8}, text};
  for (const TensorView& tensor : tensors)
    pieces.emplace_back(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
  write_file_atomic(path, pieces);
}

}  // namespace qiln::train
