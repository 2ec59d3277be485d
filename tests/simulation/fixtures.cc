#include "tests/simulation/fixtures.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "tests/unit/schema/schema_testing.h"

namespace sse_bridge {
namespace {

constexpr char kSchema[] = R"(
import "google/protobuf/duration.proto";
service S {
  rpc Log(WatchRequest) returns (stream Response) {
    option (google.api.http) = { get: '/log/{topic}' response_body: 'text' };
    option (sse.v1.stream) = {
      shared: true id_from: 'id' resume_into: 'after'
    };
  }
  rpc Mine(WatchRequest) returns (stream Response) {
    option (google.api.http) = { get: '/mine' response_body: 'text' };
    option (sse.v1.access) = { subject_into: 'user' };
    option (sse.v1.stream) = { id_from: 'id' resume_into: 'after' };
  }
  rpc Rooms(WatchRequest) returns (stream Response) {
    option (google.api.http) = { get: '/rooms/{topic}' response_body: 'text' };
    option (sse.v1.access) = { subject_into: 'user' };
    option (sse.v1.stream) = {
      shared: true id_from: 'id' resume_into: 'after' only_to: 'only_to'
      admission {
        enter: 'test.S.Enter' leave: 'test.S.Leave' renew { seconds: 2 }
        greeting: 'hello' session_into: 'session' lease_into: 'lease'
        timeout { seconds: 2 }
      }
    };
  }
  rpc Prices(WatchRequest) returns (stream Response) {
    option (google.api.http) = { get: '/prices/{topic}' response_body: 'text' };
    option (sse.v1.stream) = {
      shared: true snapshot { what: LAST_PER_KEY key: 'key' }
      slow { policy: CONFLATE key: 'key' }
    };
  }
  rpc Job(WatchRequest) returns (stream Response) {
    option (google.api.http) = { get: '/jobs/{topic}' response_body: 'text' };
    option (sse.v1.stream) = { id_from: 'id' resume_into: 'after' };
  }
  rpc Get(GetRequest) returns (Response) {
    option (google.api.http) = { get: '/get/{name}' response_body: 'text' };
  }
  rpc Enter(EnterRequest) returns (EnterResponse) {
    option (sse.v1.access) = { subject_into: 'user' };
  }
  rpc Leave(LeaveRequest) returns (LeaveResponse);
}
message GetRequest { string name = 1; }
message WatchRequest { string topic = 1; string user = 2; string after = 3; }
message EnterRequest {
  string topic = 1; string user = 2; string after = 3; string session = 4;
  google.protobuf.Duration lease = 5;
}
message EnterResponse { Response hello = 1; }
message LeaveRequest { string topic = 1; string session = 4; }
message LeaveResponse {}
message Response {
  string id = 1; string key = 2; string text = 3; repeated string only_to = 4;
}
)";

}  // namespace

Fixtures Fixtures::Make() {
  Fixtures fixtures;
  for (auto& served : fixtures.served) {
    auto schema = LoadTestProto(kSchema);
    Require(schema.ok(), schema.status());
    auto made = ServedSchema::Create(*std::move(schema), {});
    Require(made.ok(), made.status());
    served = *std::move(made);
  }
  auto keys = KeySet::Parse(fixtures.key.secret(), "keys");
  Require(keys.ok(), keys.status());
  TokenVerifier::Options options;
  options.claims.leeway = absl::ZeroDuration();
  auto verifier = TokenVerifier::CreateWithKeys(options, *std::move(keys));
  Require(verifier.ok(), verifier.status());
  fixtures.verifier = *std::move(verifier);
  return fixtures;
}

void Require(bool holds, const absl::Status& status) {
  if (holds) return;
  fprintf(stderr, "simulation: %s\n", status.ToString().c_str());
  abort();
}

}  // namespace sse_bridge
