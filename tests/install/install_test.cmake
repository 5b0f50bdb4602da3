# Installs the build in BUILD into a scratch folder, runs what was installed, then configures, builds
# and runs two projects that find qkv there, with the programs of docs/library.md.  cmake -DBUILD=... -P install_test.cmake

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

# The programs of docs/library.md, each named like its section.
file(READ ${CMAKE_CURRENT_LIST_DIR}/../../docs/library.md page)
foreach(name Train Read Inspect)
  if(NOT page MATCHES "\n## ${name}\n[^`]*(`[^`]+`[^`]*)*```cpp\n([^`]*)```")
    message(FATAL_ERROR "docs/library.md: found no program in the section ${name}")
  endif()
  file(WRITE ${scratch}/${name}.cc "${CMAKE_MATCH_2}")
endforeach()

foreach(project consumer reader)
  set(options -G Ninja -DCMAKE_PREFIX_PATH=${prefix} -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_CXX_FLAGS=${FLAGS}
    -DEXAMPLES=${scratch})
  if(project STREQUAL reader)
    list(APPEND options -DCMAKE_DISABLE_FIND_PACKAGE_Libtorch=ON -DCMAKE_DISABLE_FIND_PACKAGE_Eigen3=ON)
  endif()
  run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/${project} -B ${scratch}/${project} ${options})
  run(${CMAKE_COMMAND} --build ${scratch}/${project})
endforeach()

run(${scratch}/consumer/torch_consumer)
expect("${output}" "4\n" "the output of torch_consumer")
string(REPEAT "the cat drank the milk. the cat sleeps.\n" 100 text)
file(WRITE ${scratch}/text.txt "${text}")
file(WRITE ${scratch}/config.json [[{"data": {"train": ["text.txt"]}, "training": {"steps": 2},
  "model": {"width": 16, "heads": 2, "layers": 1, "context": 16}}]])
run(${scratch}/reader/consumer ${scratch}/config.json)
expect("${output}" "16\n" "the output of consumer")
set(ENV{QKV_CACHE} ${scratch}/cache)
run(${scratch}/consumer/train ${scratch}/config.json ${scratch}/run)
run(${scratch}/reader/Read ${scratch}/run)
if(NOT output MATCHES "^the cat.*\n?-[0-9.]+\n-[0-9.]+\n")
  message(FATAL_ERROR "the program that reads: found \"${output}\"")
endif()
run(${scratch}/reader/Inspect ${scratch}/run ${scratch}/look)
if(NOT output MATCHES "^1 0 " OR NOT EXISTS ${scratch}/look/heads.png)
  message(FATAL_ERROR "the program that inspects: found \"${output}\"")
endif()
file(REMOVE_RECURSE ${scratch})
