#ifndef SSE_BRIDGE_TESTS_BENCH_LOAD_WORKER_H_
#define SSE_BRIDGE_TESTS_BENCH_LOAD_WORKER_H_

#include <openssl/ssl.h>
#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/bench/http2_frames.h"
#include "tests/bench/load_options.h"

namespace sse_bridge::bench {

// What every worker looks at.
struct LoadPhase {
  std::atomic<bool> measuring{false};
  std::atomic<bool> stop{false};
};

struct SslDeleter {
  void operator()(SSL* session) const { SSL_free(session); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

// One thread's share of the connections.
class LoadWorker {
 public:
  struct Connection {
    int fd = -1;
    std::unique_ptr<SSL, SslDeleter> tls;
    bool connected = false;  // and the request was sent
    bool answered = false;
    bool slow = false;
    bool ok = false;         // answered with 200
    bool at_line = true;     // the next byte begins a line
    uint32_t next = 0;       // the sequence number that comes next; 0: any
    uint32_t segments = 0;   // TCP segments when the measurement began
    uint64_t events = 0;     // while it was measured
    int64_t asked_ns = 0;    // 0 once the first event has come
    std::string head;        // until it is complete
    std::string tail;        // the beginning of a line, without its end
    std::vector<int> wants;  // symbols, sorted
    std::vector<bool> has;   // of `wants`
    // With HTTP/2, the first of a TCP connection's streams has what all share.
    std::unique_ptr<Http2Frames> frames;
  };
  struct Result {
    int answered = 0;
    int ok = 0;
    int failed = 0;  // without an answer
    int closed = 0;  // after their answer
    uint64_t events = 0;
    uint64_t bytes = 0;
    uint64_t lost = 0;       // sequence numbers that were left out
    uint64_t repeated = 0;   // or came again, or came late
    uint64_t strangers = 0;  // events of symbols that were not asked for
    uint64_t missing = 0;    // symbols that were, and of which none came
    uint64_t sampled_events = 0;
    uint64_t sampled_segments = 0;
    std::vector<float> latencies_us;
    std::vector<float> first_ms;        // from the request to the first event
    std::vector<uint64_t> events_each;  // of those that read
  };

  LoadWorker(const LoadOptions& options, int index, LoadPhase* phase);

  void Start();
  // After phase->stop.
  const Result& Join();

  // Connections with an answer or without hope; and those with an answer.
  int decided() const { return decided_.load(std::memory_order_relaxed); }
  int answered() const { return answered_.load(std::memory_order_relaxed); }

 private:
  void Run();
  void Open(int index);
  void OnEvent(Connection* c, uint32_t events);
  // True: the handshake is done.
  bool Shake(Connection* c);
  void Watch(Connection* c, uint32_t events);
  void Read(Connection* c);
  void OnBytes(Connection* c, std::string_view bytes);
  void OnLine(Connection* c, std::string_view line);
  void Fail(Connection* c);
  void BeginMeasuring();
  void EndMeasuring();
  std::string Request(Connection* c);
  std::string Http2Requests(Connection* first);
  std::string PathOf(Connection* c);
  const std::string* EachHeader(const Connection* c) const;
  void ReadFrames(Connection* first, std::string_view bytes);
  void Answered(Connection* c, bool ok);
  // How many entries of connections_ a TCP connection has.
  int per_socket() const { return options_.streams > 0 ? options_.streams : 1; }

  const LoadOptions& options_;
  const int index_;
  LoadPhase* const phase_;
  const bool lines_;  // each event's line is looked at
  std::thread thread_;
  std::atomic<int> decided_{0};
  std::atomic<int> answered_{0};
  bool measuring_ = false;
  int epoll_ = -1;
  std::unique_ptr<SSL_CTX, SslDeleter> tls_;
  std::mt19937 random_;
  std::vector<char> buffer_;
  std::vector<Connection> connections_;
  Result result_;
};

}  // namespace sse_bridge::bench

#endif  // SSE_BRIDGE_TESTS_BENCH_LOAD_WORKER_H_
