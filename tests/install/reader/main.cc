#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/error.h"
#include "base/log.h"
#include "config/config.h"

// Loads the config named by argv[1] and prints its width.
int main(int argc, char** argv) {
  if (argc != 2) return 2;
  try {
    qkv::base::log::set_level("info");
    std::cout << qkv::config::load_config(argv[1]).model.width << "\n";
    return 0;
  } catch (const qkv::base::Error& error) {
    std::cerr << error.what() << "\n";
    return 2;
  }
}
