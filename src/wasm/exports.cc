#include "wasm/exports.h"

#include <string>
#include <utility>

#include "wasm/last_error.h"
#include "wasm/session.h"

namespace qkv::wasm {
namespace {

/// Keeps the reason for qkv_error().
void fail(std::string reason) {
  static std::string kept;
  kept = std::move(reason);
  last_error = kept.c_str();
}

}  // namespace

void* qkv_allocate(std::size_t bytes) { return ::operator new(bytes); }
void qkv_free(void* memory) { ::operator delete(memory); }

const char* qkv_error() { return last_error; }

Session* qkv_open(const char* bytes, std::size_t size) {
  std::string error;
  std::optional<ModelParts> parts = read_model_bytes({bytes, size}, error);
  if (parts) return new Session(std::move(*parts));
  fail(std::move(error));
  return nullptr;
}
void qkv_close(Session* session) { delete session; }

int qkv_read(Session* session, const std::int32_t* ids, std::size_t count, const char* tap) {
  std::string reason = session->read({ids, count}, tap);
  if (reason.empty()) return 0;
  fail(std::move(reason));
  return -1;
}

const float* qkv_final(const Session* session) { return session->final().data; }
std::size_t qkv_final_size(const Session* session) { return session->final().size(); }
const float* qkv_logits(const Session* session) { return session->logits().data; }
std::size_t qkv_logits_size(const Session* session) { return session->logits().size(); }
const float* qkv_tapped(const Session* session) { return session->tapped().data; }
std::size_t qkv_tapped_size(const Session* session) { return session->tapped().size(); }

}  // namespace qkv::wasm
