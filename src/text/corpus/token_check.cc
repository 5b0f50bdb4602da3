#include "text/corpus/token_check.h"

#include "base/files.h"

namespace qkv::text {

void check_once(const TokenFile& tokens, CorpusCache& cache) {
  if (!tokens.stays_in_file()) return;
  const std::string name = "checked-" + base::sha256(tokens.file().fingerprint());
  if (cache.find(name)) return;
  tokens.check();
  if (!tokens.file().changed_just_now()) cache.keep(name, "");
}

}  // namespace qkv::text
