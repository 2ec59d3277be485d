sse_test(call_meter_test
  SOURCES call_meter_test.cc
  LIBS backend_metrics
  LABELS unit)
