#pragma once

/// Read by the leak checker of the address sanitizer; for one file of a test program that draws.
/// What these libraries keep is theirs: fontconfig its configuration, Cairo 1.16 a table for each
/// CFF font of a PDF.
extern "C" const char* __lsan_default_suppressions() {  // NOLINT(bugprone-reserved-identifier)
  return "leak:libfontconfig\nleak:libexpat\nleak:libcairo\n";
}
