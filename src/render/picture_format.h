#pragma once

#include <filesystem>

namespace qkv::render {

enum class PictureFormat { kPng, kSvg, kPdf };

/// The ending of a picture file's name, ".png" and so on.
const char* extension(PictureFormat format);

/// The format that the ending of a file's name selects, in upper or lower case. Throws Error for
/// any other ending.
PictureFormat picture_format(const std::filesystem::path& path);

}  // namespace qkv::render
