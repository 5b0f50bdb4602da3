# Finds a libtorch 2.x and defines the imported target Libtorch::libtorch.
#
# Searches only LIBTORCH (a variable or the environment) if that is set; otherwise
# CMAKE_PREFIX_PATH (likewise), then Libtorch_HINT, which the caller may set. Each may be the
# libtorch folder itself or a folder with torch/ in it.
#
# PyTorch's own CMake config is not used: in a CUDA wheel, it requires a CUDA toolkit, which is not
# needed to run such a build.

# Searched again each time, so that a changed LIBTORCH takes effect.
set(_places ${CMAKE_PREFIX_PATH})
cmake_path(CONVERT "$ENV{CMAKE_PREFIX_PATH}" TO_CMAKE_PATH_LIST _more)
list(APPEND _places ${_more} ${Libtorch_HINT})
if(LIBTORCH)
  set(_places ${LIBTORCH})
elseif(NOT "$ENV{LIBTORCH}" STREQUAL "")
  cmake_path(CONVERT "$ENV{LIBTORCH}" TO_CMAKE_PATH_LIST _places)
endif()

set(Libtorch_ROOT_DIR "")
foreach(_place IN LISTS _places)
  foreach(_folder ${_place} ${_place}/torch)
    if(NOT Libtorch_ROOT_DIR AND EXISTS ${_folder}/include/torch/csrc/api/include/torch/torch.h)
      file(REAL_PATH ${_folder} Libtorch_ROOT_DIR BASE_DIRECTORY ${CMAKE_SOURCE_DIR})
    endif()
  endforeach()
endforeach()

set(_reason "")
if(Libtorch_ROOT_DIR)
  set(_include ${Libtorch_ROOT_DIR}/include)
  set(_lib ${Libtorch_ROOT_DIR}/lib)
  set(Libtorch_VERSION "")
  foreach(_header torch/headeronly/version.h torch/csrc/api/include/torch/version.h)
    if(NOT Libtorch_VERSION AND EXISTS ${_include}/${_header})
      file(STRINGS ${_include}/${_header} _lines REGEX "#define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
      if(_lines MATCHES "MAJOR ([0-9]+).*MINOR ([0-9]+).*PATCH ([0-9]+)")
        set(Libtorch_VERSION ${CMAKE_MATCH_1}.${CMAKE_MATCH_2}.${CMAKE_MATCH_3})
      endif()
    endif()
  endforeach()
  if(NOT Libtorch_VERSION MATCHES "^2\\.")
    set(_reason "${Libtorch_ROOT_DIR} holds libtorch ${Libtorch_VERSION}; qkv needs 2.x")
  elseif(NOT EXISTS ${_lib}/libtorch_cpu.so OR NOT EXISTS ${_lib}/libc10.so)
    set(_reason "${_lib} lacks libtorch_cpu.so or libc10.so")
  else()
    file(STRINGS ${_lib}/libc10.so _cxx11 REGEX "cxx11" LIMIT_COUNT 1)
    if(NOT _cxx11)
      set(_reason "${Libtorch_ROOT_DIR} is built with the old C++ ABI; qkv needs the C++11 ABI")
    endif()
  endif()
else()
  list(JOIN _places ", " _places)
  set(_reason "no libtorch found in [${_places}]: run tools/setup, or set LIBTORCH to a libtorch 2.x folder")
endif()

if(_reason AND Libtorch_FIND_REQUIRED)
  message(FATAL_ERROR "${_reason}")
elseif(_reason)
  set(Libtorch_ROOT_DIR "")
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Libtorch
  REQUIRED_VARS Libtorch_ROOT_DIR VERSION_VAR Libtorch_VERSION)

if(Libtorch_FOUND AND NOT TARGET Libtorch::libtorch)
  add_library(Libtorch::libtorch INTERFACE IMPORTED)
  target_include_directories(Libtorch::libtorch SYSTEM INTERFACE
    ${_include} ${_include}/torch/csrc/api/include)
  target_link_libraries(Libtorch::libtorch INTERFACE ${_lib}/libtorch_cpu.so ${_lib}/libc10.so)
  if(EXISTS ${_lib}/libtorch_cuda.so)
    # No symbol refers to these libraries: they register themselves when loaded.
    target_link_options(Libtorch::libtorch INTERFACE
      "LINKER:--no-as-needed,${_lib}/libtorch_cuda.so,${_lib}/libc10_cuda.so,--as-needed")
    if(NOT EXISTS ${_include}/ATen/accelerator/Graph.h)
      # Before 2.13, libtorch's CUDA graphs need CUDA's headers; without them, each operation of a step
      # is launched separately.
      find_path(Libtorch_CUDA_INCLUDE cuda_runtime_api.h
        HINTS ENV CUDA_HOME PATHS /usr/local/cuda PATH_SUFFIXES include)
      mark_as_advanced(Libtorch_CUDA_INCLUDE)
      if(Libtorch_CUDA_INCLUDE)
        target_include_directories(Libtorch::libtorch SYSTEM INTERFACE ${Libtorch_CUDA_INCLUDE})
        target_compile_definitions(Libtorch::libtorch INTERFACE QKV_CUDA_GRAPH)
      endif()
    endif()
  endif()
endif()
