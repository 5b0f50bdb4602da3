#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "inspect/artefacts/pictures.h"
#include "inspect/inspection.h"

namespace qkv::inspect {

/// The formats that inspection can write.
enum class Artefact { kPng, kSvg, kPdf, kJson, kSafetensors };

/// The format of a picture; nothing for other formats.
std::optional<render::PictureFormat> picture_format(Artefact artefact);

/// Reads a list such as "png,json". Throws Error on an unknown or missing name.
std::vector<Artefact> parse_formats(const std::string& list);

/// Throws Error if the model does not support one of these: a model without attention has only
/// taps.
void require_formats(const checkpoint::Checkpoint& checkpoint,
                     const std::vector<Artefact>& formats);

/// The names of the files that write_artefacts writes.
std::vector<std::filesystem::path> artefact_names(const HeadChoice& choice,
                                                  const spec::ModelConfig& model,
                                                  const std::vector<Artefact>& formats);

/// Writes pictures (limited by `choice`), attention.json and taps.safetensors (always of all heads)
/// into `folder`, each file completely or not at all, and returns them. `threads` threads draw; the
/// files do not depend on their number. Throws Error.
std::vector<std::filesystem::path> write_artefacts(const checkpoint::Checkpoint& checkpoint,
                                                   const Inspection& inspection,
                                                   const HeadChoice& choice,
                                                   const std::vector<Artefact>& formats,
                                                   const std::filesystem::path& folder,
                                                   int threads = 1);

}  // namespace qkv::inspect
