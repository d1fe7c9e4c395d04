// Event files of TensorBoard: TFRecords (length, masked CRC-32C, bytes, masked CRC-32C) of `Event` messages, whose
// protocol buffers are written by hand (tensorflow/core/util/event.proto, framework/summary.proto).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace qiln::report {

/// CRC-32C (Castagnoli), and as TFRecords mask it: rotated right by 15 bits, plus 0xa282ead8.
std::uint32_t crc32c(std::string_view bytes);
std::uint32_t masked_crc32c(std::string_view bytes);

/// One record around `data`.
std::string tf_record(std::string_view data);

/// Serialised events. `time` is in seconds since 1970.
std::string version_event(double time);
/// TensorBoard forgets what earlier files said from `step` on: a run that resumes says it again.
std::string start_event(double time, std::int64_t step);
std::string scalar_event(double time, std::int64_t step, std::string_view tag, float value);
/// `png` is a whole PNG file of that size; `channels` 1 or 3.
std::string image_event(double time, std::int64_t step, std::string_view tag, std::string_view png, std::int64_t height,
                        std::int64_t width, std::int64_t channels);

/// A new event file in `folder`, which is made. Failures are qiln::Error.
class EventFile {
 public:
  EventFile(const std::filesystem::path& folder, std::int64_t first_step);
  EventFile(const EventFile&) = delete;
  ~EventFile();

  void scalar(std::int64_t step, std::string_view tag, double value);
  void image(std::int64_t step, std::string_view tag, std::string_view png, std::int64_t height, std::int64_t width,
             std::int64_t channels);

 private:
  void append(const std::string& event);

  std::filesystem::path path_;
  int fd_ = -1;
};

}  // namespace qiln::report
