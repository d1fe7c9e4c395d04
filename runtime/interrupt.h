// Ctrl-C as a flag: long loops ask between steps, save and leave in order.
#pragma once

namespace qiln {

/// While one lives, the first SIGINT, SIGTERM or SIGHUP (unless it is ignored, as under nohup) sets a flag, and a
/// second ends the process at once with the status of that signal; writing to a closed pipe is an error and no signal.
/// The handlers of before come back at the end. One at a time.
class InterruptGuard {
 public:
  InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  ~InterruptGuard();
};

/// Whether a signal has come since the guard was made.
bool interrupted();

}  // namespace qiln
