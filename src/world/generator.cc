#include "world/generator.h"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/random.h"
#include "world/effort.h"
#include "world/geometry.h"
#include "world/geometry_file.h"
#include "world/pick.h"
#include "world/senses.h"
#include "world/sentence.h"
#include "world/words.h"

namespace qkv::world {
namespace {

constexpr std::uint64_t kTriesOfAProbe = 2000;  ///< the most tries for each probe, on average
constexpr std::uint64_t kTriesOfALine = 20;

/// The purpose of a stream of random numbers.
enum class Part : std::uint64_t { kLines = 1, kProbes, kSenses };

std::uint64_t hash_of(const std::string& text) {
  return std::stoull(base::sha256(text).substr(0, 16), nullptr, 16);
}

/// Whether the probes of a family may join these two words: one pair in `one_in`.
bool reserved(const Family& family, const std::array<std::string, 2>& words, std::uint64_t one_in,
              std::uint64_t seed) {
  return hash_of(base::concat(seed, '\n', family.name, '\n', words[0], '\n', words[1])) % one_in ==
         0;
}

/// Only single words can be found again in the lines.
void require_single(const std::string& word, const std::string& where) {
  if (split_words(word) == std::vector{std::string_view(word)}) return;
  throw base::Error(base::concat(where, ": found ", base::quoted(word),
                                 ", expected a single word without spaces and punctuation"));
}

/// The pairs that only probes may join.
class HeldOutPairs {
 public:
  void add(const Probe& probe) {
    std::size_t& within = pairs_[probe.held_out[0] + ' ' + probe.held_out[1]];
    within = std::max(within, probe.within);
    widest_ = std::max(widest_, probe.within);
  }

  bool in(const std::string& line) const {
    const std::vector<std::string_view> words = split_words(line);
    std::string pair;
    for (std::size_t first = 0; first < words.size(); ++first) {
      for (std::size_t gap = 1; gap <= widest_ && first + gap < words.size(); ++gap) {
        pair.assign(words[first]).append(" ").append(words[first + gap]);
        const auto found = pairs_.find(pair);
        if (found != pairs_.end() && gap <= found->second) return true;
      }
    }
    return false;
  }

