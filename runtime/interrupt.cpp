#include "runtime/interrupt.h"

#include <signal.h>

namespace qiln {
namespace {

volatile sig_atomic_t flag = 0;
struct sigaction old_interrupt, old_terminate;

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
  ::sigaction(SIGINT, &action, &old_interrupt);
  ::sigaction(SIGTERM, &action, &old_terminate);
}

InterruptGuard::~InterruptGuard() {
  ::sigaction(SIGINT, &old_interrupt, nullptr);
  ::sigaction(SIGTERM, &old_terminate, nullptr);
}

bool interrupted() { return flag != 0; }

}  // namespace qiln
