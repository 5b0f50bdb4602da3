#include "base/signals.h"

#include <gtest/gtest.h>

namespace qkv::base {
namespace {

void nothing(int) {}

TEST(StopSignal, NotesTheFirstOfEachAndHandlesThemAsBeforeAfterwards) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) {
    std::signal(signal, &nothing);
    std::signal(SIGPIPE, &nothing);
    {
      const StopSignal stop;
      EXPECT_EQ(stop.caught(), 0);
      std::raise(signal);
      EXPECT_EQ(stop.caught(), signal);
      for (const int other : {SIGHUP, SIGPIPE, SIGHUP, SIGPIPE}) std::raise(other);
      EXPECT_EQ(stop.caught(), signal);
    }
    // Even if the pipe closed after another signal.
    EXPECT_EQ(std::signal(SIGPIPE, SIG_DFL), SIG_IGN);
    if (signal != SIGPIPE) {
      EXPECT_EQ(std::signal(signal, SIG_DFL), &nothing);
    }
  }
}

TEST(StopSignal, WhatIsIgnoredStaysIgnored) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) {
    std::signal(signal, SIG_IGN);
    {
      const StopSignal stop;
      std::raise(signal);
      EXPECT_EQ(stop.caught(), 0);
    }
    EXPECT_EQ(std::signal(signal, SIG_DFL), SIG_IGN);
  }
}

TEST(StopSignal, ASecondRequestEndsTheProcess) {
  for (const int first : {SIGINT, SIGTERM}) {
    for (const int second : {SIGINT, SIGTERM}) {
      const auto ask_twice = [&] {
        const StopSignal stop;
        std::raise(SIGHUP);
        std::raise(first);
        std::raise(SIGPIPE);
        std::raise(second);
      };
      EXPECT_EXIT(ask_twice(), ::testing::ExitedWithCode(128 + second), "");
    }
  }
}

}  // namespace
}  // namespace qkv::base
