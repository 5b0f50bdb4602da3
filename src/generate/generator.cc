#include "generate/generator.h"

#include <algorithm>

#include "base/error.h"

namespace qkv {

Tensor Reader::read(const std::vector<std::int32_t>& ids) {
  const auto context = static_cast<std::size_t>(model_.config().context);
  if (window_.size() + ids.size() <= context) return forward(ids);

  // Keys carry their places, so a shifted window is read anew; half of it, so that this is rare.
  std::vector<std::int32_t> all = std::move(window_);
  all.insert(all.end(), ids.begin(), ids.end());
  const std::size_t kept = std::max<std::size_t>(1, context / 2);
  window_.clear();
  cache_ = {};
  return forward({all.end() - static_cast<std::ptrdiff_t>(std::min(kept, all.size())), all.end()});
}

Tensor Reader::forward(const std::vector<std::int32_t>& ids) {
  window_.insert(window_.end(), ids.begin(), ids.end());
  const Tensor row =
      torch::tensor(at::ArrayRef<std::int32_t>(ids), at::kLong).unsqueeze(0).to(model_.device());
  const Tensor hidden = model_.hidden({.ids = row, .positions = {}, .documents = {}},
                                      {.taps = nullptr, .dropout = {}, .cache = &cache_});
  return model_.logits(hidden[0][-1]);
}

void generate(const Model& model, const Tokenizer& tokenizer, const std::string& layout,
              const std::string& prompt, const GenerationOptions& options,
              const std::function<void(const std::string&)>& print) {
  if (!model.config().causal())
    throw Error("a masked model cannot continue a text; expected a causal one");
  check_sampling(options.sampling);
  std::vector<std::int32_t> ids = tokenizer.encode(prompt);
  if (layout == "lines") ids.insert(ids.begin(), Tokenizer::kBegin);
  if (ids.empty()) throw Error("--prompt: found an empty text, expected at least one character");

  const torch::NoGradGuard no_gradients;
  // The prompt too goes through the decoder: what a piece means depends on what stands before it.
  Decoder decoder(tokenizer);
  for (const std::int32_t id : ids) decoder.add(id);
  print(prompt);
  RandomStream random(stream_key(options.seed, Purpose::kSampling));
  Reader reader(model);
  for (std::int64_t count = 0; count < options.tokens; ++count) {
    const std::int32_t next = sample(reader.read(ids), options.sampling, random);
    if (next == Tokenizer::kEnd) break;
    if (const std::string text = decoder.add(next); !text.empty()) print(text);
    ids = {next};
  }
  if (const std::string rest = decoder.finish(); !rest.empty()) print(rest);
}

}  // namespace qkv
