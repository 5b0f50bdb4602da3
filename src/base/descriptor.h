#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace qkv::base {

// Whole reads and writes of an open file. A call of the system may do a part, or be interrupted by
// a signal before it does anything. `name` stands for the file in messages.

/// Writes all bytes, at `offset` or where the descriptor stands. Throws Error (Fault::kRun).
void write_all(int descriptor, std::string_view bytes, const std::string& name,
               std::optional<std::uint64_t> offset = std::nullopt);

/// Reads bytes from `offset` on, fewer than `count` only at the end of the file; returns how many.
/// Throws Error (Fault::kRun) where they cannot be read.
std::uint64_t read_at(int descriptor, std::uint64_t offset, std::uint64_t count, char* into,
                      const std::string& name);

/// Gives `take` all that follows, block by block. Throws Error where it cannot be read, or is more
/// than `limit` bytes.
void read_to_end(int descriptor, std::uint64_t limit, const std::string& name,
                 const std::function<void(std::string_view)>& take);

}  // namespace qkv::base
