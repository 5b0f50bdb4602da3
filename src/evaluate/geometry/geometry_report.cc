#include "evaluate/geometry/geometry_report.h"

#include <algorithm>
#include <cmath>

#include "base/format.h"
#include "base/table.h"
#include "base/utf8.h"
#include "evaluate/cells.h"

namespace qkv::evaluate {
namespace {

/// The first names of a list, as many as fit into this many columns.
std::string few_of(const std::vector<std::string>& names, std::size_t columns) {
  std::string text;
  for (std::size_t place = 0; place < names.size(); ++place) {
    const std::string next = base::concat(text.empty() ? "" : ", ", names[place]);
    if (!text.empty() && base::display_width(text + next) > columns)
      return base::concat(text, " +", names.size() - place);
    text += next;
  }
  return text;
}

std::string percent_or_dash(double share) {
  return std::isfinite(share) ? base::fixed(share * 100, 2) + "%" : "-";
}

std::string embedding_table(const GeometryScore& score) {
  base::Table table({"embeddings", "number", "right", "at start", "chance"});
  const auto add = [&](const std::string& name, std::size_t asked, double now, double start,
                       double guessing) {
    if (asked > 0)
      table.add({name, base::with_commas(asked), percent_or_dash(now), percent_or_dash(start),
                 percent_or_dash(guessing)});
  };
  const NeighbourScore& near = score.now.neighbours;
  const NeighbourScore& near_start = score.start.neighbours;
  add("neighbours, of the listed words", near.words, near.precision.listed,
      near_start.precision.listed, near.guessing.listed);
  add("neighbours, of all words", near.words, near.precision.all, near_start.precision.all,
      near.guessing.all);
  std::size_t clustered = 0;
  for (const NeighbourScore::Cluster& cluster : near.clusters) clustered += cluster.words;
  add("purity of clusters", clustered, score.now.purity, score.start.purity,
      score.now.chance_purity);
  const AnalogyScore& solved = score.now.analogies;
  const AnalogyScore& solved_start = score.start.analogies;
  add("analogies, of the listed words", score.analogies.size(), solved.accuracy.listed,
      solved_start.accuracy.listed, solved.guessing.listed);
  add("analogies, of all words", score.analogies.size(), solved.accuracy.all,
      solved_start.accuracy.all, solved.guessing.all);
  return table.text();
}

constexpr const char* kEmbeddingLegend =
    R"(  number: how many words or analogies count.
  right: the share of them that is right.
  at start: the same before training.
  chance: the result of guessing.
  neighbours: of a word's 3 nearest words, by the cosine of centred embeddings, the share in its own
              cluster. In a cluster of fewer than 4 words, only as many as there are other words.
  purity: the share of words in the most frequent cluster of their group. Average linkage makes as
          many groups as there are clusters.
  analogies: a is to b as c is to d if d is the word nearest to b - a + c other than a, b and c.
)";

std::string start_text(const GeometryScore& score) {
  return base::concat("  start: ",
                      score.start_checkpoint.empty() ? "fresh weights from the config's seed"
                                                     : score.start_checkpoint,
                      "\n");
}

std::string skipped_text(const GeometryScore& score) {
  if (score.skipped.empty()) return {};
  return base::concat("  skipped: ", score.skipped.size(), " of ",
                      score.words + score.skipped.size(), " words and ", score.skipped_analogies,
                      " of ", score.analogies.size() + score.skipped_analogies,
                      " analogies; these words are not one piece of the tokenizer:\n  ",
                      few_of(score.skipped, 96), "\n");
}

constexpr const char* kClusterLegend =
    R"(  nearest: the number of nearest words that count for each word.
  listed: the share of them in the word's own cluster, among the listed words.
  all words: the same among all words.
)";

std::string cluster_table(const NeighbourScore& score) {
  if (score.clusters.empty()) return {};
  base::Table table(
      {"cluster", "words", "nearest", "listed", "all words", "word (wrong neighbour)"});
  for (const NeighbourScore::Cluster& cluster : score.clusters) {
    std::vector<std::string> strangers;
    for (const auto& [word, stranger] : cluster.strangers)
      strangers.push_back(base::concat(word, " (", stranger, ")"));
    const bool asked = cluster.k > 0;
    table.add({name_cell(cluster.name), base::with_commas(cluster.words), std::to_string(cluster.k),
               asked ? percent_or_dash(cluster.precision.listed) : "-",
               asked ? percent_or_dash(cluster.precision.all) : "-", few_of(strangers, 40)});
  }
  return base::concat("\n", table.text(), kClusterLegend);
}

/// The analogies with a wrong answer among the listed words.
std::vector<std::string> wrong_analogies(const GeometryScore& score) {
  std::vector<std::string> wrong;
  for (std::size_t place = 0; place < score.analogies.size(); ++place) {
    const auto& [a, b, c, d] = score.analogies[place];
    const std::string& found = score.now.analogies.answers[place].listed;
    if (found != d) wrong.push_back(base::concat(b, " - ", a, " + ", c, " = ", found, ", not ", d));
  }
  return wrong;
}

std::string wrong_text(const GeometryScore& score) {
  constexpr std::size_t kShown = 4;
  const std::vector<std::string> wrong = wrong_analogies(score);
  if (wrong.empty()) return {};
  std::string text = "\n  wrong analogies\n";
  for (std::size_t place = 0; place < std::min(kShown, wrong.size()); ++place)
    text += base::concat("  ", wrong[place], "\n");
  if (wrong.size() > kShown) text += base::concat("  and ", wrong.size() - kShown, " more\n");
  return text;
}

