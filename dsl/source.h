#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qiln::dsl {

/// Number of a file in its `Sources`.
using FileId = std::uint32_t;

/// A half-open range of byte offsets of one file.
struct Span {
  FileId file = 0;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

/// From the first byte of `first` to the last of `last`; both lie in one file.
Span join(Span first, Span last);

/// Counted from 1, in bytes.
struct LineColumn {
  std::size_t line = 1;
  std::size_t column = 1;
};

class SourceFile {
 public:
  SourceFile(FileId id, std::string path, std::string text);

  FileId id() const { return id_; }
  const std::string& path() const { return path_; }
  const std::string& text() const { return text_; }

  LineColumn position(std::uint32_t offset) const;
  /// The text of a line counted from 1, without its newline.
  std::string_view line(std::size_t number) const;
  std::string_view text_of(Span span) const;

 private:
  FileId id_;
  std::string path_;
  std::string text_;
  std::vector<std::uint32_t> line_begins_;
};

/// Gives the text of the file at a path; nothing when it cannot be read.
using Loader = std::function<std::optional<std::string>(const std::string& path)>;

/// Reads from the file system.
std::optional<std::string> load_from_disk(const std::string& path);

/// Every file of one compilation; ids are indices, references stay valid only until the next `add`.
class Sources {
 public:
  FileId add(std::string path, std::string text);
  const SourceFile& operator[](FileId id) const { return files_[id]; }
  std::size_t size() const { return files_.size(); }

 private:
  std::vector<SourceFile> files_;
};

}  // namespace qiln::dsl
