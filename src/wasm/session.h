#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/array.h"
#include "engine/reader.h"
#include "wasm/model_bytes.h"

namespace qkv::wasm {

/// An open model and what was computed last.
class Session {
 public:
  /// `parts` come from read_model_bytes.
  explicit Session(ModelParts parts);

  /// Reads a text from its beginning, and keeps the value with this name (docs/taps.md; empty:
  /// none). Returns the reason if it cannot, and is then as before; otherwise "".
  std::string read(std::span<const std::int32_t> ids, const std::string& tap);

  // Of the last text:
  base::View final() const { return final_.view(); }    ///< [tokens, width], after the last norm
  base::View logits() const { return logits_.view(); }  ///< [tokens, vocabulary]
  base::View tapped() const { return tapped_.view(); }  ///< with the shape of docs/taps.md

 private:
  engine::Model model_;
  std::unique_ptr<engine::Reader> reader_;
  base::Array final_;
  base::Array logits_;
  base::Array tapped_;
};

}  // namespace qkv::wasm
