// The error value for what the environment does: files, memory, the machine. What the user wrote becomes a diagnostic
// instead (dsl/diagnostics.h), and bugs are assertions.
#pragma once

#include <stdexcept>
#include <string>

namespace qiln {

/// `what()` says in one line what is the case and how to mend it. `exit_code` is 1 for bad input, 2 for the
/// environment.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message, int exit_code = 2) : std::runtime_error(message), exit_code_(exit_code) {}
  int exit_code() const { return exit_code_; }

 private:
  int exit_code_;
};

}  // namespace qiln
