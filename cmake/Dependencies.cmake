# The libraries that the modules need. Included by the build and, once installed, by find_package(qkv). QKV_LIBTORCH:
# whether the modules are among them that include libtorch.
find_package(PkgConfig REQUIRED)
if(QKV_LIBTORCH)
  find_package(Libtorch REQUIRED)
endif()
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(spdlog REQUIRED)
pkg_check_modules(utf8proc REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(sentencepiece REQUIRED IMPORTED_TARGET sentencepiece)
pkg_check_modules(libdeflate REQUIRED IMPORTED_TARGET libdeflate)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(pangocairo REQUIRED IMPORTED_TARGET pangocairo cairo-pdf cairo-svg fontconfig)
