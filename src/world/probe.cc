#include "world/probe.h"

#include <algorithm>

#include "base/error.h"
#include "base/format.h"
#include "base/json.h"

namespace qkv {
namespace {

Json to_json(const Span& span) { return {{"begin", span.begin}, {"end", span.end}}; }

Json to_json(const std::vector<Span>& spans) {
  Json json = Json::array();
  for (const Span& span : spans) json.push_back(to_json(span));
  return json;
}

Json to_json(const Probe& probe) {
  return {{"id", probe.id},
          {"family", probe.family},
          {"text", probe.text},
          {"predict", to_json(probe.predict)},
          {"candidates", probe.candidates},
          {"answer", probe.answer},
          {"query", to_json(probe.query)},
          {"truth", to_json(probe.truth)},
          {"distractors", to_json(probe.distractors)},
          {"distance", probe.distance},
          {"held_out", {{"words", probe.held_out}, {"within", probe.within}}}};
}

Span span_of(const Json& json, const std::string& text) {
  const Span span{.begin = json.at("begin"), .end = json.at("end")};
  if (span.begin >= span.end || span.end > text.size()) {
    throw Error(concat("found the span ", span.begin, " to ", span.end,
                       ", expected a part of the text's ", text.size(), " bytes"));
  }
  return span;
}

std::vector<Span> spans_of(const Json& json, const std::string& text) {
  std::vector<Span> spans;
  for (const Json& span : json) spans.push_back(span_of(span, text));
  return spans;
}

Probe probe_of(const Json& json) {
  Probe probe;
  probe.id = json.at("id");
  probe.family = json.at("family");
  probe.text = json.at("text");
  probe.predict = span_of(json.at("predict"), probe.text);
  probe.candidates = json.at("candidates").get<std::vector<std::string>>();
  probe.answer = json.at("answer");
  probe.query = spans_of(json.at("query"), probe.text);
  probe.truth = spans_of(json.at("truth"), probe.text);
  probe.distractors = spans_of(json.at("distractors"), probe.text);
  probe.distance = json.at("distance");
  if (json.contains("held_out")) {
    probe.held_out = json["held_out"].at("words").get<std::array<std::string, 2>>();
    probe.within = json["held_out"].at("within");
  }
  const auto& all = probe.candidates;
  if (std::find(all.begin(), all.end(), probe.answer) == all.end()) {
    throw Error(concat("answer: found ", quoted(probe.answer), ", expected one of the candidates"));
  }
  return probe;
}

}  // namespace

std::vector<Probe> read_probes(const std::filesystem::path& path) {
  std::vector<Probe> probes;
  read_json_lines(path, [&](const JsonLine& line) {
    try {
      probes.push_back(probe_of(line.value));
    } catch (const Json::exception&) {
      throw Error(concat(line.where, ": found ", quoted(line.text),
                         ", expected a probe: an object with id, family, text, predict, "
                         "candidates, answer, query, truth, distractors, distance"));
    } catch (const Error& error) {
      throw Error(concat(line.where, ": ", error.what()));
    }
    probes.back().where = line.where;
  });
  if (probes.empty()) throw Error(path.string() + ": holds no probe, expected at least one");
  return probes;
}

std::string to_lines(const std::vector<Probe>& probes) {
  std::string lines;
  for (const Probe& probe : probes) lines += to_json(probe).dump() + '\n';
  return lines;
}

}  // namespace qkv
