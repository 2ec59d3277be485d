# Run by hand: what delivery costs over a plain loop of writes.
add_executable(delivery_bench ${CMAKE_SOURCE_DIR}/tests/bench/delivery_bench.cc)
target_link_libraries(delivery_bench PRIVATE project_options bridge_delivery)
