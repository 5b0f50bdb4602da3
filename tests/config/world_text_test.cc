#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <sstream>

#include "base/files.h"
#include "scratch.h"

namespace qkv {
namespace {

const std::filesystem::path kSource = QKV_SOURCE_DIR;

const std::set<std::string> kNouns = {
    "cat",    "dog",    "horse",    "cow",   "sheep", "duck", "pig",    "mouse", "wolf",
    "lion",   "frog",   "bird",     "milk",  "water", "tea",  "juice",  "soup",  "wine",
    "coffee", "cider",  "man",      "woman", "boy",   "girl", "farmer", "nurse", "king",
    "queen",  "prince", "princess", "uncle", "aunt",  "ball", "cup",    "book",  "hat",
    "key",    "shoe",   "coin",     "spoon", "lamp",  "rope", "comb",   "knife"};

using Pairs = std::set<std::pair<std::string, std::string>>;

Pairs pairs_of(const std::string& line) {
  std::set<std::string> nouns;
  std::istringstream words(line);
  for (std::string word; words >> word;) {
    word.erase(std::min(word.size(), word.find_first_of(".?,")));  // a noun may end its sentence
    if (kNouns.contains(word)) nouns.insert(word);
  }
  Pairs pairs;
  for (const auto& a : nouns) {
    for (const auto& b : nouns) {
      if (a < b) pairs.emplace(a, b);
    }
  }
  return pairs;
}

TEST(WorldText, ValidationJoinsWhatTrainingDoesNot) {
  Pairs trained;
  std::istringstream train(read_file(kSource / "data/world/train.txt"));
  for (std::string line; std::getline(train, line);) trained.merge(pairs_of(line));
  EXPECT_GT(trained.size(), 300U);

  std::istringstream validation(read_file(kSource / "data/world/validation.txt"));
  int lines = 0;
  for (std::string line; std::getline(validation, line); ++lines) {
    const Pairs pairs = pairs_of(line);
    EXPECT_TRUE(std::any_of(pairs.begin(), pairs.end(), [&](const auto& p) {
      return !trained.contains(p);
    })) << line;
  }
  EXPECT_EQ(lines, 500);
}

TEST(WorldText, IsWhatItsScriptWrites) {
  if (std::system("python3 -c '' 2> /dev/null") != 0) GTEST_SKIP() << "no python3";
  const testing::Scratch scratch;
  const std::string command = "python3 '" + (kSource / "tools/make_world_text").string() + "' '" +
                              scratch.path().string() + "' > /dev/null";
  ASSERT_EQ(std::system(command.c_str()), 0);
  for (const char* name : {"train.txt", "validation.txt"}) {
    EXPECT_TRUE(read_file(scratch / name) == read_file(kSource / "data/world" / name)) << name;
  }
}

}  // namespace
}  // namespace qkv
