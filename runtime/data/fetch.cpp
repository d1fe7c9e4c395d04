#include "runtime/data/fetch.h"

#include <curl/curl.h>

#include <cctype>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <thread>

#include <fmt/format.h>

#include "dsl/error.h"
#include "runtime/checksum.h"
#include "runtime/data/part_file.h"
#include "runtime/files.h"

namespace qiln::data {
namespace {

namespace fs = std::filesystem;

constexpr long partial = 206, range_not_satisfiable = 416;
constexpr int most_breaks = 20;

/// How one transfer ended.
struct Outcome {
  enum class End { whole, broken, refused, stopped } end = End::whole;
  std::string reason = {};
};

/// One request for what is missing of a part.
class Transfer {
 public:
  Transfer(PartFile& part, const FetchOptions& options) : part_(part), options_(options), handle_(curl_easy_init()) {
    if (!handle_) throw Error("cannot set up libcurl");
  }

  Outcome run(const std::string& url) {
    start_ = part_.size();
    const std::string range = fmt::format("{}-", start_);
    set_options(url, range);
    const CURLcode code = curl_easy_perform(handle_.get());
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status_);
    return outcome(code);
  }

 private:
  template <class T>
  void set(CURLoption option, T value) {
    curl_easy_setopt(handle_.get(), option, value);
  }

  void set_options(const std::string& url, const std::string& range) {
    set(CURLOPT_URL, url.c_str());
    if (start_ > 0) set(CURLOPT_RANGE, range.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 1L);
    set(CURLOPT_MAXREDIRS, 8L);
    set(CURLOPT_FAILONERROR, 1L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_CONNECTTIMEOUT, options_.connect_seconds);
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(CURLOPT_LOW_SPEED_TIME, options_.stalled_seconds);
    set(CURLOPT_USERAGENT, "qiln/" QILN_VERSION);
    set(CURLOPT_ERRORBUFFER, message_);
    set(CURLOPT_WRITEFUNCTION, &Transfer::on_bytes);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &Transfer::on_progress);
    set(CURLOPT_XFERINFODATA, this);
  }

  /// Errors must not pass through libcurl: they are kept, and the transfer ends.
  static std::size_t on_bytes(char* data, std::size_t, std::size_t size, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    try {
      return transfer.take({data, size}) ? size : 0;
    } catch (...) {
      transfer.thrown_ = std::current_exception();
      return 0;
    }
  }

  bool take(std::span<const char> bytes) {
    if (!began_) {
      began_ = true;
      curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status_);
      if (start_ > 0 && status_ != partial) part_.clear(), start_ = 0;  // the whole file comes, not the rest
    }
    if (part_.size() + static_cast<std::int64_t>(bytes.size()) > options_.most_bytes) return too_large_ = true, false;
    return part_.append(bytes);
  }

  static int on_progress(void* self, curl_off_t total, curl_off_t, curl_off_t, curl_off_t) {
    auto& transfer = *static_cast<Transfer*>(self);
    const FetchState state{transfer.part_.size(), total > 0 ? transfer.start_ + total : 0};
    try {
      return transfer.options_.told && !transfer.options_.told(state) ? 1 : 0;
    } catch (...) {
      transfer.thrown_ = std::current_exception();
      return 1;
    }
  }

  Outcome outcome(CURLcode code) const {
    if (thrown_) std::rethrow_exception(thrown_);
    if (!part_.failure().empty())
      throw Error(fmt::format("cannot write `{}`: {}; the {} bytes in it are kept", part_.path().string(),
                              part_.failure(), part_.size()));
    using End = Outcome::End;
    if (too_large_) return {End::refused, fmt::format("it sends more than {} bytes", options_.most_bytes)};
    switch (code) {
      case CURLE_OK:
        return {};
      case CURLE_ABORTED_BY_CALLBACK:
        return {End::stopped};
      case CURLE_HTTP_RETURNED_ERROR:
        if (status_ == range_not_satisfiable && start_ > 0) return {};  // nothing is missing; the checksum will tell
        return {End::refused, fmt::format("it answers {}", status_)};
      case CURLE_PARTIAL_FILE:
      case CURLE_RECV_ERROR:
      case CURLE_GOT_NOTHING:
      case CURLE_OPERATION_TIMEDOUT:
      case CURLE_HTTP2:
      case CURLE_HTTP2_STREAM:
        return {End::broken, message(code)};
      default:
        return {End::refused, message(code)};
    }
  }

  std::string message(CURLcode code) const { return *message_ ? message_ : curl_easy_strerror(code); }

  struct Close {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };
  PartFile& part_;
  const FetchOptions& options_;
  std::unique_ptr<CURL, Close> handle_;
  std::int64_t start_ = 0;
  long status_ = 0;
  bool began_ = false, too_large_ = false;
  char message_[CURL_ERROR_SIZE] = {};
  std::exception_ptr thrown_;
};

