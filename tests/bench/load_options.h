#ifndef SSE_BRIDGE_TESTS_BENCH_LOAD_OPTIONS_H_
#define SSE_BRIDGE_TESTS_BENCH_LOAD_OPTIONS_H_

#include <string>
#include <vector>

namespace sse_bridge::bench {

// What sseload was asked for: see its usage.
struct LoadOptions {
  int port = 0;
  std::string path = "/";
  std::vector<std::string> headers;
  std::vector<std::string> each_header;  // of each connection, in turn
  int connections = 100;
  // On HTTP/2, so many on each TCP connection; 0: HTTP/1.1.
  int streams = 0;
  bool tls = false;  // without a look at the certificate
  int slow = 0;      // of them, those that never read their events
  int threads = 1;
  double ramp = 20'000;  // connections begun a second
  double warmup = 1;     // seconds
  double seconds = 3;
  double give_up = 60;  // seconds until all must be answered
  int address = 2;      // the first source address is 127.0.0.ADDRESS
  std::string stamp;
  std::string sequence;
  int symbols = 0;      // of each connection
  int all_symbols = 0;  // that there are
  std::vector<int> pids;
};

}  // namespace sse_bridge::bench

#endif  // SSE_BRIDGE_TESTS_BENCH_LOAD_OPTIONS_H_
