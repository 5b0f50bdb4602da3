#include "base/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/format.h"
#include "base/log.h"

namespace qkv::base {
namespace {

using Clock = std::chrono::steady_clock;

bool on_terminal() {
  static const bool terminal = ::isatty(STDERR_FILENO) != 0;
  return terminal;
}

int terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

double seconds_between(Clock::time_point begin, Clock::time_point end) {
  return std::chrono::duration<double>(end - begin).count();
}

std::string amount(double value, const std::string& unit) {
  if (unit == "bytes") return human_bytes(value);
  return value < 100 ? fixed(value, 1) : with_commas(static_cast<std::uint64_t>(value));
}

}  // namespace

Progress::Progress(std::string label, std::string unit, std::uint64_t total, std::uint64_t start)
    : label_(std::move(label)),
      unit_(std::move(unit)),
      total_(total),
      start_(start),
      done_(start),
      begin_(Clock::now()),
      drawn_(begin_) {}

Progress::~Progress() { clear_line(); }

void Progress::clear_line() {
  if (on_terminal()) std::fputs("\r\x1b[K", stderr);
}

void Progress::update(std::uint64_t done, const std::string& note) {
  done_ = done;
  note_ = note;
  if (!log::shows_info()) return;
  const double pause = on_terminal() ? 0.1 : 5.0;
  const auto now = Clock::now();
  if (seconds_between(drawn_, now) < pause) return;
  drawn_ = now;
  if (on_terminal()) {
    std::fprintf(stderr, "\r%s\x1b[K", line(true).c_str());
  } else {
    std::fprintf(stderr, "%s\n", line(false).c_str());
  }
  std::fflush(stderr);
}

std::string Progress::line(bool bar) const {
  const double share = total_ == 0 ? 1.0 : static_cast<double>(done_) / static_cast<double>(total_);
  const double elapsed = seconds_between(begin_, drawn_);
  const double rate = elapsed > 0 ? static_cast<double>(done_ - start_) / elapsed : 0;
  std::string text = unit_ == "bytes"
                         ? concat(human_bytes(static_cast<double>(done_)), " of ",
                                  human_bytes(static_cast<double>(total_)))
                         : concat(with_commas(done_), "/", with_commas(total_), " ", unit_);
  text += concat("  ", amount(rate, unit_), unit_ == "bytes" ? "/s" : concat(" ", unit_, "/s"));
  if (rate > 0)
    text += concat("  ", human_seconds(static_cast<double>(total_ - done_) / rate), " left");
  if (!note_.empty()) text += "  " + note_;
  if (!bar) return concat(label_, ": ", fixed(share * 100, 0), "%  ", text);

  const int room = terminal_width() - static_cast<int>(label_.size() + text.size()) - 6;
  const int width = std::clamp(room, 0, 40);
  if (width < 5)
    return concat(label_, " ", text).substr(0, static_cast<std::size_t>(terminal_width() - 1));
  std::string cells;
  const int full = static_cast<int>(share * width);
  for (int cell = 0; cell < width; ++cell) cells += cell < full ? "━" : "─";
  return concat(label_, " ", cells, "  ", text);
}

}  // namespace qkv::base
