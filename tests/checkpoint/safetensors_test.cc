#include "checkpoint/safetensors.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "base/error.h"
#include "base/files.h"
#include "scratch.h"

namespace qkv::checkpoint {
namespace {

using tests::Scratch;
using tests::write_bytes;

std::string eight_bytes(std::uint64_t value) {
  std::string bytes;
  for (int place = 0; place < 8; ++place) bytes += static_cast<char>(value >> (8 * place) & 0xFF);
  return bytes;
}

/// A file with this header, unchanged, and `data` bytes of data.
std::string file_of(const std::string& header, std::size_t data) {
  return eight_bytes(header.size()) + header + std::string(data, '\0');
}

/// Reading these bytes throws an Error whose message is one short line that names the file; returns
/// the message.
std::string expect_refused(const std::string& bytes, const std::string& what) {
  const Scratch scratch;
  write_bytes(scratch / "x.safetensors", bytes);
  try {
    read_safetensors(scratch / "x.safetensors");
    ADD_FAILURE() << what << ": was accepted";
  } catch (const base::Error& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("x.safetensors"), std::string::npos) << what << ": " << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << what;
    EXPECT_LT(message.size(), 600U) << what << ": " << message.substr(0, 200);
    EXPECT_EQ(error.fault(), base::Error::Fault::kInput) << what;
    return message;
  } catch (const std::exception& error) {
    ADD_FAILURE() << what << ": another exception: " << error.what();
  }
  return {};
}

base::NamedArrays example() {
  return {{"b", {{2, 3}, {1.0F, -2.5F, 0.0F, 4.0F, 5.0F, 6.0F}}}, {"a", {{1}, {7.0F}}}};
}

TEST(Safetensors, LayoutIsTheFormatsByteByByte) {
  const Scratch scratch;
  write_safetensors(scratch / "file", saved(example()));
  const std::string header = R"({"__metadata__":{"format":"pt"},)"
                             R"("b":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
                             R"("a":{"dtype":"F32","shape":[1],"data_offsets":[24,28]}})";
  const std::string padded = header + std::string((8 - header.size() % 8) % 8, ' ');
  std::string data;
  // IEEE 754 single precision, least significant byte first.
  for (const std::uint32_t bits : {0x3F800000U, 0xC0200000U, 0x00000000U, 0x40800000U, 0x40A00000U,
                                   0x40C00000U, 0x40E00000U}) {
    data += eight_bytes(bits).substr(0, 4);
  }
  EXPECT_EQ(base::read_file(scratch / "file"), eight_bytes(padded.size()) + padded + data);
}

TEST(Safetensors, RoundTripIsExact) {
  const float infinity = std::numeric_limits<float>::infinity();
  const base::NamedArrays arrays = {
      {"specials", {{7}, {0.0F, -0.0F, infinity, -infinity, std::nanf(""), 1e-45F, 3.4e38F}}},
      {"scalar", {{}, {3.0F}}},
      {"empty", base::Array({0, 5})},
      {"näme \"with\" \\ and \n", {{1, 1, 1, 1, 2}, {1.0F, 1.0F}}},
  };
  const Scratch scratch;
  write_safetensors(scratch / "file", saved(arrays));
  const base::NamedArrays found = read_safetensors(scratch / "file");
  ASSERT_EQ(found.size(), arrays.size());
  for (std::size_t at = 0; at < found.size(); ++at) {
    EXPECT_EQ(found[at].first, arrays[at].first);
    ASSERT_EQ(found[at].second.shape, arrays[at].second.shape);
    const std::vector<float>& expected = arrays[at].second.values;
    ASSERT_EQ(found[at].second.values.size(), expected.size());
    for (std::size_t place = 0; place < expected.size(); ++place) {
      EXPECT_EQ(std::bit_cast<std::uint32_t>(found[at].second.values[place]),
                std::bit_cast<std::uint32_t>(expected[place]));
    }
  }
}

TEST(Safetensors, ReadsWhatOthersWrite) {
  const Scratch scratch;  // tensors out of order, no metadata, spaces in the header, no padding
  const std::string header =
      R"({ "y": {"shape":[1], "data_offsets":[4,8], "dtype":"F32"}, "x": {"dtype":"F32","shape":[],"data_offsets":[0,4]} })";
  write_bytes(scratch / "file", eight_bytes(header.size()) + header +
                                    eight_bytes(0x3F800000U | 0x40000000ULL << 32U));
  const base::NamedArrays found = read_safetensors(scratch / "file");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].first, "y");
  EXPECT_EQ(found[0].second.values.at(0), 2);
  EXPECT_EQ(found[1].second.values.at(0), 1);
}

