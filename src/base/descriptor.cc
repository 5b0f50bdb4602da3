#include "base/descriptor.h"

#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "base/format.h"
#include "base/system_failure.h"

namespace qkv::base {

void write_all(int descriptor, std::string_view bytes, const std::string& name,
               std::optional<std::uint64_t> offset) {
  while (!bytes.empty()) {
    const ssize_t count =
        offset ? ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(*offset))
               : ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_to("write", name, errno, Error::Fault::kRun);
    bytes.remove_prefix(static_cast<std::size_t>(count));
    if (offset) *offset += static_cast<std::uint64_t>(count);
  }
}

std::uint64_t read_at(int descriptor, std::uint64_t offset, std::uint64_t count, char* into,
                      const std::string& name) {
  std::uint64_t done = 0;
  while (done < count) {
    const ssize_t got =
        ::pread(descriptor, into + done, count - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_to("read", name, errno, Error::Fault::kRun);
    if (got == 0) break;
    done += static_cast<std::uint64_t>(got);
  }
  return done;
}

void read_to_end(int descriptor, std::uint64_t limit, const std::string& name,
                 const std::function<void(std::string_view)>& take) {
  std::string block(1U << 16U, '\0');
  std::uint64_t size = 0;
  while (true) {
    const ssize_t count = ::read(descriptor, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_to("read", name, errno, Error::Fault::kInput);
    if (count == 0) return;
    size += static_cast<std::uint64_t>(count);
    if (size > limit)
      throw Error(concat(name, ": found more than ", limit, " bytes, expected at most ", limit));
    take(std::string_view(block).substr(0, static_cast<std::size_t>(count)));
  }
}

}  // namespace qkv::base
