sse_test(event_log_contract_test
  SOURCES event_log_contract_test.cc
  LIBS backend_event_log redis_server_testing
  LABELS unit)
sse_test(sqlite_event_log_test
  SOURCES sqlite_event_log_test.cc
  LIBS backend_event_log
  LABELS unit)
sse_test(redis_event_log_test
  SOURCES redis_event_log_test.cc
  LIBS backend_event_log redis_server_testing
  LABELS unit)
sse_test(notifications_service_test
  SOURCES notifications_service_test.cc
  LIBS backend_notifications
  LABELS unit)
sse_test(tasks_service_test
  SOURCES tasks_service_test.cc
  LIBS backend_tasks
  LABELS unit)
sse_test(recent_events_test
  SOURCES recent_events_test.cc
  LIBS backend_event_log
  LABELS unit)
sse_test(channels_service_test
  SOURCES channels_service_test.cc
  LIBS backend_channels backend_event_log
  LABELS unit)
sse_test(presence_test
  SOURCES presence_test.cc
  LIBS backend_channels redis_server_testing
  LABELS unit)