TEST(Safetensors, RefusesAShapeOfNoValuesThatOverflows) {
  const auto file = [](const std::string& shape) {
    const std::string header = R"({"a":{"dtype":"F32","shape":)" + shape +
                               R"(,"data_offsets":[0,0]},)" +
                               R"("b":{"dtype":"F32","shape":[128],"data_offsets":[0,512]}})";
    return eight_bytes(header.size()) + header + std::string(512, '\0');
  };
  expect_refused(file("[0,512,512,512,512,512,512,512]"), "shape [0,512");
  const Scratch scratch;
  write_bytes(scratch / "file", file("[0,512,512]"));
  EXPECT_EQ(read_safetensors(scratch / "file")[0].second.values.size(), 0U);
}

TEST(Safetensors, RefusesEveryTruncation) {
  const Scratch scratch;
  write_safetensors(scratch / "file", saved(example()));
  const std::string bytes = base::read_file(scratch / "file");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    expect_refused(bytes.substr(0, size), "cut after " + std::to_string(size));
  }
  expect_refused(bytes + '\0', "one byte too many");
}

/// More than a page of data each.
base::NamedArrays two_pages() {
  return {{"a", {{5000}, std::vector<float>(5000, 1)}},
          {"b", {{5000}, std::vector<float>(5000, 1)}}};
}

TEST(Safetensors, AFileThatBecomesShorterIsTheRunsFault) {
  const Scratch scratch;
  // More than a page of data: what lies behind the end of a mapped file is a signal.
  write_safetensors(scratch / "file", saved(two_pages()));
  const std::uintmax_t size = std::filesystem::file_size(scratch / "file");
  for (const std::uintmax_t left :
       {size - 1, size - 20'000, size - 40'000, std::uintmax_t{9}, std::uintmax_t{0}}) {
    write_safetensors(scratch / "file", saved(two_pages()));
    const base::InputFile file(scratch / "file");
    std::filesystem::resize_file(scratch / "file", left);
    try {
      read_safetensors(file);
      ADD_FAILURE() << left;
    } catch (const base::Error& error) {
      EXPECT_EQ(error.fault(), base::Error::Fault::kRun) << left;
      EXPECT_NE(std::string(error.what())
                    .find("file: became shorter while it was read: found " + std::to_string(left) +
                          " bytes, expected at least "),
                std::string::npos)
          << error.what();
    }
  }
}

TEST(Safetensors, AFlippedHeaderBitIsRefusedOrChangesNoValue) {
  const Scratch scratch;
  write_safetensors(scratch / "file", saved(example()));
  const std::string bytes = base::read_file(scratch / "file");
  const std::size_t header_end = bytes.size() - 28;
  std::size_t refused = 0;
  for (std::size_t at = 0; at < header_end; ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ (1U << bit));
      write_bytes(scratch / "damaged", damaged);
      try {
        const base::NamedArrays found = read_safetensors(scratch / "damaged");
        ASSERT_EQ(found.size(), 2U) << at << " " << bit;
        for (std::size_t index = 0; index < 2; ++index) {
          EXPECT_EQ(found[index].second, example()[index].second) << at << " " << bit;
        }
      } catch (const base::Error&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused,
            8 * header_end * 8 / 10);  // The rest are names of tensors and the metadata.
}

TEST(Safetensors, RefusesHeaderLengthsThatDoNotFit) {
  const std::string header = R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  const std::uint64_t size = header.size();
  const auto message = [&](std::uint64_t length) {
    return expect_refused(eight_bytes(length) + header + std::string(4, '\0'),
                          "header length " + std::to_string(length));
  };
  for (const std::uint64_t inside :
       {std::uint64_t{0}, std::uint64_t{1}, size - 1, size + 1, size + 4}) {
    EXPECT_NE(message(inside).find("not JSON"), std::string::npos) << inside;
  }
  const std::uint64_t most = ~std::uint64_t{0};
  for (const std::uint64_t outside : {size + 5, std::uint64_t{100'000'001}, std::uint64_t{1} << 40U,
                                      std::uint64_t{1} << 63U, most - 7, most}) {
    EXPECT_NE(message(outside).find("found a header of"), std::string::npos) << outside;
  }
}

