#include "runtime/report/tensorboard.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <system_error>

#include "dsl/error.h"
#include "runtime/files.h"

namespace qiln::report {
namespace {

constexpr std::array<std::uint32_t, 256> crc_table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ (value & 1 ? 0x82f63b78u : 0u);
    table[byte] = value;
  }
  return table;
}();

template <class T>
std::string little_endian(T value) {
  std::string bytes(sizeof(T), '\0');
  for (std::size_t i = 0; i < sizeof(T); ++i) bytes[i] = static_cast<char>(value >> (8 * i));
  return bytes;
}

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 128; value >>= 7) bytes += static_cast<char>(value | 128);
  return bytes += static_cast<char>(value);
}

// Fields of protocol buffers: a key of number and wire type, then the value.
std::string integer(int field, std::int64_t value) {
  return varint(field << 3) + varint(static_cast<std::uint64_t>(value));
}
std::string bytes(int field, std::string_view value) {
  return varint(field << 3 | 2) + varint(value.size()) + std::string(value);
}
std::string float64(int field, double value) {
  return varint(field << 3 | 1) + little_endian(std::bit_cast<std::uint64_t>(value));
}
std::string float32(int field, float value) {
  return varint(field << 3 | 5) + little_endian(std::bit_cast<std::uint32_t>(value));
}

std::string event(double time, std::int64_t step, const std::string& what) {
  return float64(1, time) + (step == 0 ? "" : integer(2, step)) + what;  // zeros are left out, as by protobuf
}

std::string summary(std::string_view tag, const std::string& value) {
  return bytes(5, bytes(1, bytes(1, tag) + value));
}

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t value = ~0u;
  for (const char c : bytes) value = (value >> 8) ^ crc_table[(value ^ static_cast<unsigned char>(c)) & 255];
  return ~value;
}

std::uint32_t masked_crc32c(std::string_view bytes) { return std::rotr(crc32c(bytes), 15) + 0xa282ead8u; }

std::string tf_record(std::string_view data) {
  const std::string length = little_endian<std::uint64_t>(data.size());
  return length + little_endian(masked_crc32c(length)) + std::string(data) + little_endian(masked_crc32c(data));
}

std::string version_event(double time) { return event(time, 0, bytes(3, "brain.Event:2")); }

std::string start_event(double time, std::int64_t step) {
  constexpr int session_log = 7, status = 1, start = 1;
  return event(time, step, bytes(session_log, integer(status, start)));
}

std::string scalar_event(double time, std::int64_t step, std::string_view tag, float value) {
  return event(time, step, summary(tag, float32(2, value)));
}

std::string image_event(double time, std::int64_t step, std::string_view tag, std::string_view png, std::int64_t height,
                        std::int64_t width, std::int64_t channels) {
  return event(time, step,
               summary(tag, bytes(4, integer(1, height) + integer(2, width) + integer(3, channels) + bytes(4, png))));
}

EventFile::EventFile(const std::filesystem::path& folder, std::int64_t first_step) {
  make_folder(folder);
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  const double time = now();
  path_ = folder /
          fmt::format("events.out.tfevents.{:010}.{}.{}", static_cast<std::int64_t>(time), host.data(), ::getpid());
  fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd_ < 0)
    throw Error(fmt::format("cannot write `{}`: {}", path_.string(), std::generic_category().message(errno)));
  append(version_event(time));
  append(start_event(time, first_step));
}

EventFile::~EventFile() {
  if (fd_ >= 0) ::close(fd_);
}

void EventFile::scalar(std::int64_t step, std::string_view tag, double value) {
  append(scalar_event(now(), step, tag, static_cast<float>(value)));
}

void EventFile::image(std::int64_t step, std::string_view tag, std::string_view png, std::int64_t height,
                      std::int64_t width, std::int64_t channels) {
  append(image_event(now(), step, tag, png, height, width, channels));
}

void EventFile::append(const std::string& event) {
  const std::string record = tf_record(event);
  for (std::string_view rest = record; !rest.empty();) {
    const ssize_t n = ::write(fd_, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0)
      throw Error(fmt::format("cannot append to `{}`: {}", path_.string(), std::generic_category().message(errno)));
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace qiln::report
