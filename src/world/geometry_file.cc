#include "world/geometry_file.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/format.h"
#include "config/schema.h"
#include "world/span.h"

namespace qkv::world {
namespace {

void require_in_one_cluster(const std::vector<WordCluster>& clusters, const std::string& file) {
  constexpr std::size_t kMostWords = 5000;  // each is compared with each other
  std::map<std::string, std::string> known;
  for (const WordCluster& cluster : clusters) {
    for (const std::string& word : cluster.words) {
      const auto [place, added] = known.emplace(word, cluster.name);
      if (added) continue;
      throw base::Error(base::concat(
          file, ": clusters.", config::shown_key(cluster.name), ": found ", base::quoted(word),
          place->second == cluster.name ? " twice" : ", which is also in ",
          place->second == cluster.name ? "" : base::quoted(place->second),
          ", expected each word once"));
    }
  }
  if (known.size() > kMostWords) {
    throw base::Error(base::concat(file, ": clusters: found ", known.size(),
                                   " words, expected at most ", kMostWords));
  }
}

std::array<std::string, 4> analogy_of(const base::Json& node, const std::string& where) {
  auto analogy = node.get<std::array<std::string, 4>>();
  for (std::size_t place = 1; place < analogy.size(); ++place) {
    const auto* end = analogy.cbegin() + static_cast<std::ptrdiff_t>(place);
    if (std::find(analogy.cbegin(), end, *end) != end) {
      throw base::Error(base::concat(where, ": found ", base::quoted(*end),
                                     " twice, expected four different words"));
    }
  }
  return analogy;
}

SenseSentence sentence_of(const std::string& word, const std::string& sense, const base::Json& node,
                          const std::string& where) {
  SenseSentence sentence{.word = word, .sense = sense, .text = node["text"], .span = {}};
  sentence.span = read_span(node, sentence.text, where);
  const auto& [begin, end] = sentence.span;
  const std::string held = sentence.text.substr(begin, end - begin);
  if (held != word) {
    throw base::Error(base::concat(where, ": found ", base::quoted(held), " in the span ", begin,
                                   " to ", end, ", expected ", base::quoted(word)));
  }
  return sentence;
}

}  // namespace

Geometry geometry_of(const base::Json& json, const std::string& where) {
  Geometry geometry{.clusters = {}, .analogies = {}, .senses = {}, .where = where};
  static const config::Schema schema(geometry_schema(), "data/world/geometry.schema.json");
  schema.check(json, "", where);
  for (const auto& [name, words] : json["clusters"].items())
    geometry.clusters.push_back({.name = name, .words = words});
  require_in_one_cluster(geometry.clusters, where);
  for (const base::Json& node : json["analogies"]) {
    geometry.analogies.push_back(
        analogy_of(node, base::concat(where, ": analogies[", geometry.analogies.size(), "]")));
  }
  const base::Json words = json.value("senses", base::Json::object());
  for (const auto& [word, senses] : words.items()) {
    for (const auto& [sense, sentences] : senses.items()) {
      for (std::size_t place = 0; place < sentences.size(); ++place) {
        const std::string here = base::concat(where, ": senses.", config::shown_key(word), ".",
                                              config::shown_key(sense), "[", place, "]");
        geometry.senses.push_back(sentence_of(word, sense, sentences[place], here));
      }
    }
  }
  return geometry;
}

Geometry read_geometry(const std::filesystem::path& path) {
  Geometry geometry = geometry_of(base::read_json(path), path.string());
  if (geometry.clusters.empty() && geometry.analogies.empty() && geometry.senses.empty())
    throw base::Error(
        geometry.where +
        ": found no question, expected a cluster, an analogy or a word with two senses");
  return geometry;
}

base::Json senses_json(const std::vector<SenseSentence>& senses) {
  base::Json json = base::Json::object();
  for (const SenseSentence& sentence : senses) {
    json[sentence.word][sentence.sense].push_back(
        {{"text", sentence.text}, {"begin", sentence.span.begin}, {"end", sentence.span.end}});
  }
  return json;
}

}  // namespace qkv::world
