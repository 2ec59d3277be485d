// sseload: opens many SSE connections and counts what arrives. Prints one line
// of JSON.
//
//   sseload --port P --path /x [OPTION...]
//
//   --connections N   100
//   --header 'K: V'   sent with each request; repeatable
//   --headers FILE    a header a line, for the connections in turn
//   --tls             HTTPS; certificates are not looked at
//   --streams N       HTTP/2 (prior knowledge, or ALPN), with so many of the
//                     connections as streams of one TCP connection
//   --slow N          the first N never read their events
//   --ramp N          connections begun a second, 20000
//   --threads N       1
//   --warmup S        between the last answer and the measurement, 1
//   --seconds S       of the measurement, 3
//   --give-up S       in which every connection must be answered, 60
//   --address N       the first source address is 127.0.0.N, 2
//   --stamp TEXT      nanoseconds since 1970 follow TEXT in each event: latency
//   --sequence TEXT   numbers that count up follow TEXT: what is lost or comes
//                     twice
//   --symbols K/M     each asks for K of the symbols S0 to S(M-1) at random and
//                     must get these only
//   --pid N           CPU time and memory of this process; repeatable
//   --hold            after a line "open", waits for a line on stdin before the
//                     warm-up
//
// One process holds no more connections than its descriptor limit allows.

#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/bench/load_worker.h"
#include "tests/bench/process_usage.h"

namespace sse_bridge::bench {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

void Sleep(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

bool Parse(int argc, char** argv, LoadOptions* o, bool* hold) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--hold") {
      *hold = true;
      continue;
    }
    if (name == "--tls") {
      o->tls = true;
      continue;
    }
    if (i + 1 == argc) return false;
    const std::string value = argv[++i];
    if (name == "--port") {
      o->port = std::atoi(value.c_str());
    } else if (name == "--path") {
      o->path = value;
    } else if (name == "--header") {
      o->headers.push_back(value);
    } else if (name == "--headers") {
      std::ifstream file(value);
      for (std::string line; std::getline(file, line);) {
        o->each_header.push_back(line);
      }
      if (o->each_header.empty()) return false;
    } else if (name == "--connections") {
      o->connections = std::atoi(value.c_str());
    } else if (name == "--streams") {
      o->streams = std::atoi(value.c_str());
    } else if (name == "--slow") {
      o->slow = std::atoi(value.c_str());
    } else if (name == "--ramp") {
      o->ramp = std::atof(value.c_str());
    } else if (name == "--threads") {
      o->threads = std::max(1, std::atoi(value.c_str()));
    } else if (name == "--warmup") {
      o->warmup = std::atof(value.c_str());
    } else if (name == "--seconds") {
      o->seconds = std::atof(value.c_str());
    } else if (name == "--give-up") {
      o->give_up = std::atof(value.c_str());
    } else if (name == "--address") {
      o->address = std::atoi(value.c_str());
    } else if (name == "--stamp") {
      o->stamp = value;
    } else if (name == "--sequence") {
      o->sequence = value;
    } else if (name == "--pid") {
      o->pids.push_back(std::atoi(value.c_str()));
    } else if (name == "--symbols") {
      if (std::sscanf(value.c_str(), "%d/%d", &o->symbols, &o->all_symbols) !=
              2 ||
          o->symbols > o->all_symbols) {
        return false;
      }
    } else {
      return false;
    }
  }
  return o->port > 0 && o->connections > 0;
}

template <typename T>
double Quantile(const std::vector<T>& sorted, double part) {
  if (sorted.empty()) return 0;
  const auto at =
      static_cast<size_t>(part * static_cast<double>(sorted.size()));
  return static_cast<double>(sorted[std::min(at, sorted.size() - 1)]);
}

