# Path templates and the router; do not depend on protobuf.
sse_library(bridge_schema_path
  SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/path_router.cc
    ${CMAKE_CURRENT_LIST_DIR}/path_template.cc
  PUBLIC absl::flat_hash_map absl::span absl::statusor absl::strings
  PRIVATE bridge_base absl::algorithm_container)
