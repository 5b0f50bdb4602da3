#include "inspect/artefacts/artefacts.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "checkpoint/safetensors.h"
#include "inspect/artefacts/attention_json.h"
#include "inspect/artefacts/describe.h"

namespace qkv::inspect {
namespace fs = std::filesystem;
namespace {

constexpr std::array<std::pair<const char*, Artefact>, 5> kNames = {
    {{"png", Artefact::kPng},
     {"svg", Artefact::kSvg},
     {"pdf", Artefact::kPdf},
     {"json", Artefact::kJson},
     {"safetensors", Artefact::kSafetensors}}};

constexpr const char* kAttention = "attention.json";
constexpr const char* kTaps = "taps.safetensors";

Artefact parse_format(const std::string& name) {
  for (const auto& [known, artefact] : kNames) {
    if (name == known) return artefact;
  }
  throw base::Error(base::concat("--format: found ", base::quoted(name),
                                 ", expected a list of png, svg, pdf, json, safetensors"));
}

fs::path write_json(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                    const fs::path& folder) {
  fs::path path = folder / kAttention;
  base::replace_file(path, [&](const fs::path& temporary) {
    base::FileWriter writer(temporary);
    attention_json(checkpoint, inspection, [&](std::string_view part) { writer.write(part); });
    writer.finish();
  });
  return path;
}

fs::path write_taps(const checkpoint::Checkpoint& checkpoint, const Inspection& inspection,
                    const fs::path& folder) {
  fs::path path = folder / kTaps;
  base::replace_file(path, [&](const fs::path& temporary) {
    checkpoint::write_safetensors(temporary, checkpoint::saved(inspection.taps.values()),
                                  source_notes(checkpoint));
  });
  return path;
}

}  // namespace

std::optional<render::PictureFormat> picture_format(Artefact artefact) {
  if (artefact == Artefact::kPng) return render::PictureFormat::kPng;
  if (artefact == Artefact::kSvg) return render::PictureFormat::kSvg;
  if (artefact == Artefact::kPdf) return render::PictureFormat::kPdf;
  return {};
}

std::vector<Artefact> parse_formats(const std::string& list) {
  std::vector<Artefact> formats;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    const Artefact format = parse_format(list.substr(begin, end - begin));
    if (std::find(formats.begin(), formats.end(), format) == formats.end())
      formats.push_back(format);
    begin = end + 1;
  }
  return formats;
}

void require_formats(const checkpoint::Checkpoint& checkpoint,
                     const std::vector<Artefact>& formats) {
  const bool only_taps = std::all_of(formats.begin(), formats.end(), [](Artefact format) {
    return format == Artefact::kSafetensors;
  });
  if (!only_taps) require_attention(checkpoint);
}

std::vector<fs::path> artefact_names(const HeadChoice& choice, const spec::ModelConfig& model,
                                     const std::vector<Artefact>& formats) {
  std::vector<fs::path> names;
  for (const Artefact format : formats) {
    if (const auto picture = picture_format(format)) {
      const std::vector<fs::path> pictures = picture_names(choice, model, *picture);
      names.insert(names.end(), pictures.begin(), pictures.end());
    } else {
      names.emplace_back(format == Artefact::kJson ? kAttention : kTaps);
    }
  }
  return names;
}

std::vector<fs::path> write_artefacts(const checkpoint::Checkpoint& checkpoint,
                                      const Inspection& inspection, const HeadChoice& choice,
                                      const std::vector<Artefact>& formats, const fs::path& folder,
                                      int threads) {
  require_formats(checkpoint, formats);
  require_heads(choice, checkpoint.config.model);
  const bool pictures = std::any_of(formats.begin(), formats.end(), [](Artefact format) {
    return picture_format(format).has_value();
  });
  if (pictures) require_pictures_fit(checkpoint, inspection, choice);  // before anything is written
  base::make_folder(folder);
  std::vector<fs::path> files;
  for (const Artefact format : formats) {
    if (const auto picture = picture_format(format)) {
      const std::vector<fs::path> drawn =
          draw_pictures(checkpoint, inspection, choice, folder, *picture, threads);
      files.insert(files.end(), drawn.begin(), drawn.end());
    } else if (format == Artefact::kJson) {
      files.push_back(write_json(checkpoint, inspection, folder));
    } else {
      files.push_back(write_taps(checkpoint, inspection, folder));
    }
  }
  return files;
}

}  // namespace qkv::inspect
