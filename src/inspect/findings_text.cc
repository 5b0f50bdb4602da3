#include "inspect/findings_text.h"

#include "inspect/fillings.h"
#include "inspect/trace/trace.h"

namespace qkv::inspect {

std::string findings_text(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                          const HeadChoice& choice, const std::optional<std::int64_t>& trace) {
  std::string text =
      fillings_text(inspection, checkpoint.tokenizer, checkpoint.config.model.causal());
  if (!trace) return text;
  if (!text.empty()) text += "\n";
  return text + trace_text(checkpoint, inspection, choice.layer.value_or(0),
                           choice.head.value_or(0), *trace);
}

}  // namespace qkv::inspect