int Main(int argc, char** argv) {
  LoadOptions options;
  bool hold = false;
  if (!Parse(argc, argv, &options, &hold)) {
    std::fprintf(stderr, "sseload: wrong options; see sseload.cc\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);

  LoadPhase phase;
  const ProcessUsage before = UsageOf(options.pids);
  std::vector<std::unique_ptr<LoadWorker>> workers;
  const Clock::time_point begin = Clock::now();
  for (int i = 0; i < options.threads; ++i) {
    workers.push_back(std::make_unique<LoadWorker>(options, i, &phase));
    workers.back()->Start();
  }
  const auto decided = [&] {
    int sum = 0;
    for (const auto& worker : workers) sum += worker->decided();
    return sum;
  };
  while (decided() < options.connections &&
         SecondsSince(begin) < options.give_up) {
    Sleep(0.002);
  }
  const double opening = SecondsSince(begin);
  if (hold) {
    std::printf("open\n");
    std::fflush(stdout);
    for (int c; (c = std::getchar()) != '\n' && c != EOF;) {
    }
  }
  Sleep(options.warmup);
  const ProcessUsage first = UsageOf(options.pids);
  const Clock::time_point measuring = Clock::now();
  phase.measuring = true;
  Sleep(options.seconds);
  phase.measuring = false;
  const double measured = SecondsSince(measuring);
  const ProcessUsage last = UsageOf(options.pids);
  Sleep(0.1);  // for the workers to see it
  phase.stop = true;

  LoadWorker::Result sum;
  for (const auto& worker : workers) {
    const LoadWorker::Result& r = worker->Join();
    sum.answered += r.answered;
    sum.ok += r.ok;
    sum.failed += r.failed;
    sum.closed += r.closed;
    sum.events += r.events;
    sum.bytes += r.bytes;
    sum.lost += r.lost;
    sum.repeated += r.repeated;
    sum.strangers += r.strangers;
    sum.missing += r.missing;
    sum.sampled_events += r.sampled_events;
    sum.sampled_segments += r.sampled_segments;
    sum.latencies_us.insert(sum.latencies_us.end(), r.latencies_us.begin(),
                            r.latencies_us.end());
    sum.first_ms.insert(sum.first_ms.end(), r.first_ms.begin(),
                        r.first_ms.end());
    sum.events_each.insert(sum.events_each.end(), r.events_each.begin(),
                           r.events_each.end());
  }
  std::sort(sum.latencies_us.begin(), sum.latencies_us.end());
  std::sort(sum.events_each.begin(), sum.events_each.end());
  std::sort(sum.first_ms.begin(), sum.first_ms.end());
  const double cpu = last.cpu_seconds - first.cpu_seconds;
  const auto each = [&](const ProcessUsage& usage) {
    return static_cast<double>(usage.resident_bytes - before.resident_bytes) /
           options.connections;
  };
  std::printf(
      "{\"connections\":%d,\"ok\":%d,\"failed\":%d,\"closed\":%d,"
      "\"opening_s\":%.3f,\"seconds\":%.3f,\"events\":%lu,"
      "\"events_per_s\":%.0f,\"bytes_per_event\":%.1f,"
      "\"events_each\":{\"least\":%.0f,\"median\":%.0f,\"most\":%.0f},"
      "\"events_per_segment\":%.3f,\"lost\":%lu,\"repeated\":%lu,"
      "\"strangers\":%lu,\"missing\":%lu,"
      "\"latency_ms\":{\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f},"
      "\"first_ms\":{\"p50\":%.3f,\"p99\":%.3f,\"count\":%zu},"
      "\"cpu_s\":%.3f,\"cpu_us_per_event\":%.4f,"
      "\"bytes_each\":%.0f,\"bytes_each_after\":%.0f,"
      "\"resident_mb\":%.1f}\n",
      options.connections, sum.ok, options.connections - sum.answered,
      sum.closed, opening, measured, sum.events,
      static_cast<double>(sum.events) / measured,
      sum.events == 0
          ? 0
          : static_cast<double>(sum.bytes) / static_cast<double>(sum.events),
      Quantile(sum.events_each, 0), Quantile(sum.events_each, 0.5),
      Quantile(sum.events_each, 1),
      sum.sampled_segments == 0 ? 0
                                : static_cast<double>(sum.sampled_events) /
                                      static_cast<double>(sum.sampled_segments),
      sum.lost, sum.repeated, sum.strangers, sum.missing,
      Quantile(sum.latencies_us, 0.5) / 1000,
      Quantile(sum.latencies_us, 0.99) / 1000,
      Quantile(sum.latencies_us, 1) / 1000, Quantile(sum.first_ms, 0.5),
      Quantile(sum.first_ms, 0.99), sum.first_ms.size(), cpu,
      sum.events == 0 ? 0 : cpu * 1e6 / static_cast<double>(sum.events),
      each(first), each(last), static_cast<double>(last.resident_bytes) / 1e6);
  return 0;
}

}  // namespace
}  // namespace sse_bridge::bench

int main(int argc, char** argv) { return sse_bridge::bench::Main(argc, argv); }
