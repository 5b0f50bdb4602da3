#include "render/picture_format.h"

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "base/format.h"

namespace qkv::render {

const char* extension(PictureFormat format) {
  switch (format) {
    case PictureFormat::kPng:
      return ".png";
    case PictureFormat::kSvg:
      return ".svg";
    case PictureFormat::kPdf:
      break;
  }
  return ".pdf";
}

PictureFormat picture_format(const std::filesystem::path& path) {
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char byte) { return static_cast<char>(std::tolower(byte)); });
  for (const PictureFormat format :
       {PictureFormat::kPng, PictureFormat::kSvg, PictureFormat::kPdf}) {
    if (ending == extension(format)) return format;
  }
  throw base::Error(base::concat(path.string(), ": found the ending ",
                                 base::quoted(path.extension().string()),
                                 ", expected .png, .svg or .pdf"));
}

}  // namespace qkv::render
