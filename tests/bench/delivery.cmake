# Run by hand: what delivery costs over a plain loop of writes.
add_executable(delivery_bench ${CMAKE_SOURCE_DIR}/tests/bench/delivery_bench.cc)
target_link_libraries(delivery_bench PRIVATE project_options bridge_delivery)

# What scripts/bench.sh builds for fanout, connections and their like, beside
# the bridge itself. Not part of `all`.
add_executable(sseload EXCLUDE_FROM_ALL
  load_worker.cc process_usage.cc sseload.cc)
target_link_libraries(sseload PRIVATE
  project_options OpenSSL::SSL Threads::Threads)
add_executable(rawfan EXCLUDE_FROM_ALL rawfan.cc)
target_link_libraries(rawfan PRIVATE project_options)
add_executable(httplib-bridge EXCLUDE_FROM_ALL peers/httplib_bridge.cc)
target_link_libraries(httplib-bridge PRIVATE project_options load_proto
  PkgConfig::httplib Threads::Threads)
add_executable(unary-backend EXCLUDE_FROM_ALL unary_backend.cc)
target_link_libraries(unary-backend PRIVATE project_options PkgConfig::nghttp2
  Threads::Threads)
add_custom_target(bench_tools
  DEPENDS sse-bridge load-backend sseload rawfan httplib-bridge)