bool same_digits(std::string a, std::string b) {
  const auto lower = [](std::string& text) {
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  };
  lower(a), lower(b);
  return a == b;
}

[[noreturn]] void report_stop(const PartFile& part) {
  throw Error(fmt::format("stopped; `{}` keeps {} bytes, and the same command goes on from there", part.path().string(),
                          part.size()));
}

/// Tries one address until the file is whole; the reason when that does not come about.
std::optional<std::string> fetch_from(const std::string& url, const FetchRequest& request, PartFile& part,
                                      const FetchOptions& options) {
  using End = Outcome::End;
  bool afresh = part.size() == 0;
  for (int breaks = 0;;) {
    const std::int64_t before = part.size();
    const Outcome outcome = Transfer(part, options).run(url);
    if (outcome.end == End::stopped) report_stop(part);
    if (outcome.end == End::refused) return outcome.reason;
    if (outcome.end == End::broken) {
      if (part.size() <= before || ++breaks > most_breaks) return outcome.reason;
      if (options.warned) options.warned(fmt::format("{}: {}; going on at byte {}", url, outcome.reason, part.size()));
      std::this_thread::sleep_for(options.pause);
      continue;
    }
    const std::string md5 = part.md5();
    if (same_digits(md5, request.md5)) return std::nullopt;
    part.clear();
    if (afresh) return fmt::format("what it sends has the MD5 {} and not {}", md5, request.md5);
    afresh = true;  // what an earlier call left may have been at fault
  }
}

void set_up_curl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) throw Error(fmt::format("cannot set up libcurl: {}", curl_easy_strerror(code)));
}

/// Whether the file is there already. One with another checksum is an error, or is to be replaced.
bool is_there(const fs::path& path, const FetchRequest& request, bool replace) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return false;
  const std::string md5 = md5_of_file(path);
  if (same_digits(md5, request.md5)) return true;
  if (replace) return false;
  throw Error(fmt::format("`{}` is there with the MD5 {}, while the published file has {}: move it away, or say "
                          "`--replace`",
                          path.string(), md5, request.md5),
              1);
}

}  // namespace

Fetched fetch(const FetchRequest& request, const fs::path& folder, const FetchOptions& options) {
  const fs::path target = folder / request.name;
  if (is_there(target, request, options.replace)) return Fetched::was_there;
  set_up_curl();
  make_folder(folder);
  PartFile part(target);
  if (is_there(target, request, options.replace)) return part.discard(), Fetched::was_there;  // someone else's doing
  std::string reasons;
  for (std::size_t i = 0; i < request.urls.size(); ++i) {
    const auto reason = fetch_from(request.urls[i], request, part, options);
    if (!reason) {
      part.finish();
      return Fetched::now;
    }
    reasons += fmt::format("\n  {}: {}", request.urls[i], *reason);
    if (options.warned && i + 1 < request.urls.size())
      options.warned(fmt::format("{}: {}; trying the next address", request.urls[i], *reason));
  }
  const std::string kept = part.size() > 0 ? fmt::format("\n`{}` keeps {} bytes; the same command goes on from there",
                                                         part.path().string(), part.size())
                                           : "";
  if (part.size() == 0) part.discard();
  throw Error(fmt::format("cannot fetch `{}`:{}{}", request.name, reasons, kept));
}

}  // namespace qiln::data
