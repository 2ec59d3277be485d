#include "bridge/schema/admission_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/schema/schema_testing.h"

namespace sse_bridge {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// A shared stream with these further options.
std::string WatchSchema(const std::string& options,
                        const std::string& sharing = "shared: true") {
  return R"(
import "google/protobuf/duration.proto";
service S {
  rpc Watch(WatchRequest) returns (stream Event) {
    option (google.api.http).get = '/watch';
    option (sse.v1.access) = { subject_into: 'user' };
    option (sse.v1.stream) = { )" +
         sharing + " id_from: 'id' resume_into: 'after' " + options + R"( };
  }
  rpc Enter(EnterRequest) returns (EnterResponse) {
    option (sse.v1.access) = { subject_into: 'user' };
  }
  rpc Leave(LeaveRequest) returns (LeaveResponse);
  rpc Wrong(WrongRequest) returns (EnterResponse);
  rpc Many(EnterRequest) returns (stream EnterResponse);
}
message WatchRequest { string room = 1; string user = 2; string after = 3; repeated int32 kinds = 4; }
message EnterRequest { string user = 1; string room = 2; repeated int32 kinds = 3;
  string session = 4; google.protobuf.Duration lease = 5; string after = 6; int32 number = 7; }
message EnterResponse { Event hello = 1; string text = 2; repeated Event events = 3; }
message LeaveRequest { string session = 1; string room = 2; }
message LeaveResponse {}
message WrongRequest { int32 room = 1; }
message Event { string id = 1; repeated string only_to = 2; string not_to = 3; int32 number = 4; }
)";
}

constexpr char kWhole[] =
    "admission { enter: 'test.S.Enter' leave: 'test.S.Leave' renew { seconds: "
    "20 } greeting: 'hello' session_into: 'session' lease_into: 'lease' } ";

std::string Admission(const std::string& fields) {
  return "admission { " + fields + " } ";
}

void ExpectRefused(const std::string& options, const std::string& reason,
                   const std::string& sharing = "shared: true") {
  EXPECT_THAT(
      LoadError(WatchSchema(options, sharing)),
      AllOf(HasSubstr("test.S.Watch: sse.v1.stream: "), HasSubstr(reason)))
      << options;
}

TEST(AdmissionChecksTest, ValidOptionsResolve) {
  const auto schema = LoadTestProto(
      WatchSchema(std::string(kWhole) + "only_to: 'only_to' not_to: 'not_to'"));
  ASSERT_TRUE(schema.ok()) << schema.status();
  const Method* method = (*schema)->FindMethod("test.S.Watch");
  ASSERT_NE(method, nullptr);
  EXPECT_TRUE(method->has_audiences());
  EXPECT_EQ(method->only_to.back()->name(), "only_to");
  ASSERT_NE(method->admission, nullptr);
  const AdmissionRule& rule = *method->admission;
  EXPECT_EQ(rule.enter.grpc_path, "/test.S/Enter");
  EXPECT_EQ(rule.enter.subject_into.back()->full_name(),
            "test.EnterRequest.user");
  EXPECT_TRUE(rule.enter.access.authenticated());
  EXPECT_EQ(rule.enter.session_into->full_name(), "test.EnterRequest.session");
  EXPECT_EQ(rule.lease_into->full_name(), "test.EnterRequest.lease");
  EXPECT_EQ(rule.greeting->full_name(), "test.EnterResponse.hello");
  ASSERT_TRUE(rule.leave.has_value());
  EXPECT_EQ(rule.leave->session_into->full_name(), "test.LeaveRequest.session");
  EXPECT_EQ(rule.renew, absl::Seconds(20));
  EXPECT_EQ(rule.lease, absl::Minutes(1));
  EXPECT_EQ(rule.timeout, absl::Seconds(5));
}

TEST(AdmissionChecksTest, FieldsAreCopiedByNameExceptTheBridgesOwn) {
  const auto schema = LoadTestProto(WatchSchema(kWhole));
  ASSERT_TRUE(schema.ok()) << schema.status();
  std::vector<std::string> copied;
  for (const auto& [source, target] :
       (*schema)->FindMethod("test.S.Watch")->admission->enter.copied) {
    EXPECT_EQ(source->name(), target->name());
    copied.push_back(target->name());
  }
  EXPECT_THAT(copied, ::testing::ElementsAre("room", "kinds", "after"));
}

TEST(AdmissionChecksTest, FieldOfAnotherTypeUnderTheSameNameIsRefused) {
  ExpectRefused(Admission("enter: 'test.S.Wrong'"),
                "test.WrongRequest.room is a int32, but test.WatchRequest.room "
                "is a string");
}

