#include "inspect/edges/edge_map.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/format.h"
#include "inspect/tiny.h"
#include "inspect/vocabulary.h"
#include "render/heatmap/heatmap.h"
#include "scratch.h"

namespace qkv::inspect {
namespace {

using Rows = std::vector<std::vector<float>>;

Rows rows_of(base::View matrix) {
  Rows rows;
  for (std::int64_t query = 0; query < matrix.shape[0]; ++query) {
    const std::span<const float> values = matrix[query].values();
    rows.emplace_back(values.begin(), values.end());
  }
  return rows;
}

/// What the pictures must show, from the map and the taps alone.
class Expected {
 public:
  Expected(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
           const EdgeMap& map)
      : labels_(token_labels(inspection.passage, checkpoint.tokenizer)),
        causal_(checkpoint.config.model.causal()),
        title_("What “" + piece_word(checkpoint.tokenizer, map.target.piece) +
               "” (p = " + base::fixed(map.probability, 2) + ") is predicted from"),
        subtitle_(source_line(checkpoint)) {
    const HeadPlace place = costliest_head(map.effects);
    render::Heatmap attention =
        titled(base::concat("Attention of layer ", place.layer, ", head ", place.head));
    attention.weights = rows_of(inspection.taps.value(
        base::concat("layers.", place.layer, ".attention.weights"))[place.head]);
    pair = {attention, effects("Effect: cut in all heads of all layers", map.effects.all.view())};
    for (std::int64_t layer = 0; layer < 2; ++layer) {
      for (std::int64_t head = 0; head < 4; ++head)
        heads.push_back(effects(base::concat("Layer ", layer, ", head ", head),
                                map.effects.heads[layer][head]));
    }
  }

  std::string pair_drawn(const tests::Scratch& scratch, render::PictureFormat format) const {
    render::draw_heatmap_grid(pair, 2, title_, subtitle_, scratch / "expected", format);
    return base::read_file(scratch / "expected");
  }
  std::string heads_drawn(const tests::Scratch& scratch, render::PictureFormat format) const {
    render::draw_heatmap_grid(heads, 4, title_ + ": each head cut by itself", subtitle_,
                              scratch / "expected", format);
    return base::read_file(scratch / "expected");
  }

  std::vector<render::Heatmap> pair;
  std::vector<render::Heatmap> heads;

 private:
  render::Heatmap titled(const std::string& title) const {
    render::Heatmap map;
    map.title = title;
    map.query_labels = map.key_labels = labels_;
    map.causal = causal_;
    return map;
  }
  render::Heatmap effects(const std::string& title, base::View values) const {
    render::Heatmap map = titled(title);
    map.weights = rows_of(values);
    map.legend = "what the edge adds to log p (nats)";
    map.has_sign = true;
    return map;
  }

  std::vector<std::string> labels_;
  bool causal_;
  std::string title_;
  std::string subtitle_;
};

TEST(CostliestHead, HasTheEdgeWithTheGreatestEffect) {
  EdgeEffects effects;
  effects.heads = base::Array({2, 3, 2, 2});
  EXPECT_EQ(costliest_head(effects), (HeadPlace{.layer = 0, .head = 0}));
  effects.heads[0][1][1].data[0] = 0.5F;
  effects.heads[1][0][1].data[1] = -3;  // the edge hinders
  effects.heads[1][2][0].data[0] = 0.75F;
  EXPECT_EQ(costliest_head(effects), (HeadPlace{.layer = 1, .head = 2}));
}

// Equal input gives equal bytes (render/heatmap/heatmap.h), so a picture is compared as a whole.
TEST(EdgePictures, ShowTheNumbersOfTheMapAtTheirTokens) {
  for (const auto& [objective, text] :
       {std::pair(spec::Objective::kCausal, "the cat sat on"),
        std::pair(spec::Objective::kMasked, "the cat <mask> on the mat")}) {
    config::Config config = tests::tiny_config();
    config.model.objective = objective;
    const checkpoint::Checkpoint checkpoint = tests::tiny_checkpoint(config);
    const Inspection inspection = tests::inspect_text(checkpoint, text);
    const EdgeMap map = edge_map(checkpoint, inspection, 1);
    const tests::Scratch scratch;
    std::vector<std::filesystem::path> files;
    const EdgeAnalysis edges;
    write_finding(edges, edges.find(checkpoint, inspection, 1), {Artefact::kPng, Artefact::kSvg},
                  scratch / "drawn", files);
    const std::filesystem::path drawn = scratch / "drawn";
    EXPECT_EQ(files,
              (std::vector<std::filesystem::path>{drawn / "edges.png", drawn / "edges-heads.png",
                                                  drawn / "edges.svg", drawn / "edges-heads.svg"}));
    Expected expected(checkpoint, inspection, map);
    for (const auto& [format, extension] : {std::pair(render::PictureFormat::kPng, ".png"),
                                            std::pair(render::PictureFormat::kSvg, ".svg")}) {
      EXPECT_TRUE(base::read_file(drawn / ("edges" + std::string(extension))) ==
                  expected.pair_drawn(scratch, format))
          << text << extension;
      EXPECT_TRUE(base::read_file(drawn / ("edges-heads" + std::string(extension))) ==
                  expected.heads_drawn(scratch, format))
          << text << extension;
    }
    // One other number, or two heads in each other's place, would be seen.
    const auto png = render::PictureFormat::kPng;
    std::swap(expected.heads[1].weights, expected.heads[6].weights);
    EXPECT_FALSE(base::read_file(drawn / "edges-heads.png") == expected.heads_drawn(scratch, png));
    expected.pair[1].weights[3][1] += 1;
    EXPECT_FALSE(base::read_file(drawn / "edges.png") == expected.pair_drawn(scratch, png));
  }
}

}  // namespace
}  // namespace qkv::inspect
