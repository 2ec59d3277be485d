sse_test(event_log_test
  SOURCES event_log_test.cc
  LIBS backend_event_log
  LABELS unit)
sse_test(serial_queue_test
  SOURCES serial_queue_test.cc
  LIBS backend_tasks
  LABELS unit)
sse_test(notifications_service_test
  SOURCES notifications_service_test.cc
  LIBS backend_notifications
  LABELS unit)
sse_test(tasks_service_test
  SOURCES tasks_service_test.cc
  LIBS backend_tasks
  LABELS unit)
