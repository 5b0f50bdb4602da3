#include "render/svg_ids.h"

#include <gtest/gtest.h>

namespace qkv::render {
namespace {

TEST(RenumberSvgIds, NamesByFirstAppearance) {
  const std::string svg = R"svg(<a id="surface17"/><use xlink:href="#glyph3-1"/>
<g clip-path="url(#clip9)"/><b id="glyph3-1"/><c href="#surface17"/>)svg";
  EXPECT_EQ(renumber_svg_ids(svg), R"svg(<a id="i0"/><use xlink:href="#i1"/>
<g clip-path="url(#i2)"/><b id="i1"/><c href="#i0"/>)svg");
}

TEST(RenumberSvgIds, LeavesTheRestAlone) {
  for (const std::string svg :
       {"", "<p grid=\"x\" fill=\"#abc\"/>", "<p style=\"fill:url(\"/> id=\"open", "url(#open"}) {
    EXPECT_EQ(renumber_svg_ids(svg), svg);
  }
}

}  // namespace
}  // namespace qkv::render
