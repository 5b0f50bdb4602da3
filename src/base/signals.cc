#include "base/signals.h"

#include <unistd.h>

#include <csignal>

namespace qkv {
namespace {

// A handler can reach nothing but a static.
volatile std::sig_atomic_t g_caught = 0;

void note_signal(int signal) {
  if (g_caught != 0) ::_exit(128 + signal);
  g_caught = signal;
}

}  // namespace

StopSignal::StopSignal() {
  g_caught = 0;
  struct sigaction action {};
  action.sa_handler = &note_signal;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

StopSignal::~StopSignal() {
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, SIG_DFL);
}

int StopSignal::caught() const { return g_caught; }

}  // namespace qkv
