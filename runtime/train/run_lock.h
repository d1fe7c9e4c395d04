// One trainer a run folder.
#pragma once

#include <filesystem>

namespace qiln::train {

/// Holds `folder`/lock while it lives; the system lets go of it when the process ends, however it ends. The folder must
/// exist. Another holder is a qiln::Error that names its process.
class RunLock {
 public:
  explicit RunLock(const std::filesystem::path& folder);
  RunLock(const RunLock&) = delete;
  ~RunLock();

 private:
  int fd_ = -1;
};

}  // namespace qiln::train
