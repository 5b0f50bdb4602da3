#include "inspect/analysis.h"

#include "base/files.h"

namespace qkv::inspect {
namespace fs = std::filesystem;
namespace {

std::string picture_name(const std::string& name, render::PictureFormat format) {
  return name + render::extension(format);
}

std::string json_name(const Analysis& analysis) { return analysis.name() + ".json"; }

}  // namespace

std::vector<fs::path> finding_names(const Analysis& analysis,
                                    const std::vector<Artefact>& formats) {
  std::vector<fs::path> names;
  for (const Artefact format : formats) {
    if (const auto picture = picture_format(format)) {
      for (const std::string& name : analysis.pictures())
        names.emplace_back(picture_name(name, *picture));
    } else if (format == Artefact::kJson) {
      names.emplace_back(json_name(analysis));
    }
  }
  return names;
}

void write_finding(const Analysis& analysis, const Finding& finding,
                   const std::vector<Artefact>& formats, const fs::path& folder,
                   std::vector<fs::path>& files) {
  base::make_folder(folder);
  for (const Artefact format : formats) {
    if (const auto as = picture_format(format)) {
      for (const Picture& picture : finding.pictures) {
        files.push_back(folder / picture_name(picture.name, *as));
        picture.draw(files.back(), *as);
      }
    } else if (format == Artefact::kJson) {
      files.push_back(folder / json_name(analysis));
      base::write_file(files.back(), finding.json);
    }
  }
}

}  // namespace qkv::inspect
