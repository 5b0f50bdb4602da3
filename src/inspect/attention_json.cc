#include "inspect/attention_json.h"

#include "inspect/describe.h"
#include "inspect/fillings.h"

namespace qkv::inspect {

std::string attention_json(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection) {
  require_attention(checkpoint);
  const base::Json predictions =
      fillings_json(inspection, checkpoint.tokenizer, checkpoint.config.model.causal());
  std::string out = describe_source(checkpoint, inspection.passage) +
                    ",\n  \"predictions\": " + predictions.dump() + ",\n  \"layers\": [";
  for (std::int64_t layer = 0; layer < checkpoint.config.model.layers; ++layer) {
    out += layer == 0 ? "\n    {\"heads\": [" : ",\n    {\"heads\": [";
    for (std::int64_t head = 0; head < checkpoint.config.model.heads; ++head) {
      out += head == 0 ? "\n      {\"weights\": [" : ",\n      {\"weights\": [";
      append_rows(attention_map(inspection, layer, head), "        ", out);
      out += "\n      ]}";
    }
    out += "\n    ]}";
  }
  return out + "\n  ]\n}\n";
}

}  // namespace qkv::inspect