 private:
  std::unordered_map<std::string, std::size_t> pairs_;
  std::size_t widest_ = 0;
};

/// Whether each question offers a choice: its answer and another candidate.
bool has_choices(const Sentence& sentence) {
  for (const Asked& asked : sentence.asked) {
    const std::vector<std::string>& all = asked.candidates;
    if (all.size() < 2 || std::find(all.begin(), all.end(), asked.answer) == all.end())
      return false;
  }
  return true;
}

std::optional<Probe> try_probe(const Grammar& grammar, const Family& family, std::uint64_t seed,
                               base::RandomStream& random) {
  const Template& form = pick(family.templates, random);
  if (form.questions.empty()) return std::nullopt;
  const Scene scene(grammar, form, random);
  const std::size_t thing = random.below(scene.things());
  const Sentence sentence = write_sentence(grammar, form, scene, thing, random);
  if (sentence.asked.size() != 1 || !has_choices(sentence)) return std::nullopt;
  const Asked& asked = sentence.asked.front();
  const std::optional<HeldOut>& held_out = asked.question->held_out;
  if (!held_out) return std::nullopt;
  Probe probe;
  probe.family = family.name;
  probe.within = held_out->within;
  probe.held_out[0] = scene.text(held_out->first, thing);
  probe.held_out[1] = scene.text(held_out->second, thing);
  for (const std::string& word : probe.held_out) require_single(word, held_out->name);
  if (!reserved(family, probe.held_out, held_out->one_in, seed)) return std::nullopt;
  if (asked.candidates.size() < sentence.things.size() && form.candidates.empty())
    return std::nullopt;  // two things with one answer
  probe.text = sentence.text;
  HeldOutPairs own;
  own.add(probe);
  if (!own.in(probe.text)) {
    throw base::Error(
        base::concat(held_out->name, ": found ", base::quoted(probe.held_out[1]), " not within ",
                     probe.within, " words after ", base::quoted(probe.held_out[0]), " in ",
                     base::quoted(probe.text), ", expected the words that a probe joins"));
  }
  probe.predict = asked.predict;
  probe.candidates = asked.candidates;
  probe.answer = asked.answer;
  probe.query = asked.cues;
  // The word before the answer, which predicts it in a causal model.
  const auto space = probe.text.rfind(' ', asked.predict.begin);
  if (space != std::string::npos && space > 0) {
    const auto before = probe.text.rfind(' ', space - 1);
    const base::Span span{.begin = before == std::string::npos ? 0 : before + 1, .end = space};
    if (std::find(probe.query.begin(), probe.query.end(), span) == probe.query.end())
      probe.query.push_back(span);
  }
  for (std::size_t index = 0; index < sentence.things.size(); ++index) {
    (index == thing ? probe.truth : probe.distractors).push_back(sentence.things[index]);
  }
  const base::Span& truth = probe.truth.front();
  const std::size_t left = std::min(truth.end, probe.predict.end);
  const std::size_t right = std::max(truth.begin, probe.predict.begin);
  probe.distance = count_words(std::string_view(probe.text).substr(left, right - left));
  return probe;
}

std::vector<Probe> make_probes(const Grammar& grammar, std::uint64_t seed) {
  std::vector<Probe> probes;
  for (std::size_t number = 0; number < grammar.families.size(); ++number) {
    const Family& family = grammar.families[number];
    base::RandomStream random(base::stream_key(
        seed, base::Purpose::kWorld, {static_cast<std::uint64_t>(Part::kProbes), number}));
    std::unordered_set<std::string> known;
    Effort effort(base::concat(grammar.where, ": families.", family.name, ".probes"),
                  "different probes", static_cast<std::uint64_t>(family.probes), kTriesOfAProbe);
    for (std::int64_t made = 0; made < family.probes;) {
      effort.try_once();
      std::optional<Probe> probe = try_probe(grammar, family, seed, random);
      if (!probe || !known.insert(probe->text).second) continue;
      effort.found(bytes_with_candidates(*probe));
      probe->id = base::concat(family.name, '-', made++);
      probes.push_back(std::move(*probe));
    }
  }
  return probes;
}

base::Json make_geometry(const Grammar& grammar, std::uint64_t seed) {
  base::RandomStream random(
      base::stream_key(seed, base::Purpose::kWorld, {static_cast<std::uint64_t>(Part::kSenses)}));
  base::Json geometry = geometry_questions(grammar);
  geometry["senses"] = senses_json(sense_sentences(grammar, random));
  geometry_of(geometry, grammar.where + ": geometry");  // which refuses what it cannot read
  return geometry;
}

}  // namespace

World generate_world(const Grammar& grammar, std::uint64_t seed) {
  World world;
  world.geometry = make_geometry(grammar, seed);
  world.probes = make_probes(grammar, seed);
  HeldOutPairs held_out;
  for (const Probe& probe : world.probes) held_out.add(probe);

  base::RandomStream random(
      base::stream_key(seed, base::Purpose::kWorld, {static_cast<std::uint64_t>(Part::kLines)}));
  std::unordered_set<std::string> known;
  const auto all = static_cast<std::size_t>(grammar.train_lines + grammar.validation_lines);
  Effort effort(grammar.where + ": lines", "different lines", all, kTriesOfALine);
  while (known.size() < all) {
    effort.try_once();
    const Template& form = pick(pick(grammar.families, random).templates, random);
    const Scene scene(grammar, form, random);
    const Sentence sentence = write_sentence(grammar, form, scene, std::nullopt, random);
    if (!has_choices(sentence) || held_out.in(sentence.text)) continue;
    if (!known.insert(sentence.text).second) continue;
    effort.found(static_cast<double>(sentence.text.size()));
    const bool train = known.size() <= static_cast<std::size_t>(grammar.train_lines);
    (train ? world.train : world.validation).push_back(sentence.text);
  }
  return world;
}

}  // namespace qkv::world
