#include "runtime/data/npz_writer.h"

#include <fmt/format.h>
#include <zlib.h>

#include <cassert>
#include <cstring>
#include <limits>

#include "dsl/error.h"
#include "runtime/files.h"

namespace qiln::data {
namespace {

std::string little_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int k = 0; k < bytes; ++k) text += static_cast<char>(value >> (8 * k));
  return text;
}

std::string npy(const NamedArray& array) {
  std::string shape;
  std::int64_t count = 1;
  for (const std::int64_t extent : array.shape) {
    shape += fmt::format("{},", extent);
    count *= extent;
  }
  assert(static_cast<std::size_t>(count) == array.values.size());
  std::string header = fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}), }}", shape);
  constexpr std::size_t before = 10, alignment = 64;  // data begin at a multiple
  header.resize((before + header.size() + 1 + alignment - 1) / alignment * alignment - before - 1, ' ');
  header += '\n';
  std::string bytes = "\x93NUMPY";
  bytes += little_endian(1, 2) + little_endian(header.size(), 2) + header;
  return bytes.append(reinterpret_cast<const char*>(array.values.data()), array.values.size_bytes());
}

/// What the local header of an entry and the directory say alike (APPNOTE 4.4): version 2.0, stored, no date.
std::string description(const std::string& name, const std::string& data) {
  const auto sum = ::crc32_z(0, reinterpret_cast<const unsigned char*>(data.data()), data.size());
  constexpr int first_of_january_1980 = 0x21;
  return little_endian(20, 2) + little_endian(0, 4) + little_endian(0, 2) + little_endian(first_of_january_1980, 2) +
         little_endian(sum, 4) + little_endian(data.size(), 4) + little_endian(data.size(), 4) +
         little_endian(name.size(), 2) + little_endian(0, 2);
}

}  // namespace

void write_npz(const std::filesystem::path& path, std::span<const NamedArray> arrays) {
  std::string bytes, directory;
  for (const NamedArray& array : arrays) {
    const std::string name = array.name + ".npy", data = npy(array), about = description(name, data);
    if (bytes.size() + data.size() > std::numeric_limits<std::uint32_t>::max())
      throw Error(fmt::format("cannot write `{}`: more than 4 GiB; draw fewer samples", path.string()), 1);
    directory +=
        "PK\x01\x02" + little_endian(20, 2) + about + std::string(10, '\0') + little_endian(bytes.size(), 4) + name;
    bytes += "PK\x03\x04" + about + name + data;
  }
  const std::uint64_t start = bytes.size(), count = arrays.size();
  bytes += directory + "PK\x05\x06" + std::string(4, '\0') + little_endian(count, 2) + little_endian(count, 2) +
           little_endian(directory.size(), 4) + little_endian(start, 4) + little_endian(0, 2);
  write_file_atomic(path, bytes);
}

}  // namespace qiln::data
