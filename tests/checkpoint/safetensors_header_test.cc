#include "checkpoint/safetensors_header.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/error.h"
#include "scratch.h"

namespace qkv::checkpoint {
namespace {

SafetensorsHeader read_header(const std::string& bytes) {
  const tests::Scratch scratch;
  tests::write_bytes(scratch / "x", bytes);
  return read_safetensors_header(base::InputFile(scratch / "x"));
}

std::string file_with(const std::string& header, std::size_t data) {
  return base::little_endian(std::uint64_t{header.size()}) + header + std::string(data, '\0');
}

TEST(SafetensorsHeader, SaysWhereValuesLie) {
  const std::string file =
      file_with(R"({"b":{"dtype":"F32","shape":[],"data_offsets":[24,28]},)"
                R"("a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
                R"("none":{"dtype":"F32","shape":[3,0],"data_offsets":[28,28]}})",
                28);
  const SafetensorsHeader header = read_header(file);
  EXPECT_EQ(header.data_begin, file.size() - 28);
  ASSERT_EQ(header.tensors.size(), 3U);
  EXPECT_EQ(header.tensors[0].name, "b");
  EXPECT_EQ(header.tensors[1].shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(header.tensors[1].end, 24U);
  EXPECT_EQ(header.tensors[2].shape, (std::vector<std::int64_t>{3, 0}));
}

// A tensor without elements takes no bytes, whatever its other sides. Their product must not
// overflow even then, since strides are computed from it.
TEST(SafetensorsHeader, RefusesSidesWhoseProductOverflows) {
  for (const char* shape : {"[0,100,100,100,100,100,100,100]", "[100,100,100,100,100,100,100,0]"}) {
    const std::string tensors =
        std::string(R"({"none":{"dtype":"F32","data_offsets":[0,0],"shape":)") + shape + "}," +
        R"("a":{"dtype":"F32","shape":[25],"data_offsets":[0,100]}})";
    EXPECT_NO_THROW(read_header(file_with(tensors, 100))) << shape;
  }
  const std::string side = "4000000000";
  const std::string wide = R"({"none":{"dtype":"F32","data_offsets":[0,0],"shape":[0,)" + side +
                           "," + side + "," + side + "]}}";
  try {
    read_header(file_with(wide, 0));
    ADD_FAILURE();
  } catch (const base::Error& error) {
    EXPECT_NE(std::string(error.what()).find("tensor \"none\": found shape"), std::string::npos);
  }
  // Since sides may be as large as the data, 1 MB is enough for an overflow.
  const std::string million =
      R"({"none":{"dtype":"F32","data_offsets":[0,0],"shape":[0,1000000,1000000,1000000,1000000]},)"
      R"("a":{"dtype":"F32","shape":[250000],"data_offsets":[0,1000000]}})";
  EXPECT_THROW(read_header(file_with(million, 1'000'000)), base::Error);
}

}  // namespace
}  // namespace qkv::checkpoint