constexpr const char* kSenseLegend =
    R"(  A word's vectors in sentences with different senses, after each layer.
  same: the mean cosine of two sentences with the same sense.
  other: the mean cosine of two sentences with different senses.
  right: how often a vector is nearest to the mean of the other vectors of its own sense.
  at start: before training.
)";

std::string sense_table(const GeometryScore& score) {
  if (score.senses.empty()) return {};
  base::Table table({"vector after", "same", "other", "right", "same at start", "other at start",
                     "right at start"});
  const std::vector<SenseSeparation> now = mean_separation(score.senses);
  const std::vector<SenseSeparation> start = mean_separation(score.start_senses);
  for (std::size_t depth = 0; depth < now.size(); ++depth) {
    table.add({depth_name(depth), base::fixed(now[depth].same, 3), base::fixed(now[depth].other, 3),
               percent_or_dash(now[depth].accuracy), base::fixed(start[depth].same, 3),
               base::fixed(start[depth].other, 3), percent_or_dash(start[depth].accuracy)});
  }
  std::size_t sentences = 0;
  double guessing = 0;
  for (const WordSenses& word : score.senses) {
    sentences += word.sentences;
    guessing += word.guessing / static_cast<double>(score.senses.size());
  }
  return base::concat("\n", table.text(), kSenseLegend, "  ", score.senses.size(), " words in ",
                      sentences, " sentences; chance is ", percent_or_dash(guessing), "\n");
}

base::Json to_json(const Shares& shares, const Shares& start, const Shares& guessing,
                   const char* name) {
  return {{name, shares.listed},
          {base::concat(name, "_unrestricted"), shares.all},
          {"guessing", guessing.listed},
          {"guessing_unrestricted", guessing.all},
          {base::concat("start_", name), start.listed},
          {base::concat("start_", name, "_unrestricted"), start.all}};
}

base::Json neighbours_json(const GeometryScore& score) {
  const NeighbourScore& near = score.now.neighbours;
  base::Json json =
      to_json(near.precision, score.start.neighbours.precision, near.guessing, "precision");
  json["words"] = near.words;
  json["clusters"] = base::Json::object();
  for (std::size_t place = 0; place < near.clusters.size(); ++place) {
    const NeighbourScore::Cluster& cluster = near.clusters[place];
    const NeighbourScore::Cluster& start = score.start.neighbours.clusters[place];
    base::Json& entry = json["clusters"][cluster.name];
    entry = {{"words", cluster.words}, {"nearest", cluster.k}};
    const auto add = [&](const char* key, double share) {
      entry[key] = cluster.k > 0 ? base::Json(share) : base::Json();
    };
    add("precision", cluster.precision.listed);
    add("precision_unrestricted", cluster.precision.all);
    add("start_precision", start.precision.listed);
    add("start_precision_unrestricted", start.precision.all);
    entry["strangers"] = cluster.strangers;
  }
  return json;
}

base::Json analogies_json(const GeometryScore& score) {
  const AnalogyScore& solved = score.now.analogies;
  base::Json json =
      to_json(solved.accuracy, score.start.analogies.accuracy, solved.guessing, "accuracy");
  json["analogies"] = score.analogies.size();
  json["skipped"] = score.skipped_analogies;
  json["answers"] = base::Json::array();
  for (std::size_t place = 0; place < score.analogies.size(); ++place) {
    json["answers"].push_back({{"analogy", score.analogies[place]},
                               {"found", solved.answers[place].listed},
                               {"found_unrestricted", solved.answers[place].all}});
  }
  return json;
}

base::Json depths_json(const std::vector<SenseSeparation>& depths,
                       const std::vector<SenseSeparation>& start) {
  base::Json json = base::Json::array();
  for (std::size_t depth = 0; depth < depths.size(); ++depth) {
    json.push_back({{"same", depths[depth].same},
                    {"other", depths[depth].other},
                    {"accuracy", depths[depth].accuracy},
                    {"start_same", start[depth].same},
                    {"start_other", start[depth].other},
                    {"start_accuracy", start[depth].accuracy}});
  }
  return json;
}

base::Json senses_json(const GeometryScore& score) {
  base::Json json = {
      {"depths", depths_json(mean_separation(score.senses), mean_separation(score.start_senses))},
      {"words", base::Json::object()}};
  for (std::size_t place = 0; place < score.senses.size(); ++place) {
    const WordSenses& word = score.senses[place];
    json["words"][word.word] = {
        {"sentences", word.sentences},
        {"guessing", word.guessing},
        {"depths", depths_json(word.depths, score.start_senses[place].depths)}};
  }
  return json;
}

}  // namespace

std::string geometry_text(const GeometryScore& score) {
  std::string text;
  if (score.words > 0) text += base::concat(embedding_table(score), kEmbeddingLegend);
  text += base::concat(start_text(score), skipped_text(score), cluster_table(score.now.neighbours),
                       wrong_text(score), sense_table(score));
  return text;
}

base::Json geometry_json(const GeometryScore& score) {
  base::Json json = {
      {"start_checkpoint", score.start_checkpoint.empty()
                               ? base::Json()
                               : base::Json(base::replace_invalid_utf8(score.start_checkpoint))},
      {"words", score.words},
      {"skipped", score.skipped},
      {"neighbours", neighbours_json(score)},
      {"purity",
       {{"purity", score.now.purity},
        {"guessing", score.now.chance_purity},
        {"start_purity", score.start.purity},
        {"groups", score.now.groups}}},
      {"analogies", analogies_json(score)}};
  if (!score.senses.empty()) json["senses"] = senses_json(score);
  return json;
}

std::string depth_name(std::size_t depth) {
  return depth == 0 ? "embedding" : base::concat("layer ", depth - 1);
}

}  // namespace qkv::evaluate
