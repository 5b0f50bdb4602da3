#include "world/probe.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "base/format.h"
#include "base/json.h"
#include "base/utf8.h"
#include "config/schema.h"
#include "world/span.h"

namespace qkv::world {
namespace {

base::Json to_json(const base::Span& span) { return {{"begin", span.begin}, {"end", span.end}}; }

base::Json to_json(const std::vector<base::Span>& spans) {
  base::Json json = base::Json::array();
  for (const base::Span& span : spans) json.push_back(to_json(span));
  return json;
}

base::Json to_json(const Probe& probe) {
  base::Json json = {{"id", probe.id},
                     {"family", probe.family},
                     {"text", probe.text},
                     {"predict", to_json(probe.predict)},
                     {"candidates", probe.candidates},
                     {"answer", probe.answer},
                     {"query", to_json(probe.query)},
                     {"truth", to_json(probe.truth)},
                     {"distractors", to_json(probe.distractors)},
                     {"distance", probe.distance}};
  if (!probe.held_out[0].empty())
    json["held_out"] = {{"words", probe.held_out}, {"within", probe.within}};
  return json;
}

std::vector<base::Span> spans_of(const base::Json& json, const std::string& text,
                                 const std::string& where) {
  std::vector<base::Span> spans;
  for (const base::Json& span : json)
    spans.push_back(read_span(span, text, base::concat(where, '[', spans.size(), ']')));
  return spans;
}

/// Checks what the schema cannot express.
void check(const Probe& probe) {
  // Tables and pictures show these strings.
  base::require_printable(probe.id, probe.where + ": id");
  base::require_printable(probe.family, probe.where + ": family");
  std::set<std::string> known;
  for (const std::string& candidate : probe.candidates) {
    if (known.insert(candidate).second) continue;
    throw base::Error(base::concat(probe.where, ": candidates: found ", base::quoted(candidate),
                                   " twice, expected each once"));
  }
  if (!known.contains(probe.answer)) {
    throw base::Error(base::concat(probe.where, ": answer: found ", base::quoted(probe.answer),
                                   ", expected one of the candidates"));
  }
  const auto& [begin, end] = probe.predict;
  const std::string held = probe.text.substr(begin, end - begin);
  if (held != probe.answer) {
    throw base::Error(base::concat(probe.where, ": predict: found ", base::quoted(held),
                                   " in the span ", begin, " to ", end, ", expected the answer ",
                                   base::quoted(probe.answer)));
  }
  for (const base::Span& span : probe.distractors) {
    if (std::find(probe.truth.begin(), probe.truth.end(), span) == probe.truth.end()) continue;
    throw base::Error(base::concat(probe.where, ": distractors: found the span ", span.begin,
                                   " to ", span.end, " of the truth, expected another"));
  }
}

Probe probe_of(const base::Json& json, const std::string& where) {
  Probe probe{.id = json["id"],
              .family = json["family"],
              .text = json["text"],
              .predict = {},
              .candidates = json["candidates"],
              .answer = json["answer"],
              .query = {},
              .truth = {},
              .distractors = {},
              .distance = json["distance"],
              .held_out = {},
              .where = where};
  probe.predict = read_span(json["predict"], probe.text, where + ": predict");
  probe.query = spans_of(json["query"], probe.text, where + ": query");
  probe.truth = spans_of(json["truth"], probe.text, where + ": truth");
  probe.distractors = spans_of(json["distractors"], probe.text, where + ": distractors");
  if (json.contains("held_out")) {
    probe.held_out = json["held_out"]["words"];
    probe.within = json["held_out"]["within"];
  }
  check(probe);
  return probe;
}

}  // namespace

double bytes_with_candidates(const Probe& probe) {
  double bytes = 0;
  for (const std::string& candidate : probe.candidates)
    bytes += static_cast<double>(probe.text.size() + candidate.size());
  return bytes;
}

std::vector<Probe> read_probes(const std::filesystem::path& path) {
  static const config::Schema schema(probe_schema(), "data/world/probes.schema.json");
  std::vector<Probe> probes;
  std::map<std::string, std::string> places;  // of the ids
  double bytes = 0;
  base::read_json_lines(path, [&](const base::JsonLine& line) {
    schema.check(line.value, "", line.where);
    probes.push_back(probe_of(line.value, line.where));
    bytes += bytes_with_candidates(probes.back());
    if (bytes > kMostBytesOfProbes) {
      throw base::Error(
          base::concat(line.where, ": candidates: found ", base::human_bytes(bytes),
                       " of texts, written with each candidate, up to here, expected at most ",
                       base::human_bytes(kMostBytesOfProbes)));
    }
    const auto [known, is_new] = places.emplace(probes.back().id, line.where);
    if (is_new) return;
    throw base::Error(base::concat(line.where, ": id: found ", base::quoted(known->first),
                                   " again, expected an id that differs from that in ",
                                   known->second));
  });
  if (probes.empty()) throw base::Error(path.string() + ": holds no probe, expected at least one");
  return probes;
}

std::string to_lines(const std::vector<Probe>& probes) {
  std::string lines;
  for (const Probe& probe : probes) lines += to_json(probe).dump() + '\n';
  return lines;
}

}  // namespace qkv::world