TEST(Safetensors, RefusesHeadersThatAreNoJsonObject) {
  for (const std::string& header :
       {std::string(), std::string("    "), std::string("{"), std::string("not json"),
        std::string("[]"), std::string("null"), std::string("3"), std::string("\"text\""),
        std::string("{} {}"), std::string("{}\0", 3), std::string("{'a':1}"),
        std::string("{\"a\xFF\":1}"), std::string("{\"a\":1e999}"), std::string(100'000, '['),
        std::string(200'000, '{'),
        "{\"a\":" + std::string(50'000, '[') + std::string(50'000, ']') + "}"}) {
    expect_refused(file_of(header, 0), "header " + header.substr(0, 20));
  }
  std::string nested;
  for (int level = 0; level < 20'000; ++level) nested += "{\"a\":";
  expect_refused(file_of(nested + "1" + std::string(20'000, '}'), 0), "nested objects");
}

std::string tensor_header(const std::string& description) { return "{\"a\":" + description + "}"; }

TEST(Safetensors, RefusesDescriptionsOfTensorsThatAreNone) {
  for (const char* description : {
           "1",
           "null",
           "[]",
           "{}",
           R"({"dtype":"F32","shape":[1]})",
           R"({"dtype":"F32","data_offsets":[0,4]})",
           R"({"shape":[1],"data_offsets":[0,4]})",
           R"({"dtype":"F16","shape":[2],"data_offsets":[0,4]})",
           R"({"dtype":"BF16","shape":[2],"data_offsets":[0,4]})",
           R"({"dtype":"F64","shape":[1],"data_offsets":[0,8]})",
           R"({"dtype":"I32","shape":[1],"data_offsets":[0,4]})",
           R"({"dtype":"f32","shape":[1],"data_offsets":[0,4]})",
           R"({"dtype":7,"shape":[1],"data_offsets":[0,4]})",
           R"({"dtype":null,"shape":[1],"data_offsets":[0,4]})",
           R"({"dtype":"F32","shape":[1],"data_offsets":[0,4],"shape":[1]})",
       }) {
    expect_refused(file_of(tensor_header(description), 4), description);
  }
}

TEST(Safetensors, RefusesOffsetsOutOfRange) {
  for (const char* offsets : {"[4,0]",
                              "[0,8]",
                              "[4,8]",
                              "[1,5]",
                              "[-4,0]",
                              "[0,-4]",
                              "[0.0,4.0]",
                              "[0,4,8]",
                              "[0]",
                              "[]",
                              "4",
                              "null",
                              "\"0,4\"",
                              "[\"0\",\"4\"]",
                              "[0,18446744073709551615]",
                              "[18446744073709551612,18446744073709551615]",
                              "[0,18446744073709551620]",
                              "[18446744073709551615,4]",
                              "[0,9223372036854775808]",
                              "[[0],[4]]",
                              "[false,true]"}) {
    expect_refused(
        file_of(tensor_header(std::string(R"({"dtype":"F32","shape":[1],"data_offsets":)") +
                              offsets + "}"),
                4),
        std::string("offsets ") + offsets);
  }
}

TEST(Safetensors, RefusesValuesBeyondTheFile) {
  for (const char* offsets : {"[0,8]", "[4,8]", "[1,5]", "[4,0]", "[0,18446744073709551615]",
                              "[18446744073709551612,18446744073709551615]"}) {
    const std::string description =
        std::string(R"({"dtype":"F32","shape":[1],"data_offsets":)") + offsets + "}";
    EXPECT_NE(expect_refused(file_of(tensor_header(description), 4), offsets)
                  .find("expected a range within the 4 bytes"),
              std::string::npos)
        << offsets;
  }
}

TEST(Safetensors, RefusesAbsurdShapes) {
  for (const char* shape : {"[2]",
                            "[0]",
                            "[-1]",
                            "[1.0]",
                            "[1e0]",
                            "[1.5]",
                            "1",
                            "null",
                            "\"1\"",
                            "[\"1\"]",
                            "[[1]]",
                            "[true]",
                            "[null]",
                            "[4294967296,4294967296]",
                            "[18446744073709551615]",
                            "[9223372036854775807,2]",
                            "[4611686018427387905]",
                            "[0,9223372036854775808]",
                            "[1,1,1,1,1,1,1,1,1]",
                            "[18446744073709551616]",
                            "[-1,-1]",
                            "[2147483648,2147483648,4]",
                            "[3037000500,3037000500]"}) {
    expect_refused(
        file_of(tensor_header(std::string(R"({"dtype":"F32","data_offsets":[0,4],"shape":)") +
                              shape + "}"),
                4),
        std::string("shape ") + shape);
  }
  std::string long_shape = "[1";
  for (int axis = 0; axis < 100'000; ++axis) long_shape += ",1";
  expect_refused(
      file_of(tensor_header(R"({"dtype":"F32","data_offsets":[0,4],"shape":)" + long_shape + "]}"),
              4),
      "100,001 axes");
  expect_refused(
      file_of(tensor_header(R"({"dtype":"F32","shape":[1],"data_offsets":)" + long_shape + "]}"),
              4),
      "100,001 offsets");
  expect_refused(file_of(tensor_header(R"({"dtype":")" + std::string(100'000, 'F') +
                                       R"(","shape":[1],"data_offsets":[0,4]})"),
                         4),
                 "a dtype of 100,000 letters");
}

TEST(Safetensors, RefusesStridesThatOverflow) {
  // The strides of [0, 1024, …] reach 2^70, although there is no element.
  const std::string rest = R"(,"rest":{"dtype":"F32","shape":[256],"data_offsets":[0,1024]}})";
  for (const char* shape :
       {"[0,1024,1024,1024,1024,1024,1024,1024]", "[1024,1024,1024,1024,1024,1024,1024,0]",
        "[1024,0,1024,1024,512,1024,1024,4]"}) {
    const std::string header = R"({"empty":{"dtype":"F32","data_offsets":[0,0],"shape":)" +
                               std::string(shape) + "}" + rest;
    EXPECT_NE(expect_refused(file_of(header, 1024), shape).find("found shape "), std::string::npos)
        << shape;
  }
  const Scratch scratch;
  write_bytes(
      scratch / "good",
      file_of(R"({"empty":{"dtype":"F32","data_offsets":[0,0],"shape":[0,1024,1024]})" + rest,
              1024));
  EXPECT_EQ(read_safetensors(scratch / "good").front().second.shape,
            (std::vector<std::int64_t>{0, 1024, 1024}));
}

// Its header holds 9 MB of JSON.
TEST(Safetensors, ReadsAHundredThousandTensors) {
  std::string header = "{";
  for (int tensor = 0; tensor < 100'000; ++tensor) {
    header += '"' + std::to_string(tensor) + R"(":{"dtype":"F32","shape":[1,1],"data_offsets":[)" +
              std::to_string(4 * tensor) + ',' + std::to_string(4 * tensor + 4) + "]},";
  }
  header.back() = '}';
  const Scratch scratch;
  write_bytes(scratch / "file", file_of(header, 400'000));
  EXPECT_EQ(read_safetensors(scratch / "file").size(), 100'000U);
}

std::string two(const std::string& first, const std::string& second) {
  return R"({"a":{"dtype":"F32","shape":[1],"data_offsets":)" + first +
         R"(},"b":{"dtype":"F32","shape":[1],"data_offsets":)" + second + "}}";
}

TEST(Safetensors, RefusesOverlapsAndGaps) {
  const Scratch scratch;
  write_bytes(scratch / "good", file_of(two("[0,4]", "[4,8]"), 8));
  EXPECT_NO_THROW(read_safetensors(scratch / "good"));
  expect_refused(file_of(two("[0,4]", "[0,4]"), 4), "the same bytes twice");
  expect_refused(file_of(two("[0,4]", "[2,6]"), 6), "overlap");
  expect_refused(file_of(two("[0,4]", "[8,12]"), 12), "gap");
  expect_refused(file_of(two("[4,8]", "[8,12]"), 12), "gap at the start");
  expect_refused(file_of(two("[0,4]", "[4,8]"), 12), "gap at the end");
  expect_refused(file_of("{}", 4), "data without tensors");
}

TEST(Safetensors, RefusesANameThatStandsTwice) {
  expect_refused(file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                         R"("a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                         8),
                 "two tensors a");
}

TEST(Safetensors, RefusesWhatIsNoFile) {
  const Scratch scratch;
  EXPECT_THROW(read_safetensors(scratch.path()), base::Error);
  EXPECT_THROW(read_safetensors(scratch / "absent"), base::Error);
  EXPECT_THROW(read_safetensors("/dev/null"), base::Error);
}

TEST(Safetensors, CorruptSizesTakeNoMemory) {
  rusage before{};
  getrusage(RUSAGE_SELF, &before);
  expect_refused(
      file_of(
          tensor_header(R"({"dtype":"F32","shape":[4000000000],"data_offsets":[0,16000000000]})"),
          4),
      "16 GB");
  expect_refused(
      file_of(tensor_header(R"({"dtype":"F32","shape":[0,1000000000],"data_offsets":[0,4]})"), 4),
      "0 × 4 GB");
  expect_refused(eight_bytes(99'999'999) + "{", "a header of 100 MB");
  rusage after{};
  getrusage(RUSAGE_SELF, &after);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 20'000) << "kilobytes";
}

TEST(Safetensors, WritingWhereItCannotFailsAsTheRunsFault) {
  const Scratch scratch;
  write_bytes(scratch / "file", "");
  for (const std::filesystem::path& path :
       {scratch / "absent" / "x", scratch / "file" / "x", scratch.path()}) {
    try {
      write_safetensors(path, saved(example()));
      ADD_FAILURE() << path;
    } catch (const base::Error& error) {
      EXPECT_EQ(error.fault(), base::Error::Fault::kRun);
    }
  }
}

}  // namespace
}  // namespace qkv::checkpoint
