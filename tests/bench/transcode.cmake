find_package(benchmark QUIET)
if(benchmark_FOUND)
  add_executable(transcode_bench
    ${CMAKE_CURRENT_LIST_DIR}/counted_allocations.cc
    ${CMAKE_CURRENT_LIST_DIR}/hand_coded.cc
    ${CMAKE_CURRENT_LIST_DIR}/transcode_bench.cc)
  target_link_libraries(transcode_bench PRIVATE
    project_options bridge_transcode gen_realtime benchmark::benchmark)
endif()
