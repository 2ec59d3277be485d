sse_test(call_meter_test
  SOURCES call_meter_test.cc
  LIBS backend_metrics
  LABELS unit)
sse_test(multiplexer_service_test
  SOURCES multiplexer_service_test.cc
  LIBS backend_multiplexer
  LABELS unit)
sse_test(multiplexed_calls_test
  SOURCES multiplexed_calls_test.cc
  LIBS backend_multiplexer backend_stream bridge_upstream_multiplexer
    gen_realtime
    upstream_test_support
  LABELS unit)
