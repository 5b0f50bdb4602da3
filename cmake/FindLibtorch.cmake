# Finds a libtorch 2.x and defines the imported target Libtorch::libtorch.
#
# Looked for, in this order: LIBTORCH (a variable or the environment), CMAKE_PREFIX_PATH, and
# build/libtorch, where tools/setup puts the one inside PyTorch's wheel. Each may be the libtorch
# folder itself or a folder with torch/ in it.
#
# PyTorch's own CMake config is not used: the one in a CUDA wheel demands a CUDA toolkit, which
# running such a build does not need.

set(LIBTORCH "$ENV{LIBTORCH}" CACHE PATH "a libtorch folder (holds include/ and lib/)")

find_path(Libtorch_ROOT_DIR include/torch/csrc/api/include/torch/torch.h
  HINTS ${LIBTORCH}
  PATHS ${CMAKE_PREFIX_PATH} ${CMAKE_CURRENT_LIST_DIR}/../build/libtorch
  PATH_SUFFIXES . torch
  NO_DEFAULT_PATH)

if(Libtorch_ROOT_DIR)
  set(_include ${Libtorch_ROOT_DIR}/include)
  find_library(Libtorch_CPU_LIBRARY torch_cpu PATHS ${Libtorch_ROOT_DIR}/lib NO_DEFAULT_PATH)
  find_library(Libtorch_C10_LIBRARY c10 PATHS ${Libtorch_ROOT_DIR}/lib NO_DEFAULT_PATH)
  find_library(Libtorch_CUDA_LIBRARY torch_cuda PATHS ${Libtorch_ROOT_DIR}/lib NO_DEFAULT_PATH)

  foreach(_header torch/headeronly/version.h torch/csrc/api/include/torch/version.h)
    if(NOT Libtorch_VERSION AND EXISTS ${_include}/${_header})
      file(STRINGS ${_include}/${_header} _lines REGEX "#define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
      if(_lines MATCHES "MAJOR ([0-9]+).*MINOR ([0-9]+).*PATCH ([0-9]+)")
        set(Libtorch_VERSION ${CMAKE_MATCH_1}.${CMAKE_MATCH_2}.${CMAKE_MATCH_3})
      endif()
    endif()
  endforeach()
  if(NOT Libtorch_VERSION MATCHES "^2\\.")
    set(Libtorch_REASON "${Libtorch_ROOT_DIR} holds libtorch ${Libtorch_VERSION}; qkv needs 2.x")
  endif()
  if(Libtorch_C10_LIBRARY)
    file(STRINGS ${Libtorch_C10_LIBRARY} _cxx11 REGEX "cxx11" LIMIT_COUNT 1)
    if(NOT _cxx11)
      set(Libtorch_REASON "${Libtorch_ROOT_DIR} is built with the old C++ ABI; qkv needs the C++11 ABI")
    endif()
  endif()
else()
  set(Libtorch_REASON "no libtorch found: run tools/setup, or set LIBTORCH to a libtorch 2.x folder")
endif()

if(Libtorch_REASON)
  if(Libtorch_FIND_REQUIRED)
    message(FATAL_ERROR "${Libtorch_REASON}")
  endif()
  set(Libtorch_FOUND FALSE)
  return()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Libtorch
  REQUIRED_VARS Libtorch_ROOT_DIR Libtorch_CPU_LIBRARY Libtorch_C10_LIBRARY
  VERSION_VAR Libtorch_VERSION)

if(Libtorch_FOUND AND NOT TARGET Libtorch::libtorch)
  add_library(Libtorch::libtorch INTERFACE IMPORTED)
  target_include_directories(Libtorch::libtorch SYSTEM INTERFACE
    ${_include} ${_include}/torch/csrc/api/include)
  target_link_libraries(Libtorch::libtorch INTERFACE ${Libtorch_CPU_LIBRARY} ${Libtorch_C10_LIBRARY})
  if(Libtorch_CUDA_LIBRARY)
    # Nothing refers to these by name: they register themselves when loaded.
    target_link_options(Libtorch::libtorch INTERFACE
      "LINKER:--no-as-needed,${Libtorch_CUDA_LIBRARY},${Libtorch_ROOT_DIR}/lib/libc10_cuda.so,--as-needed")
  endif()
endif()
mark_as_advanced(Libtorch_ROOT_DIR Libtorch_CPU_LIBRARY Libtorch_C10_LIBRARY Libtorch_CUDA_LIBRARY)
