#pragma once

/// Read by the leak checker of the address sanitizer; included in one file of a test program that
/// draws. These leaks are in other libraries: fontconfig keeps its configuration, Cairo 1.16 a
/// table for each CFF font of a PDF.
extern "C" const char* __lsan_default_suppressions() {  // NOLINT(bugprone-reserved-identifier)
  return "leak:libfontconfig\nleak:libexpat\nleak:libcairo\n";
}
