// A log of one JSON object a line (JSONL), complete up to the last line at every moment.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace qiln::report {

using LogValue = std::variant<std::int64_t, double, std::string>;
using LogRecord = std::vector<std::pair<std::string, LogValue>>;

/// One line without its newline, keys in the order given. Infinities and NaN, which JSON lacks, become null.
std::string format_record(const LogRecord& record);

class JsonLog {
 public:
  /// Opens `path` to append, creating it. A last line that a killed writer left unfinished is cut off, and so is
  /// everything from the first line on whose `step` is above `last_step`: a run that resumes from step n passes n and
  /// writes the later steps again. Failures are qiln::Error.
  explicit JsonLog(const std::filesystem::path& path,
                   std::int64_t last_step = std::numeric_limits<std::int64_t>::max());
  JsonLog(const JsonLog&) = delete;
  ~JsonLog();

  /// Appends one line with a single write, so that readers never see half of it.
  void write(const LogRecord& record);

  /// What was written is on the disk.
  void sync();

 private:
  std::filesystem::path path_;
  int fd_ = -1;
};

}  // namespace qiln::report
