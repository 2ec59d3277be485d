sse_test(transcode_request_test
  SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/field_text_test.cc
    ${CMAKE_CURRENT_LIST_DIR}/json_document_test.cc
    ${CMAKE_CURRENT_LIST_DIR}/json_known_test.cc
    ${CMAKE_CURRENT_LIST_DIR}/json_request_test.cc
    ${CMAKE_CURRENT_LIST_DIR}/name_patterns_test.cc
    ${CMAKE_CURRENT_LIST_DIR}/query_params_test.cc
    ${CMAKE_CURRENT_LIST_DIR}/request_binder_test.cc
    ${CMAKE_CURRENT_LIST_DIR}/request_test_schema.cc
    ${CMAKE_CURRENT_LIST_DIR}/scalar_text_test.cc
  LIBS bridge_transcode_request gen_options absl::strings absl::cord
  LABELS unit)
