sse_test(schema_path_test
  SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/path_router_test.cc
    ${CMAKE_CURRENT_LIST_DIR}/path_template_test.cc
  LIBS bridge_schema_path
  LABELS unit)
