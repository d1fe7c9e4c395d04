#include "runtime/interrupt.h"

#include <signal.h>

#include <iterator>

namespace qiln {
namespace {

volatile sig_atomic_t flag = 0;
constexpr int stopping[] = {SIGINT, SIGTERM, SIGHUP};
struct sigaction old_actions[std::size(stopping)], old_pipe;

void on_signal(int number) {
  if (flag) {
    ::signal(number, SIG_DFL);
    ::raise(number);  // delivered when this handler returns
  }
  flag = 1;
}

}  // namespace

InterruptGuard::InterruptGuard() {
  flag = 0;
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < std::size(stopping); ++i) {
    ::sigaction(stopping[i], nullptr, &old_actions[i]);
    if (stopping[i] != SIGHUP || old_actions[i].sa_handler != SIG_IGN) ::sigaction(stopping[i], &action, nullptr);
  }
  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &old_pipe);
}

InterruptGuard::~InterruptGuard() {
  for (std::size_t i = 0; i < std::size(stopping); ++i) ::sigaction(stopping[i], &old_actions[i], nullptr);
  ::sigaction(SIGPIPE, &old_pipe, nullptr);
}

bool interrupted() { return flag != 0; }

}  // namespace qiln
