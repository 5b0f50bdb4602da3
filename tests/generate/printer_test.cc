#include "generate/printer.h"

#include <gtest/gtest.h>

#include <sstream>

#include "base/error.h"

namespace qkv::generate {
namespace {

TEST(Printer, ATerminalGetsControlCharactersEscaped) {
  EXPECT_EQ(terminal_text("a\x1b[31m\r\b\x7f é\n\tb"), "a\\x1B[31m\\x0D\\x08\\x7F é\n\tb");
  EXPECT_EQ(terminal_text("\u009b31m \u0085"), "\\x9B31m \\x85");
  EXPECT_EQ(terminal_text(std::string(1, '\0')), "\\x00");
  EXPECT_EQ(terminal_text("\x9b"), "\\x9B");
  EXPECT_EQ(terminal_text("a\u202Eb\u2028"), "a\\u{202E}b\\u{2028}");
  std::ostringstream terminal;
  Printer(terminal, /*to_terminal=*/true).print("\x1b");
  EXPECT_EQ(terminal.str(), "\\x1B");
  std::ostringstream pipe;
  Printer(pipe, /*to_terminal=*/false).print("\x1b");
  EXPECT_EQ(pipe.str(), "\x1b");
}

/// A file on a full disk with room for this many bytes.
class Full : public std::streambuf {
 public:
  explicit Full(int room) : room_(room) {}

 protected:
  int_type overflow(int_type byte) override { return room_-- > 0 ? byte : traits_type::eof(); }

 private:
  int room_;
};

TEST(Printer, FailsAtTheFirstWriteThatFails) {
  Full disk(3);
  std::ostream out(&disk);
  Printer printer(out, false);
  EXPECT_NO_THROW(printer.print("ab"));
  EXPECT_THROW(printer.print("cd"), base::Error);
  EXPECT_THROW(printer.finish(), base::Error);
}

}  // namespace
}  // namespace qkv::generate
