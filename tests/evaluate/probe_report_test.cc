#include "evaluate/probes/probe_report.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/utf8.h"

namespace qkv::evaluate {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

Share share_of(double share, double low, double high) {
  Share out;
  out.probes = 100;
  out.share = share;
  out.interval = {.low = low, .high = high};
  out.truth = 0.5;
  out.distractor = 0.25;
  return out;
}

FamilyScore family_score(const std::string& name) {
  const ProbeCount count{.probes = 200, .correct = 199, .unrestricted = 100, .chance = 55};
  return {
      .family = name,
      .count = count,
      .bands = {{.least = 0, .most = 5, .count = count}, {.least = 6, .most = 10, .count = count}}};
}

FamilyFindings family_findings(const std::string& name, std::size_t families,
                               const spec::ModelConfig& model) {
  const auto heads = static_cast<std::size_t>(model.layers * model.heads);
  FamilyFindings out;
  out.family = name;
  out.measured = 200;
  out.attention = {
      .way = heads - 1, .share = share_of(1, 1, 1), .all = std::vector<double>(heads, 1)};
  out.edges = share_of(0.95, 0.92, 0.97);
  out.edge_layer = {.way = 0,
                    .share = out.edges,
                    .all = std::vector<double>(static_cast<std::size_t>(model.layers), 0.5)};
  out.edge_head = out.attention;
  out.untrained_attention = {.way = 0, .share = share_of(0.234, 0, 1), .all = {}};
  out.untrained_edges = share_of(0.05, 0, 1);
  out.offset = out.word = out.untrained_attention;
  out.offset_tokens = 256;
  out.word_piece = "▁" + std::string(100, 'w');
  out.heads.single.assign(heads, 12.34);
  for (std::int64_t head = 0; head < 6; ++head)
    out.heads.group.push_back({.layer = 11, .head = 10});
  out.heads.group_on.assign(families, 99.5);
  for (const std::size_t least : {0U, 6U})
    out.bands.push_back({.least = least, .attention = out.edges, .edges = out.edges});
  return out;
}

struct Report {
  std::vector<FamilyScore> families;
  std::optional<Findings> findings;

