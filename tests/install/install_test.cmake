# Installs the build in BUILD into a scratch folder, runs what was installed, then configures, builds
# and runs a project that finds qkv there, the example of docs/library.md among it.  cmake -DBUILD=... -P install_test.cmake

# Away from the build and with no hint in the environment: nothing may be found there by chance.
unset(ENV{LIBTORCH})
unset(ENV{CMAKE_PREFIX_PATH})
set(scratch ${BUILD}/install_test)
set(prefix ${scratch}/prefix)
file(REMOVE_RECURSE ${scratch})

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}: ${status}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

function(expect found expected what)
  if(NOT found STREQUAL expected)
    message(FATAL_ERROR "${what}: found \"${found}\", expected \"${expected}\"")
  endif()
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})
file(GLOB programs ${prefix}/bin/*)
foreach(program ${programs})
  run(${program} --version)
endforeach()

file(READ ${CMAKE_CURRENT_LIST_DIR}/../../docs/library.md page)
if(NOT page MATCHES "```cpp\n([^`]*)```")
  message(FATAL_ERROR "docs/library.md: found no example in C++")
endif()
file(WRITE ${scratch}/example.cc "${CMAKE_MATCH_1}")

run(${CMAKE_COMMAND} -G Ninja -S ${CMAKE_CURRENT_LIST_DIR}/consumer -B ${scratch}/consumer
  -DCMAKE_PREFIX_PATH=${prefix} -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_CXX_FLAGS=${FLAGS}
  -DEXAMPLE=${scratch}/example.cc)
run(${CMAKE_COMMAND} --build ${scratch}/consumer)
file(WRITE ${scratch}/config.json "{\"data\": {\"train\": [\"text.txt\"]}, \"model\": {\"width\": 48}}")
run(${scratch}/consumer/consumer ${scratch}/config.json)
expect("${output}" "48\n" "the consumer's output")
if(EXISTS ${scratch}/consumer/torch_consumer)
  run(${scratch}/consumer/torch_consumer)
  expect("${output}" "4\n" "the torch consumer's output")
endif()
file(REMOVE_RECURSE ${scratch})
