#include "inspect/artefacts/attention_json.h"

#include "inspect/fillings.h"

namespace qkv::inspect {

void attention_json(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                    const TextSink& sink) {
  require_attention(checkpoint);
  const base::Json predictions =
      fillings_json(inspection, checkpoint.tokenizer, checkpoint.config.model.causal());
  sink(describe_source(checkpoint, inspection.passage) +
       ",\n  \"predictions\": " + predictions.dump() + ",\n  \"layers\": [");
  for (std::int64_t layer = 0; layer < checkpoint.config.model.layers; ++layer) {
    sink(layer == 0 ? "\n    {\"heads\": [" : ",\n    {\"heads\": [");
    for (std::int64_t head = 0; head < checkpoint.config.model.heads; ++head) {
      sink(head == 0 ? "\n      {\"weights\": [" : ",\n      {\"weights\": [");
      write_rows(attention_map(inspection, layer, head), "        ", sink);
      sink("\n      ]}");
    }
    sink("\n    ]}");
  }
  sink("\n  ]\n}\n");
}

}  // namespace qkv::inspect
