#include "bridge/ops/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace sse_bridge {
namespace {

using ::prometheus::ClientMetric;
using ::prometheus::MetricFamily;
using ::prometheus::MetricType;

constexpr double kNanosPerSecond = 1e9;

class Families {
 public:
  void Number(MetricType type, const std::string& name, const std::string& help,
              double value) {
    Add(type, name, help, {}, value);
  }

  // Adds a counter with one or two labels. An empty `second` means one.
  void Counter(const LabelledCounter* counter, const std::string& name,
               const std::string& help, const std::string& first,
               const std::string& second = "") {
    if (counter != nullptr)
      Counts(counter->Snapshot(), name, help, first, second);
  }

  void Counts(const std::map<LabelledCounter::Labels, int64_t>& counts,
              const std::string& name, const std::string& help,
              const std::string& first, const std::string& second = "") {
    Family(MetricType::Counter, name, help);
    for (const auto& [labels, value] : counts) {
      std::vector<ClientMetric::Label> named = {{first, labels.first}};
      if (!second.empty()) named.push_back({second, labels.second});
      Add(MetricType::Counter, name, help, std::move(named),
          static_cast<double>(value));
    }
  }

  void Add(MetricType type, const std::string& name, const std::string& help,
           std::vector<ClientMetric::Label> labels, double value) {
    ClientMetric metric;
    metric.label = std::move(labels);
    if (type == MetricType::Counter) metric.counter.value = value;
    if (type == MetricType::Gauge) metric.gauge.value = value;
    Family(type, name, help)->metric.push_back(std::move(metric));
  }

  void Histogram(const std::string& name, const std::string& help,
                 const HistogramStats& stats) {
    ClientMetric metric;
    uint64_t count = 0;
    for (size_t i = 0; i < stats.counts.size(); ++i) {
      count += stats.counts[i];
      // The last bucket has no bound and equals the count.
      if (i + 1 == stats.counts.size()) break;
      metric.histogram.bucket.push_back(
          {count, static_cast<double>(HistogramStats::UpperBound(i)) /
                      kNanosPerSecond});
    }
    metric.histogram.sample_count = count;
    metric.histogram.sample_sum =
        static_cast<double>(stats.sum_nanos) / kNanosPerSecond;
    Family(MetricType::Histogram, name, help)->metric.push_back(metric);
  }

  const std::vector<MetricFamily>& all() const { return families_; }

 private:
  MetricFamily* Family(MetricType type, const std::string& name,
                       const std::string& help) {
    if (families_.empty() || families_.back().name != name) {
      MetricFamily family;
      family.type = type;
      family.name = name;
      family.help = help;
      families_.push_back(std::move(family));
    }
    return &families_.back();
  }

  std::vector<MetricFamily> families_;
};

void AddDelivery(const DeliveryStats& stats, Families* out) {
  const auto counter = [out](const char* name, const char* help,
                             uint64_t value) {
    out->Number(MetricType::Counter, absl::StrCat("sse_bridge_", name), help,
                static_cast<double>(value));
  };
  counter("events_sent_total", "Events written completely to sockets.",
          stats.events);
  counter("bytes_sent_total", "Bytes of streams written to sockets.",
          stats.bytes);
  counter("gzip_plain_bytes_total",
          "Bytes of compressed streams before compression.",
          stats.gzip_plain_bytes);
  counter("gzip_bytes_total", "Bytes of compressed streams after compression.",
          stats.gzip_bytes);
  counter("writes_total", "Send system calls for streams.", stats.writes);
  counter("keep_alives_total", "Pings sent to idle streams.",
          stats.keep_alives);
  counter("events_conflated_total", "Queued events replaced by newer ones.",
          stats.conflated);
  counter("events_dropped_total",
          "Events dropped because a connection's queue was full.",
          stats.dropped);
  counter("slow_disconnects_total",
          "Streams ended because the client read too slowly.",
          stats.slow_disconnects);
  out->Number(MetricType::Gauge, "sse_bridge_queue_bytes",
              "Bytes queued for slow clients.",
              static_cast<double>(stats.queue_bytes));
  out->Number(MetricType::Gauge, "sse_bridge_connections_open",
              "Connections that carry streams.",
              static_cast<double>(stats.open));
  out->Histogram(
      "sse_bridge_delivery_latency_seconds",
      "Time from a message's arrival to its sending, per message and loop.",
      stats.latency);
  out->Histogram("sse_bridge_loop_lag_seconds",
                 "Time that a delivery loop was busy between two polls.",
                 stats.lag);
}

void AddLifecycle(const JsonAccessLog::Counts& counts, Families* out) {
  // Read `ended` before `opened`, so that no difference is negative.
  const auto ended = counts.ended.Snapshot();
  const auto opened = counts.opened.Snapshot();
  std::map<std::string, int64_t> open;
  for (const auto& [labels, value] : opened) open[labels.first] += value;
  for (const auto& [labels, value] : ended) open[labels.first] -= value;
  for (const auto& [method, value] : open) {
    out->Add(MetricType::Gauge, "sse_bridge_streams_open", "Open streams.",
             {{"method", method}}, static_cast<double>(value));
  }
  out->Counts(opened, "sse_bridge_streams_opened_total", "Streams opened.",
              "method");
  out->Counts(ended, "sse_bridge_streams_ended_total",
              "Streams ended, by reason.", "method", "reason");
  out->Counter(
      &counts.refused, "sse_bridge_streams_refused_total",
      "Requests for streams answered with an error, by google.rpc.Code.",
      "method", "code");
}

}  // namespace

