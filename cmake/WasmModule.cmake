# The target qkv-wasm: the engine as a WebAssembly module, bin/qkv.wasm. It is there only if a clang is found that compiles
# for WebAssembly; on Debian: clang, lld, libc++-dev-wasm32 and libclang-rt-dev-wasm32. Otherwise, a line says why not.
# The sources are those of the native modules. Where the platform differs, NAME_wasm.cc takes the place of NAME.cc.

find_program(QKV_WASM_CXX NAMES clang++ clang++-14 DOC "compiler of the WebAssembly module")
set(compile ${QKV_WASM_CXX} --target=wasm32-wasi -msimd128 -std=c++20 -O2 -fno-math-errno -ffunction-sections -fdata-sections
  -Wall -Wextra -Werror)
# If its stack overflows, it ends with a trap instead of overwriting variables.
set(link ${QKV_WASM_CXX} --target=wasm32-wasi -mexec-model=reactor
  -Wl,--gc-sections,--strip-all,--stack-first,-z,stack-size=1048576)

set(reason "")
if(NOT QKV_WASM_CXX)
  set(reason "clang++ is not installed")
elseif(NOT QKV_WASM_CXX STREQUAL QKV_WASM_TRIED)
  set(probe ${PROJECT_BINARY_DIR}/wasm/probe)
  file(WRITE ${probe}.cc "#include <vector>\nstd::vector<float> values(1);\n")
  foreach(step "${compile};-fno-exceptions;-c;${probe}.cc;-o;${probe}.o" "${link};${probe}.o;-o;${probe}.wasm")
    if(NOT reason)
      execute_process(COMMAND ${step} RESULT_VARIABLE failed OUTPUT_VARIABLE output ERROR_VARIABLE output)
      if(failed)
        string(REGEX MATCH "[^\n]*error[^\n]*" reason "${output}")
        string(PREPEND reason "${QKV_WASM_CXX} failed (${failed}) ")
      endif()
    endif()
  endforeach()
endif()
if(reason)
  message(STATUS "No WebAssembly module (target qkv-wasm): ${reason}")
  return()
endif()
set(QKV_WASM_TRIED ${QKV_WASM_CXX} CACHE INTERNAL "the last compiler that made a WebAssembly module")

set(source ${PROJECT_SOURCE_DIR}/src)
file(GLOB sources RELATIVE ${source} CONFIGURE_DEPENDS ${source}/spec/*.cc ${source}/kernels/*.cc ${source}/kernels/*/*.cc
  ${source}/engine/*.cc ${source}/engine/*/*.cc ${source}/wasm/*.cc)
list(APPEND sources base/array.cc base/format.cc base/team_wasm.cc)
# What is only for training needs AMX, oneDNN or OpenMP. The linker drops all else that the module does not use.
list(FILTER sources EXCLUDE REGEX "_(amx|tiles)\\.cc$|^kernels/product\\.cc$|^engine/training/")
foreach(file IN LISTS sources)
  if(file MATCHES "(.*)_wasm\\.cc$")
    list(REMOVE_ITEM sources ${CMAKE_MATCH_1}.cc)
  endif()
endforeach()

set(objects "")
foreach(file IN LISTS sources)
  set(object ${PROJECT_BINARY_DIR}/wasm/${file}.o)
  get_filename_component(folder ${object} DIRECTORY)
  file(MAKE_DIRECTORY ${folder})
  add_custom_command(OUTPUT ${object}
    COMMAND ${CMAKE_CXX_COMPILER_LAUNCHER} ${compile} -I ${source} -MD -MF ${object}.d -c ${source}/${file} -o ${object}
    DEPENDS ${source}/${file} DEPFILE ${object}.d COMMENT "Compiling ${file} for WebAssembly" VERBATIM)
  list(APPEND objects ${object})
endforeach()
set(QKV_WASM_MODULE ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/qkv.wasm)
add_custom_command(OUTPUT ${QKV_WASM_MODULE}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}
  COMMAND ${link} ${objects} -o ${QKV_WASM_MODULE}
  DEPENDS ${objects} COMMENT "Linking qkv.wasm" VERBATIM)
add_custom_target(qkv-wasm ALL DEPENDS ${QKV_WASM_MODULE})
