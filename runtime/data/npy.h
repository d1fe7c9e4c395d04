// The NPY format of NumPy (numpy.lib.format, versions 1 to 3): a magic string, a header that is a Python dictionary
// with `descr`, `fortran_order` and `shape`, then the elements.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace qiln::data {

struct NpyHeader {
  std::string type = {};  // NumPy's `descr`: "|u1", "<i8"
  std::vector<std::size_t> shape = {};
  std::size_t elements = 1;

  std::size_t element_size() const;  // bytes
};

/// Fills a buffer, or as much of it as there is; returns how much.
using ReadBytes = std::function<std::size_t(unsigned char* out, std::size_t size)>;

/// Reads the header. qiln::Error that begins with `name` when it is none, is longer than 64 KiB, has a type other than
/// integers, truth values and numbers of at most 8 bytes, is in Fortran's order, or announces more than 2^32 elements.
NpyHeader read_npy_header(const ReadBytes& read, std::string_view name);

}  // namespace qiln::data
