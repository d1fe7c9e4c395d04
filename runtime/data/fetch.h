// Published files over HTTP (libcurl).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace qiln::data {

struct FetchRequest {
  std::string name;               // of the file
  std::string md5;                // 32 hexadecimal digits
  std::vector<std::string> urls;  // tried in order
};

/// Bytes on disk, and in all; 0 while that is not known.
struct FetchState {
  std::int64_t done = 0, total = 0;
};

struct FetchOptions {
  bool replace = false;                                 // a file of that name with another checksum
  std::function<bool(const FetchState&)> told = {};     // called now and then; false stops
  std::function<void(const std::string&)> warned = {};  // what went wrong where there is still something to try
  long connect_seconds = 20, stalled_seconds = 30;      // patience
  std::chrono::milliseconds pause{1000};                // before a transfer that broke off is taken up again
  std::int64_t most_bytes = std::int64_t{1} << 30;
};

enum class Fetched { was_there, now };

/// Brings the file into `folder`, which is made if need be. Bytes go to NAME.part, which a later call continues with a
/// range request, whatever stopped the first; a part whose checksum is right becomes NAME in one step. A transfer that
/// breaks off is taken up again while it brings something; then the next address is tried. Errors are qiln::Error: no
/// address that gives the file (each with its reason), a file that is there with another checksum, a disk that is full,
/// another process that fetches the same, being stopped.
Fetched fetch(const FetchRequest& request, const std::filesystem::path& folder, const FetchOptions& options = {});

}  // namespace qiln::data
