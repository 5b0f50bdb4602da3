#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "config/config.h"

namespace qkv::tests {

/// A key of the config and the values that tests use.
struct Choice {
  std::string key;  ///< dotted
  std::vector<base::Json> values;
};

/// All values of the keys with a finite number of values, and for the others those in `numbers`.
/// The keys are the schema's below `section`. Throws Error if a key has no values, so that a new
/// one cannot be forgotten.
inline void add_choices(const base::Json& schema, const std::string& section,
                        const std::vector<Choice>& numbers, std::vector<Choice>& choices) {
  for (const auto& [name, node] : schema.at("properties").items()) {
    const std::string key = section + "." + name;
    const auto given = std::find_if(numbers.begin(), numbers.end(),
                                    [&key = key](const Choice& c) { return c.key == key; });
    if (node.contains("properties")) {
      add_choices(node, key, numbers, choices);
    } else if (node.contains("enum")) {
      choices.push_back({key, node["enum"]});
    } else if (node.value("type", base::Json()) == "boolean") {
      choices.push_back({key, {false, true}});
    } else if (given != numbers.end()) {
      choices.push_back(*given);
    } else {
      throw base::Error("no values to test for " + key);
    }
  }
}

/// Configs, drawn from a fixed seed, that together contain every pair of values of two keys that a
/// valid config can have (Cohen et al. 1997: most faults need no more than two). Among some random
/// configs, the one with the most new pairs is taken, until there are no new pairs. `valid` turns
/// the chosen values into a config, or throws Error if they do not fit.
template <typename Valid>
auto pairwise_sample(const std::vector<Choice>& choices, Valid valid) {
  constexpr int kDraws = 60;
  using Made = decltype(valid(std::vector<std::pair<std::string, base::Json>>{}));
  base::RandomStream random(1);
  std::set<std::pair<std::size_t, std::size_t>> covered;
  std::vector<Made> sample;
  while (true) {
    std::set<std::pair<std::size_t, std::size_t>> most;
    std::vector<Made> best;
    for (int draw = 0; draw < kDraws; ++draw) {
      std::vector<std::pair<std::string, base::Json>> values;
      std::vector<std::size_t> numbers;
      std::size_t first = 0;
      for (const Choice& choice : choices) {
        const std::size_t which = random.below(choice.values.size());
        values.emplace_back(choice.key, choice.values[which]);
        numbers.push_back(first + which);
        first += choice.values.size();
      }
      std::set<std::pair<std::size_t, std::size_t>> added;
      for (std::size_t one = 0; one < numbers.size(); ++one)
        for (std::size_t other = 0; other < one; ++other)
          if (const std::pair pair(numbers[other], numbers[one]); !covered.contains(pair))
            added.insert(pair);
      if (added.size() <= most.size()) continue;
      try {
        best = {valid(values)};
        most = std::move(added);
      } catch (const base::Error&) {  // they do not fit
      }
    }
    if (best.empty()) return sample;
    covered.merge(most);
    sample.push_back(std::move(best.front()));
  }
}

}  // namespace qkv::tests
