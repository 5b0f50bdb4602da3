#pragma once

#include <string>

#include "inspect/request.h"

namespace qkv::inspect {

/// Does what the request asks about its text: writes the files, and returns what is to be printed
/// then. Throws Error before any file is written if the text cannot be inspected in this way, or if
/// there is nothing to print or write. REQUIRES a text.
std::string answer(const Request& request, const checkpoint::Checkpoint& checkpoint, int threads);

}  // namespace qkv::inspect