std::string MetricsText(const MetricSources& sources) {
  Families out;
  out.Add(MetricType::Gauge, "sse_bridge_info", "The bridge's version.",
          {{"version", sources.version}}, 1);
  if (sources.draining) {
    out.Number(MetricType::Gauge, "sse_bridge_draining",
               "1 while the bridge is draining.", sources.draining() ? 1 : 0);
  }
  if (sources.lifecycle != nullptr) {
    AddLifecycle(sources.lifecycle->counts(), &out);
  }
  if (sources.delivery) AddDelivery(sources.delivery(), &out);
  out.Counter(sources.upstream_started, "sse_bridge_upstream_calls_total",
              "Calls to backends.", "method");
  out.Counter(sources.upstream_ended, "sse_bridge_upstream_calls_ended_total",
              "Ended calls to backends, by google.rpc.Code.", "method", "code");
  out.Counter(
      sources.upstream_reconnects, "sse_bridge_upstream_reconnects_total",
      "Calls restarted after the connection to a backend was lost.", "method");
  out.Counter(sources.http_errors, "sse_bridge_http_errors_total",
              "Requests answered with an error, by google.rpc.Code.", "code");
  out.Counter(sources.http_rejections, "sse_bridge_gate_rejections_total",
              "Requests rejected by the listener, by HTTP status.", "status");
  if (sources.http2_connections) {
    out.Number(MetricType::Gauge, "sse_bridge_http2_connections",
               "Open HTTP/2 connections.",
               static_cast<double>(sources.http2_connections()));
    out.Counter(sources.http2_ended, "sse_bridge_http2_connections_ended_total",
                "HTTP/2 connections that were ended because of their client, "
                "by reason.",
                "reason");
  }
  out.Counter(
      sources.auth_failures, "sse_bridge_auth_failures_total",
      "Requests that failed authentication or authorization, by reason.",
      "reason");
  out.Counter(sources.admissions, "sse_bridge_admissions_total",
              "Calls that admit clients to streams, by result.", "method",
              "result");
  if (sources.admission_sessions) {
    out.Number(MetricType::Gauge, "sse_bridge_admission_sessions",
               "Sessions of clients in streams with an admission.",
               static_cast<double>(sources.admission_sessions()));
  }
  if (sources.leaves_waiting) {
    out.Number(MetricType::Gauge, "sse_bridge_admission_leaves_waiting",
               "Ended sessions of which a backend has yet to be told.",
               static_cast<double>(sources.leaves_waiting()));
  }
  if (sources.multiplexed_streams) {
    out.Number(MetricType::Gauge, "sse_bridge_multiplexed_streams",
               "Upstream streams that share a call with others.",
               static_cast<double>(sources.multiplexed_streams()));
  }
  return prometheus::TextSerializer().Serialize(out.all());
}

}  // namespace sse_bridge