TEST(AdmissionChecksTest, StreamMustBeSharedAndOneCall) {
  ExpectRefused(kWhole, "admission: only allowed for a shared stream", "");
  ExpectRefused(kWhole, "admission: not allowed with share_by",
                "share_by: 'kinds'");
  ExpectRefused("only_to: 'only_to'",
                "only_to: only allowed for a shared stream", "");
}

TEST(AdmissionChecksTest, MethodsMustExistAndBeUnary) {
  ExpectRefused("admission {}", "admission.enter: is needed");
  ExpectRefused(Admission("enter: 'test.S.None'"), "there is no method");
  ExpectRefused(Admission("enter: 'test.S.Many'"), "is not unary");
  ExpectRefused(Admission("enter: 'test.S.Enter' leave: 'test.S.Many'"),
                "admission.leave: test.S.Many is not unary");
}

TEST(AdmissionChecksTest, SessionsNeedALease) {
  ExpectRefused(Admission("enter: 'test.S.Enter' leave: 'test.S.Leave' "
                          "session_into: 'session'"),
                "admission.leave: needs renew");
  ExpectRefused(Admission("enter: 'test.S.Enter' renew { seconds: 20 } "
                          "lease_into: 'lease'"),
                "admission.renew: needs session_into");
  ExpectRefused(Admission("enter: 'test.S.Enter' renew { seconds: 20 } "
                          "session_into: 'session'"),
                "admission.renew: needs lease_into");
  ExpectRefused(Admission("enter: 'test.S.Enter' lease { seconds: 20 }"),
                "admission.lease: needs renew");
}

TEST(AdmissionChecksTest, FieldsMustHaveTheirTypes) {
  const std::string enter = "enter: 'test.S.Enter' renew { seconds: 20 } ";
  ExpectRefused(Admission(enter + "session_into: 'none' lease_into: 'lease'"),
                "admission.session_into: test.EnterRequest has no field");
  ExpectRefused(Admission(enter + "session_into: 'number' lease_into: 'lease'"),
                "admission.session_into: test.EnterRequest.number is a int32");
  ExpectRefused(Admission(enter + "session_into: 'session' lease_into: 'room'"),
                "admission.lease_into: test.EnterRequest.room is a string");
  ExpectRefused(Admission("enter: 'test.S.Enter' greeting: 'text'"),
                "it must be a test.Event like the stream's events");
  ExpectRefused(Admission("enter: 'test.S.Enter' greeting: 'events'"),
                "it must be a test.Event like the stream's events");
  ExpectRefused("only_to: 'number'", "only_to: test.Event.number is a int32");
  ExpectRefused("not_to: 'none'", "not_to: ");
}

TEST(AdmissionChecksTest, DurationsHaveBounds) {
  const std::string rest =
      " enter: 'test.S.Enter' session_into: 'session' lease_into: 'lease'";
  ExpectRefused(Admission("renew { nanos: 1 }" + rest), "admission.renew: ");
  ExpectRefused(Admission("renew { seconds: 3601 }" + rest),
                "admission.renew: ");
  ExpectRefused(Admission("renew { seconds: 20 } lease { seconds: 39 }" + rest),
                "admission.lease: ");
  ExpectRefused(
      Admission("renew { seconds: 20 } timeout { seconds: 61 }" + rest),
      "admission.timeout: ");
}

TEST(AdmissionChecksTest, RawBodiesCannotBeFiltered) {
  EXPECT_THAT(LoadError(R"(
import "google/api/httpbody.proto";
service S { rpc M(R) returns (stream google.api.HttpBody) {
  option (google.api.http).get = '/m';
  option (sse.v1.stream) = { shared: true only_to: 'content_type' };
} }
message R {}
)"),
              HasSubstr("only_to: not allowed for google.api.HttpBody"));
}

// Otherwise browsers could enter without a stream.
TEST(AdmissionChecksTest, MethodsOfAnAdmissionHaveNoDefaultRoutes) {
  LoadOptions options;
  options.default_routes = true;
  const auto schema = LoadTestProto(WatchSchema(kWhole), options);
  ASSERT_TRUE(schema.ok()) << schema.status();
  for (const char* name : {"test.S.Enter", "test.S.Leave"}) {
    EXPECT_TRUE((*schema)->FindMethod(name)->routes.empty()) << name;
  }
  EXPECT_FALSE((*schema)->FindMethod("test.S.Wrong")->routes.empty());
}

}  // namespace
}  // namespace sse_bridge
