// ZIP archives and NumPy arrays put together by hand after their specifications, also wrong ones.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <vector>

namespace qiln::test {

inline std::string little_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

inline std::string deflated(const std::string& bytes) {
  z_stream stream = {};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

/// One entry as the archive tells it; `of` fills in what is true.
struct Entry {
  std::string name, packed;
  std::uint64_t unpacked_size = 0, packed_size = 0;
  std::uint32_t crc = 0;
  int method = 0, flags = 0;

  static Entry of(const std::string& name, const std::string& bytes, int method = 8) {
    const std::string packed = method == 8 ? deflated(bytes) : bytes;
    const auto crc = crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size()));
    return {name, packed, bytes.size(), packed.size(), static_cast<std::uint32_t>(crc), method, 0};
  }
};

/// With `wide`, sizes and offsets stand in their fields of 64 bits.
inline std::string zip(const std::vector<Entry>& entries, bool wide = false) {
  std::string bytes, directory;
  const std::uint64_t elsewhere = 0xffffffff;
  for (const Entry& e : entries) {
    const std::uint64_t offset = bytes.size();
    const auto common = [&](std::uint64_t packed, std::uint64_t unpacked) {
      return little_endian(20, 2) + little_endian(e.flags, 2) + little_endian(e.method, 2) + little_endian(0, 4) +
             little_endian(e.crc, 4) + little_endian(packed, 4) + little_endian(unpacked, 4) +
             little_endian(e.name.size(), 2);
    };
    bytes += "PK\3\4" + common(e.packed_size, e.unpacked_size) + little_endian(0, 2) + e.name + e.packed;
    std::string extra;
    if (wide)
      extra = little_endian(1, 2) + little_endian(24, 2) + little_endian(e.unpacked_size, 8) +
              little_endian(e.packed_size, 8) + little_endian(offset, 8);
    directory += "PK\1\2" + little_endian(20, 2) +
                 (wide ? common(elsewhere, elsewhere) : common(e.packed_size, e.unpacked_size)) +
                 little_endian(extra.size(), 2) + std::string(10, '\0') + little_endian(wide ? elsewhere : offset, 4) +
                 e.name + extra;
  }
  const std::uint64_t start = bytes.size();
  bytes += directory;
  if (wide)
    bytes += "PK\6\6" + little_endian(44, 8) + little_endian(0, 12) + little_endian(0, 8) +
             little_endian(entries.size(), 8) + little_endian(directory.size(), 8) + little_endian(start, 8) +
             "PK\6\7" + little_endian(0, 4) + little_endian(start + directory.size(), 8) + little_endian(1, 4);
  return bytes + "PK\5\6" + little_endian(0, 4) + little_endian(wide ? 0xffff : entries.size(), 2) +
         little_endian(wide ? 0xffff : entries.size(), 2) + little_endian(wide ? elsewhere : directory.size(), 4) +
         little_endian(wide ? elsewhere : start, 4) + little_endian(0, 2);
}

/// A header around `bytes`: `shape` as Python writes it, "(2, 3)".
inline std::string npy(const std::string& type, const std::string& shape, const std::string& bytes,
                       const std::string& fortran = "False") {
  const std::string header = "{'descr': '" + type + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }\n";
  return "\x93NUMPY" + std::string("\1\0", 2) + little_endian(header.size(), 2) + header + bytes;
}

}  // namespace qiln::test
