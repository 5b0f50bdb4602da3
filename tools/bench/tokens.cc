// qkv-tokens: in how many tokens qkv and SentencePiece spell a text.
//
// usage: qkv-tokens TEXT
//
// Both learn 500, 2000 and 8000 pieces from the first nine tenths of the lines of TEXT, as qkv does
// with layout "lines", and SentencePiece with its own trainer and its default settings but
// byte_fallback. Prints a table of the tokens that each makes of the other lines, one by one.

#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <exception>
#include <iostream>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "text/tokenizer/learning.h"
#include "text/tokenizer/tokenizer.h"

namespace {

using namespace qkv;
using Lines = std::span<const std::string>;

/// The lines that are not empty.
std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    if (!line.empty()) lines.push_back(line);
  return lines;
}

std::size_t tokens_of_qkv(Lines learned, Lines counted, spec::TokenizerKind kind, int pieces) {
  config::TokenizerConfig config;
  config.kind = kind;
  config.vocabulary = pieces;
  std::string text;
  for (const std::string& line : learned) text += line + "\n";
  std::string_view rest = text;
  const auto whole = [&rest] { return std::exchange(rest, {}); };
  const auto tokenizer = text::Tokenizer::from_bytes(
      text::learn_pieces(config, whole, text::Newlines::kSkipped), kind, "learned");
  std::size_t count = 0;
  for (const std::string& line : counted) count += tokenizer.encode(line).size();
  return count;
}

/// Gives the lines to SentencePiece's trainer.
class Sentences : public sentencepiece::SentenceIterator {
 public:
  explicit Sentences(Lines lines) : rest_(lines) {}
  bool done() const override { return rest_.empty(); }
  void Next() override { rest_ = rest_.subspan(1); }
  const std::string& value() const override { return rest_.front(); }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  Lines rest_;
};

std::size_t tokens_of_sentencepiece(Lines learned, Lines counted, spec::TokenizerKind kind,
                                    int pieces) {
  Sentences sentences(learned);
  constexpr int kSpecialsAndBytes = 3 + 256;
  const std::unordered_map<std::string, std::string> options{
      {"model_type", std::string(spec::name_of(kind))},
      {"vocab_size", std::to_string(pieces + kSpecialsAndBytes)},
      {"byte_fallback", "true"},
      {"minloglevel", "3"}};
  std::string model;
  const auto trained = sentencepiece::SentencePieceTrainer::Train(options, &sentences, &model);
  if (!trained.ok()) throw base::Error(trained.ToString());
  sentencepiece::SentencePieceProcessor processor;
  const auto loaded = processor.LoadFromSerializedProto(model);
  if (!loaded.ok()) throw base::Error(loaded.ToString());
  std::size_t count = 0;
  for (const std::string& line : counted) count += processor.EncodeAsIds(line).size();
  return count;
}

void print_table(const std::vector<std::string>& lines) {
  const std::size_t first = lines.size() - lines.size() / 10;
  const Lines learned = Lines(lines).first(first);
  const Lines counted = Lines(lines).subspan(first);
  std::cout << "| kind | pieces | qkv | SentencePiece | ratio |\n| --- | --- | --- | --- | --- |\n";
  for (const auto kind : {spec::TokenizerKind::kBpe, spec::TokenizerKind::kUnigram}) {
    for (const int pieces : {500, 2000, 8000}) {
      const std::size_t ours = tokens_of_qkv(learned, counted, kind, pieces);
      const std::size_t theirs = tokens_of_sentencepiece(learned, counted, kind, pieces);
      std::cout << "| " << kind << " | " << pieces << " | " << ours << " | " << theirs << " | "
                << static_cast<double>(ours) / static_cast<double>(theirs) << " |" << std::endl;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: qkv-tokens TEXT\n";
    return 2;
  }
  try {
    print_table(lines_of(base::read_file(argv[1])));
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 2;
  }
}
