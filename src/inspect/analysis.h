#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "inspect/artefacts/artefacts.h"
#include "inspect/inspection.h"

namespace qkv::inspect {

/// A picture of what was found, by its name without extension.
struct Picture {
  std::string name;
  std::function<void(const std::filesystem::path& path, render::PictureFormat format)> draw;
};

/// What an analysis found in a text.
struct Finding {
  std::string text;               ///< to be printed; empty if it would be too much
  std::string json;               ///< the content of NAME.json
  std::vector<Picture> pictures;  ///< those of Analysis::pictures()
};

/// A question about a text that is answered besides its attention maps. The same object may be
/// asked about many texts.
class Analysis {
 public:
  virtual ~Analysis() = default;

  /// NAME of the file with its numbers, NAME.json.
  virtual std::string name() const = 0;
  /// The option that asks for it.
  virtual std::string option() const { return "--" + name(); }
  /// The names of its pictures, without extension.
  virtual std::vector<std::string> pictures() const { return {name()}; }
  /// The files that it reads besides the checkpoint; no output replaces them.
  virtual std::vector<std::filesystem::path> inputs() const { return {}; }
  /// Whether it prints its finding; otherwise it needs a folder.
  virtual bool prints() const { return true; }

  /// Called before anything is computed. Throws Error if the question cannot be asked about this
  /// text and model, or if it `draws` and a picture would be too large.
  virtual void require_possible(const checkpoint::Checkpoint& checkpoint, const Passage& passage,
                                bool draws) const = 0;
  /// The most bytes that it takes in addition to the inspection of a text of this many tokens. As a
  /// double: nothing overflows.
  virtual double bytes(const checkpoint::Checkpoint& checkpoint, std::int64_t tokens,
                       int threads) const = 0;
  /// Nothing found depends on the number of threads. Throws Error. The result may be used as long
  /// as the checkpoint and the inspection are there.
  virtual Finding find(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                       int threads) const = 0;
};

using Analyses = std::vector<std::shared_ptr<const Analysis>>;

/// The names of the files that write_finding writes.
std::vector<std::filesystem::path> finding_names(const Analysis& analysis,
                                                 const std::vector<Artefact>& formats);

/// Writes the pictures in each format of pictures, and NAME.json if JSON is requested, into a
/// folder. Adds the files to `files`. Equal input gives equal bytes. Throws Error if one cannot be
/// written.
void write_finding(const Analysis& analysis, const Finding& finding,
                   const std::vector<Artefact>& formats, const std::filesystem::path& folder,
                   std::vector<std::filesystem::path>& files);

}  // namespace qkv::inspect
