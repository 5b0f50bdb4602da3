#include "base/signals.h"

#include <unistd.h>

#include <cstddef>

namespace qkv::base {
namespace {

constexpr std::array<int, 4> kNoted = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};

// A handler can use only statics.
volatile std::sig_atomic_t g_caught = 0;
volatile std::sig_atomic_t g_asked = 0;
volatile std::sig_atomic_t g_pipe_closed = 0;

void note_signal(int signal) {
  if (g_caught == 0) g_caught = signal;
  if (signal == SIGPIPE) g_pipe_closed = 1;
  // Each write notices a closed pipe, and both the system and the shell report a lost terminal:
  // neither counts as a second request.
  if (signal == SIGPIPE || signal == SIGHUP) return;
  if (g_asked != 0) ::_exit(128 + signal);
  g_asked = 1;
}

}  // namespace

StopSignal::StopSignal() {
  g_caught = 0;
  g_asked = 0;
  g_pipe_closed = 0;
  struct sigaction action {};
  action.sa_handler = &note_signal;
  action.sa_flags = SA_RESTART;
  for (std::size_t index = 0; index < kNoted.size(); ++index) {
    ::sigaction(kNoted[index], nullptr, &before_[index]);
    if (before_[index].sa_handler != SIG_IGN) ::sigaction(kNoted[index], &action, nullptr);
  }
}

StopSignal::~StopSignal() {
  for (std::size_t index = 0; index < kNoted.size(); ++index) {
    // Later output must not end the process after its exit code was decided.
    if (kNoted[index] == SIGPIPE && g_pipe_closed != 0) before_[index].sa_handler = SIG_IGN;
    ::sigaction(kNoted[index], &before_[index], nullptr);
  }
}

int StopSignal::caught() const { return g_caught; }

}  // namespace qkv::base
