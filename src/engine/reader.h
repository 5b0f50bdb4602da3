#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/model.h"
#include "engine/taps.h"

namespace qkv::engine {

/// Reads a text with a model. It keeps what the model stores about the tokens that it has read: the
/// keys and values of a Transformer, the state of an LSTM or GRU. The formulas are those of
/// src/model, and the values are equal except for rounding, unless the model has an
/// intervention, which every call applies. They do not depend on the threads. The
/// values of a token have the same bits whether a text is read at once or in parts, as long as each
/// part has two tokens or more. A call that reads a single token sums in another order, in which
/// weights come from memory faster: its values differ by rounding, as do those of a pass whose taps
/// want scores.
class Reader {
 public:
  virtual ~Reader() = default;
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  /// Why these ids cannot be read next: more tokens than the context, or an id outside the
  /// vocabulary. Empty if they can.
  std::string unreadable(std::span<const std::int32_t> ids) const;

  /// Reads ids after those read before. Returns their vectors after the last norm, [ids, width],
  /// valid until the next call; Model::logits turns them into predictions. A masked model reads a
  /// whole text at once: REQUIRES tokens() = 0 for it. Throws Error if they are unreadable(), and
  /// then has read nothing.
  Rows read(std::span<const std::int32_t> ids, Taps* taps = nullptr);

  /// The same, but returns the logits [vocabulary] of the token after the last one. REQUIRES at
  /// least one id and a causal model.
  std::span<const float> next(std::span<const std::int32_t> ids);

  /// Reads a text from the input of a layer on, x [tokens, width], such as the tap Tap::kInput of
  /// an earlier read: what came before this layer is not computed again, nor the first `kept`
  /// tokens, whose keys and values stay as they were read last; x begins after them. For taps, too,
  /// token 0 is then the first of x, but keys are those of the whole text. Forgets all other tokens
  /// read before. The values have the bits of a read, if x holds two tokens or more.
  /// `first_values`, rows for the same tokens, are the values of layer 0 with all heads side by
  /// side; a model with value_residual needs them after layer 0. REQUIRES at least `kept` tokens
  /// read and a text in the context. Throws Error unless the model is a Transformer, and then
  /// changes nothing.
  Rows read_from(std::int64_t layer, Rows x, Taps* taps = nullptr, std::int64_t kept = 0,
                 Rows first_values = {});

  /// The number of tokens read.
  std::int64_t tokens() const { return tokens_; }
  /// Returns to the beginning of a text.
  void forget() { tokens_ = 0; }

  const Model& model() const { return model_; }

 protected:
  explicit Reader(const Model& model) : model_(model) {}

  /// As read(), next() and read_from() after the checks; tokens() is still the number before.
  virtual Rows read_more(std::span<const std::int32_t> ids, Taps* taps) = 0;
  virtual std::span<const float> next_after(std::span<const std::int32_t> ids, Taps* taps) = 0;
  /// Throws Error unless a kind of model overrides it.
  virtual Rows read_layers(std::int64_t layer, Rows x, Rows first_values, Taps* taps,
                           std::int64_t kept);

 private:
  void require_readable(std::span<const std::int32_t> ids) const;
  /// Calls pass(taps) with the taps of the model's intervention, if any, before the caller's.
  template <typename Pass>
  auto intervened(std::int64_t kept, Taps* taps, Pass pass) const;
  /// Keeps the ids with which a text begins, if an intervention asks for them.
  void begin(std::span<const std::int32_t> ids);

  const Model& model_;
  std::int64_t tokens_ = 0;
  std::vector<std::int32_t> beginning_;
};

/// A reader for the model's kind; the model must outlive it. At most `threads` threads compute a
/// read without taps; a small model uses fewer.
std::unique_ptr<Reader> make_reader(const Model& model, int threads = 1);

}  // namespace qkv::engine
