#pragma once

namespace qkv::evaluate {

/// How often something is right if the candidates are the words of a file, and if they are all
/// learned pieces of the tokenizer.
struct Shares {
  double listed = 0;
  double all = 0;
};

}  // namespace qkv::evaluate
