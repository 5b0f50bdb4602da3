#pragma once

namespace qkv::evaluate {

/// How often something is right where a choice is made among the words that a file lists, and where
/// it is made among all that the tokenizer has learned.
struct Shares {
  double listed = 0;
  double all = 0;
};

}  // namespace qkv::evaluate
