#include "runtime/report/json_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dsl/error.h"
#include "runtime/files.h"

namespace qiln::report {
namespace {

[[noreturn]] void fail(std::string_view what, const std::filesystem::path& path, int code) {
  throw Error(fmt::format("cannot {} `{}`: {}", what, path.string(), std::generic_category().message(code)));
}

/// How many bytes at the front are whole lines of steps up to `last_step`.
std::size_t valid_prefix(std::string_view text, std::int64_t last_step) {
  std::size_t kept = 0;
  for (std::size_t end; (end = text.find('\n', kept)) != std::string_view::npos; kept = end + 1) {
    const auto record = nlohmann::json::parse(text.substr(kept, end - kept), nullptr, false);
    if (!record.is_object()) continue;
    const auto step = record.find("step");
    if (step != record.end() && step->is_number() && step->get<double>() > static_cast<double>(last_step)) break;
  }
  return kept;
}

}  // namespace

std::string format_record(const LogRecord& record) {
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
  for (const auto& [key, value] : record) std::visit([&](const auto& v) { object[key] = v; }, value);
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

JsonLog::JsonLog(const std::filesystem::path& path, std::int64_t last_step) : path_(path) {
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored)) {
    const std::string text = read_file(path);
    const std::size_t kept = valid_prefix(text, last_step);
    if (kept < text.size()) {
      std::error_code code;
      std::filesystem::resize_file(path, kept, code);
      if (code) fail("shorten", path, code.value());
    }
  }
  fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd_ < 0) fail("append to", path, errno);
}

JsonLog::~JsonLog() {
  if (fd_ >= 0) ::close(fd_);
}

void JsonLog::write(const LogRecord& record) {
  const std::string line = format_record(record) + '\n';
  for (std::string_view rest = line; !rest.empty();) {
    const ssize_t n = ::write(fd_, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("append to", path_, errno);
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
}

void JsonLog::sync() {
  if (::fdatasync(fd_) != 0 && errno != EINVAL) fail("append to", path_, errno);  // EINVAL: a pipe, a terminal
}

}  // namespace qiln::report
