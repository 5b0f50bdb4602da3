#include "base/json.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/utf8.h"
#include "scratch.h"

namespace qkv::base {
namespace {

std::string message_of(std::string_view text) {
  try {
    parse_json(text, "x.json");
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    return error.what();
  }
  return "accepted";
}

TEST(Json, ReadsAndKeepsTheOrder) {
  EXPECT_EQ(parse_json(R"({"b": 1, "a": [true, null, "é"]})", "x").dump(),
            R"({"b":1,"a":[true,null,"é"]})");
  EXPECT_EQ(parse_json(" 18446744073709551615 ", "x").get<std::uint64_t>(), 18446744073709551615U);
}

TEST(Json, IsStrict) {
  for (const char* text :
       {"", "{", "[1,]", "{'a': 1}", "// no\n1", "1 2", "NaN", "Infinity", "01", "[1e999]",
        "\"\\uD800\"", "{\"a\": 1, \"a\": 2}", "{\"a\": {\"b\": 1, \"c\": 2, \"b\": 3}}",
        "\"\xFF\"", "\"a\nb\"", "tru"}) {
    EXPECT_EQ(message_of(text).rfind("x.json", 0), 0U) << text << ": " << message_of(text);
  }
  // Equal keys of different objects are no duplicates.
  EXPECT_EQ(message_of(R"([{"a": 1}, {"a": {"a": 2}}])"), "accepted");
  EXPECT_NE(message_of("{\"a\": 1,\n \"b\": }").find("byte"), std::string::npos);
}

TEST(Json, BoundsTheDepth) {
  EXPECT_EQ(message_of(std::string(90, '[') + std::string(90, ']')), "accepted");
  EXPECT_NE(message_of(std::string(200, '[') + std::string(200, ']')), "accepted");
  EXPECT_NE(message_of(std::string(1000000, '[')), "accepted");
}

// Comparing each key with all earlier ones would take hours.
TEST(Json, ReadsAnObjectOfAMillionKeys) {
  std::string text = "{";
  for (int key = 0; key < 1'000'000; ++key) text += '"' + std::to_string(key) + "\":[],";
  const Json found = parse_json(text + R"("last": {"a": 1}})", "x");
  EXPECT_EQ(found.size(), 1'000'001U);
  EXPECT_EQ(std::prev(found.end()).key(), "last");
  EXPECT_EQ(std::prev(found.end()).value().dump(), R"({"a":1})");
  EXPECT_EQ(message_of(text + R"("500000": 1})"), R"(x.json: key "500000" appears twice)");
}

TEST(Json, QuotesLittleOfWhatItFound) {
  const std::string much(1'000'000, 'a');
  for (const std::string& text :
       {much, '"' + much, '"' + much + "\x01\"", "{\"" + much + "\": 1, \"" + much + "\": 2}",
        '[' + std::string(1'000'000, '9') + "e9999]", "{\"a\" \"" + much + "\"}"}) {
    const std::string message = message_of(text);
    EXPECT_EQ(message.rfind("x.json: ", 0), 0U) << message.substr(0, 100);
    EXPECT_LT(message.size(), 350U) << message.substr(0, 100);
  }
  EXPECT_EQ(message_of("[tru]"),
            "x.json: not JSON at byte 4: parse error at line 1, column 5: syntax error while "
            "parsing value - invalid literal; last read: \"[tru]\"");
  EXPECT_EQ(message_of("[1e999]"), "x.json: not JSON at byte 5: number overflow parsing \"1e999\"");
}

TEST(Json, ReadsFiles) {
  const tests::Scratch scratch;
  write_file(scratch / "a.json", "[1]");
  EXPECT_EQ(read_json(scratch / "a.json")[0], 1);
  write_file(scratch / "b.json", "[1");
  EXPECT_THROW(read_json(scratch / "b.json"), Error);
  EXPECT_THROW(read_json(scratch / "absent.json"), Error);
}

/// The message of read_json_lines for a file with these bytes, without the folder.
std::string lines_of(const std::string& bytes) {
  const tests::Scratch scratch;
  write_file(scratch / "x.jsonl", bytes);
  const std::string folder = scratch.path().string() + '/';
  std::string seen;
  try {
    read_json_lines(scratch / "x.jsonl", [&](const JsonLine& line) {
      EXPECT_EQ(line.where.rfind(folder, 0), 0U) << line.where;
      seen += line.where.substr(folder.size()) + ' ' + line.value.dump() + '<' + line.text + ">;";
    });
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_EQ(message.rfind(folder, 0), 0U) << message;
    seen += message.substr(folder.size());
  }
  return seen;
}

TEST(Json, RefusesAFileAboveTheLimit) {
  const tests::Scratch scratch;
  for (const std::uint64_t limit : {file_limit::kJson, file_limit::kJsonLines}) {
    write_file(scratch / "giant", "");
    std::filesystem::resize_file(scratch / "giant", limit + 1);
    try {
      if (limit == file_limit::kJson) {
        read_json(scratch / "giant");
      } else {
        read_json_lines(scratch / "giant", [](const JsonLine&) {});
      }
      ADD_FAILURE();
    } catch (const Error& error) {
      const std::string expected = "bytes, expected at most " + std::to_string(limit);
      EXPECT_NE(std::string(error.what()).find(expected), std::string::npos) << error.what();
    }
  }
}

TEST(JsonLines, NamesFileAndLineAndSkipsBlankOnes) {
  EXPECT_EQ(lines_of(""), "");
  EXPECT_EQ(lines_of("\n \t\r\n"), "");
  EXPECT_EQ(lines_of("{\"a\": 1}\n\n \r\n[2]\r\n3"),
            "x.jsonl:1 {\"a\":1}<{\"a\": 1}>;x.jsonl:4 [2]<[2]\r>;x.jsonl:5 3<3>;");
}

TEST(JsonLines, RefusesWhatIsNeitherJsonNorUtf8) {
  // The lines before the wrong one were passed on.
  EXPECT_EQ(lines_of("1\n\n{\n2").rfind("x.jsonl:1 1<1>;x.jsonl:3: not JSON at byte 1", 0), 0U);
  EXPECT_EQ(lines_of("1\n\"\xFF\"\n").rfind("x.jsonl: not UTF-8 at byte 3", 0), 0U);
  const tests::Scratch scratch;
  EXPECT_THROW(read_json_lines(scratch / "absent.jsonl", [](const JsonLine&) {}), Error);
}

TEST(JsonLines, LetsThroughWhatTheTakerThrows) {
  const tests::Scratch scratch;
  write_file(scratch / "x.jsonl", "1\n2\n3\n");
  int taken = 0;
  const auto take = [&](const JsonLine& line) {
    ++taken;
    if (line.value == 2) throw Error("two");
  };
  EXPECT_THROW(read_json_lines(scratch / "x.jsonl", take), Error);
  EXPECT_EQ(taken, 2);
}

// The parser quotes what it read last, whatever bytes this holds.
TEST(Json, MessagesAreOneReadableLine) {
  for (const std::string& text :
       {std::string("{\"a\xFF\": 1}"), std::string("[1, \x1b[0m\n\x9b]"),
        std::string("\"\xE2\x28\xA1"), "[" + std::string(100'000, 'x') + "]",
        "\"" + std::string(100'000, '\xAA') + "\""}) {
    try {
      parse_json(text, "x.json");
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      const std::string message = error.what();
      EXPECT_FALSE(find_invalid_utf8(message)) << message;
      EXPECT_NO_THROW(require_printable(message, "message"));
      EXPECT_LT(message.size(), 300U);
    }
  }
}

TEST(Json, PrintedForAPersonHasNoControlCharacters) {
  // U+0000, a newline, U+007F, C1, a line separator, bidirectional ones; and characters around
  // them.
  const std::string text =
      std::string("\0", 1) +
      "\n\x7F\u009B\u2028\u2029\u202A\u202E\u2066\u2069\u00A0\u2027\u202F\\\"日🙂";
  const Json value = {{text, {1, text}}, {"empty", Json::object()}};
  const std::string printed = printable_json(value);
  for (std::size_t offset = 0; offset < printed.size();) {
    const auto [code, size] = *decode_utf8(printed, offset);
    EXPECT_TRUE(code == '\n' || !is_control(code)) << offset;
    offset += size;
  }
  EXPECT_EQ(parse_json(printed, "printed"), value);
  EXPECT_EQ(printable_json({{"é\u009B", "\u202Ex"}}), "{\n  \"é\\u009b\": \"\\u202ex\"\n}");
  EXPECT_EQ(printable_json("a\xFFz"), "\"a\uFFFDz\"");
}

}  // namespace
}  // namespace qkv::base