  std::string text(const std::vector<ProbeDetail>& details = {}) const {
    return probes_text(families, findings, details);
  }
};

Report some_report(const std::vector<std::string>& names) {
  Report report;
  report.findings.emplace();
  report.findings->model.layers = 12;
  report.findings->model.heads = 12;
  for (const std::string& name : names) {
    report.families.push_back(family_score(name));
    report.findings->families.push_back(
        family_findings(name, names.size(), report.findings->model));
  }
  return report;
}

const std::vector<ProbeDetail> kAll = {ProbeDetail::kLayers, ProbeDetail::kControls,
                                       ProbeDetail::kDistance, ProbeDetail::kHeads};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST(ProbeReport, IsALineAFamily) {
  const std::vector<std::string> lines = lines_of(some_report({"reference_role", "copy"}).text());
  EXPECT_EQ(lines[0],
            "  family          right  chance   head  looks at evidence     uses the evidence   "
            "head's cost");
  EXPECT_EQ(lines[1],
            "  reference_role  99.5%     28%  11.11   23 → 100% (100–100)    5 →  95% (92–97)    "
            "     12.3");
  EXPECT_TRUE(lines[2].starts_with("  copy "));
  EXPECT_TRUE(lines[3].starts_with("  right: "));
}

TEST(ProbeReport, MarksAMapThatShowsWhatIsNotUsed) {
  Report report = some_report({"order", "agreement"});
  EXPECT_EQ(report.text().find("do not trust"), std::string::npos);
  FamilyFindings& found = report.findings->families[1];
  found.edges = share_of(0.45, 0.38, 0.52);
  EXPECT_FALSE(found.map_is_trustworthy());
  const std::string text = report.text();
  EXPECT_TRUE(lines_of(text)[2].ends_with("  !")) << text;
  EXPECT_FALSE(lines_of(text)[1].ends_with("!")) << text;
  EXPECT_NE(
      text.find(
          "! agreement: do not trust this map: evidence is looked at in 100% and used in 45%\n"),
      std::string::npos)
      << text;
  // Used, but at another place than attention shows.
  std::swap(found.edges, found.attention.share);
  EXPECT_FALSE(found.map_is_trustworthy());
  // Different, but only a little; very different, but with few probes; not measured.
  found.edges = share_of(0.92, 0.9, 0.95);
  found.attention.share = share_of(1, 1, 1);
  EXPECT_TRUE(found.map_is_trustworthy());
  found.edges = share_of(0.5, 0.1, 1);
  EXPECT_TRUE(found.map_is_trustworthy());
  found.edges = share_of(kNone, kNone, kNone);
  EXPECT_TRUE(found.map_is_trustworthy());
}

TEST(ProbeReport, FitsATerminal) {
  std::vector<std::string> names(20, "reference_meaning");
  names[0].assign(200, 'n');
  names[1] = "猫猫猫猫猫猫猫猫猫猫猫猫";
  Report whole = some_report(names);
  whole.findings->families[0].edges = share_of(0.45, 0.38, 0.52);
  Report quick = {.families = whole.families, .findings = {}};
  for (const Report* report : {&whole, &quick}) {
    for (const std::string& line : lines_of(report->text(kAll)))
      EXPECT_LE(base::display_width(line), 100U) << line;
  }
}

TEST(ProbeReport, TellsMoreOnRequest) {
  const Report report = some_report({"order", "copy"});
  const std::string whole = report.text();
  for (const ProbeDetail detail : kAll) {
    const std::string text = report.text({detail});
    EXPECT_TRUE(text.starts_with(whole + "\n  family ")) << text;
    const std::string more = text.substr(whole.size());
    EXPECT_NE(more.find("order"), std::string::npos) << more;
    EXPECT_NE(more.find("copy"), std::string::npos) << more;
  }
  EXPECT_NE(report.text({ProbeDetail::kDistance}).find("is and was in agreement"),
            std::string::npos);
  EXPECT_EQ(probe_detail("layers"), ProbeDetail::kLayers);
  EXPECT_EQ(probe_detail("heads"), ProbeDetail::kHeads);
  try {
    probe_detail("everything");
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(std::string(error.what()),
              "--detail: found \"everything\", expected layers, controls, distance or heads");
  }
}

/// The headings of a line, which are at least two spaces apart.
std::vector<std::string> headings_of(const std::string& line) {
  std::vector<std::string> headings;
  for (std::size_t begin = line.find_first_not_of(' '); begin != std::string::npos;) {
    const std::size_t end = line.find("  ", begin);
    headings.push_back(line.substr(begin, end - begin));
    begin = line.find_first_not_of(' ', end);
  }
  return headings;
}

TEST(ProbeReport, EveryColumnHasItsOwnHeadingAndALineThatExplainsIt) {
  const std::string text = some_report({"order", "copy"}).text(kAll);
  const std::set<std::string> plain = {"family", "probes", "layer"};
  std::size_t tables = 0;
  for (const std::string& line : lines_of(text)) {
    if (!line.starts_with("  family  ")) continue;
    ++tables;
    const std::vector<std::string> headings = headings_of(line);
    EXPECT_LE(headings.size(), 8U) << line;
    EXPECT_EQ(std::set<std::string>(headings.begin(), headings.end()).size(), headings.size())
        << line;
    for (const std::string& heading : headings) {
      if (plain.contains(heading)) continue;
      EXPECT_NE(text.find("\n  " + heading + ": "), std::string::npos) << heading;
    }
  }
  EXPECT_EQ(tables, 7U);
}

TEST(ProbeReport, OfAccuracyAloneHasNoAttention) {
  const Report quick = {.families = {family_score("agreement")}, .findings = {}};
  EXPECT_EQ(lines_of(quick.text())[1], "  agreement     200  99.5%     28%           50%");
  EXPECT_EQ(quick.text({ProbeDetail::kHeads}), quick.text());
  EXPECT_NE(quick.text({ProbeDetail::kDistance}), quick.text());
}

TEST(ProbeReport, ShowsFamiliesOfWhichNothingWasMeasured) {
  Report report = some_report({"order", "copy"});
  report.findings->families[0] = {};
  const std::string text = report.text(kAll);
  EXPECT_TRUE(lines_of(text)[1].starts_with("  order   99.5%     28%      -")) << text;
}

}  // namespace
}  // namespace qkv::evaluate
