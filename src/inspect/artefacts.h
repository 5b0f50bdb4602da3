#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "inspect/inspection.h"
#include "inspect/pictures.h"

namespace qkv::inspect {

/// What inspection can write.
enum class Artefact { kPng, kSvg, kPdf, kJson, kSafetensors };

/// The format of a picture; nothing where it is none.
std::optional<render::PictureFormat> picture_format(Artefact artefact);

/// A list such as "png,json". Throws Error on an unknown or missing name.
std::vector<Artefact> parse_formats(const std::string& list);

/// Throws Error where the model cannot give one of these: a model without attention has taps alone.
void require_formats(const checkpoint::Checkpoint& checkpoint,
                     const std::vector<Artefact>& formats);

/// Writes pictures (narrowed by `choice`), attention.json and taps.safetensors (always of all
/// heads) into `folder`, each file complete or not at all, and returns them. `threads` draw; what
/// they write does not depend on how many. Throws Error.
std::vector<std::filesystem::path> write_artefacts(const checkpoint::Checkpoint& checkpoint,
                                                   const Inspection& inspection,
                                                   const HeadChoice& choice,
                                                   const std::vector<Artefact>& formats,
                                                   const std::filesystem::path& folder,
                                                   int threads = 1);

}  // namespace qkv::inspect
