#include "dsl/source.h"

#include <algorithm>
#include <cassert>
#include <fstream>
#include <iterator>

namespace qiln::dsl {

Span join(Span first, Span last) {
  assert(first.file == last.file && "a span lies in one file");
  return {first.file, std::min(first.begin, last.begin), std::max(first.end, last.end)};
}

SourceFile::SourceFile(FileId id, std::string path, std::string text)
    : id_(id), path_(std::move(path)), text_(std::move(text)), line_begins_{0} {
  for (std::size_t i = 0; i < text_.size(); ++i)
    if (text_[i] == '\n') line_begins_.push_back(static_cast<std::uint32_t>(i + 1));
}

LineColumn SourceFile::position(std::uint32_t offset) const {
  const auto next = std::upper_bound(line_begins_.begin(), line_begins_.end(), offset);
  const auto line = static_cast<std::size_t>(next - line_begins_.begin());
  return {line, offset - line_begins_[line - 1] + 1};
}

std::string_view SourceFile::line(std::size_t number) const {
  assert(number >= 1 && number <= line_begins_.size() && "no such line");
  const std::string_view rest = std::string_view(text_).substr(line_begins_[number - 1]);
  return rest.substr(0, std::min(rest.find('\n'), rest.size()));
}

std::string_view SourceFile::text_of(Span span) const {
  assert(span.file == id_ && span.end <= text_.size() && "a span of another file");
  return std::string_view(text_).substr(span.begin, span.end - span.begin);
}

std::optional<std::string> load_from_disk(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return std::nullopt;
  std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  if (stream.bad()) return std::nullopt;
  return text;
}

FileId Sources::add(std::string path, std::string text) {
  const auto id = static_cast<FileId>(files_.size());
  files_.emplace_back(id, std::move(path), std::move(text));
  return id;
}

}  // namespace qiln::dsl
