# `cmake --install`: the programs, the configs with their data, and the library for find_package(qkv).
# src/CMakeLists.txt lists the targets and headers of the modules, tools/ the programs.
include(CMakePackageConfigHelpers)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/qkv)
get_property(rooms GLOBAL PROPERTY QKV_ROOMS)
get_property(torch_rooms GLOBAL PROPERTY QKV_TORCH_ROOMS)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/qkvConfig.cmake.in
  ${PROJECT_BINARY_DIR}/qkvConfig.cmake INSTALL_DESTINATION ${package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/qkvConfigVersion.cmake COMPATIBILITY SameMinorVersion)

install(EXPORT qkvTargets NAMESPACE qkv:: DESTINATION ${package})
install(FILES ${PROJECT_BINARY_DIR}/qkvConfig.cmake ${PROJECT_BINARY_DIR}/qkvConfigVersion.cmake
  ${CMAKE_CURRENT_LIST_DIR}/Dependencies.cmake ${CMAKE_CURRENT_LIST_DIR}/FindLibtorch.cmake
  DESTINATION ${package})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/configs ${PROJECT_SOURCE_DIR}/data
  DESTINATION ${CMAKE_INSTALL_DATADIR}/qkv OPTIONAL PATTERN own EXCLUDE)
