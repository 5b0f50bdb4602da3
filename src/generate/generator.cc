#include "generate/generator.h"

#include <algorithm>
#include <chrono>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "base/utf8.h"
#include "engine/model.h"
#include "generate/reader.h"
#include "generate/sampler.h"
#include "generate/stop_texts.h"

namespace qkv::generate {
namespace {

/// Reports how fast a text was made, from its first token on: the time before belongs to the
/// prompt.
void log_rate(std::int64_t tokens, std::chrono::steady_clock::time_point begin) {
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  base::log::debug(base::concat(base::with_commas(static_cast<std::uint64_t>(tokens)),
                                " tokens in ", base::fixed(time.count(), 3), " s after the first, ",
                                base::with_commas(static_cast<std::uint64_t>(
                                    static_cast<double>(tokens) / std::max(time.count(), 1e-9))),
                                " tokens/s"));
}

}  // namespace

void generate(const engine::Model& model, const text::Tokenizer& tokenizer, spec::TextLayout layout,
              const std::string& prompt, const GenerationOptions& options,
              const std::function<void(const std::string&)>& print) {
  if (!model.config().causal())
    throw base::Error("a masked model cannot continue a text; expected a causal one");
  check_sampling(options.sampling);
  for (const std::string& stop : options.stops) {
    base::require_utf8(stop, "--stop");
    if (stop.empty())
      throw base::Error("--stop: found an empty text, expected at least one character");
  }
  std::vector<std::int32_t> ids = tokenizer.encode(prompt);
  if (layout == spec::TextLayout::kLines) ids.insert(ids.begin(), text::Tokenizer::kBegin);
  if (ids.empty())
    throw base::Error("--prompt: found an empty text, expected at least one character");

  // The prompt also goes through the decoder: the meaning of a piece depends on what precedes it.
  text::Decoder decoder(tokenizer);
  for (const std::int32_t id : ids) decoder.add(id);
  print(prompt);
  base::RandomStream random(base::stream_key(options.seed, base::Purpose::kSampling));
  // A stream has no documents, so its model has never seen the end of one.
  Sampler sampler(options.sampling, /*ends=*/layout == spec::TextLayout::kLines);
  StopTexts stops(options.stops);
  const auto show = [&](const std::string& text) {
    if (!text.empty()) print(text);
  };
  Reader reader(model, options.threads);
  std::span<const std::int32_t> unread = ids;
  std::int32_t next = 0;
  std::int64_t count = 0;
  std::chrono::steady_clock::time_point begin;
  for (; count < options.tokens; ++count) {
    const std::span<const float> logits = reader.read(unread);
    if (count == 0) begin = std::chrono::steady_clock::now();
    next = sampler.draw(logits, random);
    if (next == text::Tokenizer::kEnd) break;
    show(stops.add(decoder.add(next)));
    if (stops.found()) break;
    unread = {&next, 1};
  }
  show(stops.add(decoder.finish()));
  show(stops.finish());
  if (count > 1) log_rate(count - 1, begin);
}

}  // namespace qkv::generate
