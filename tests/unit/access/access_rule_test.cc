#include "bridge/access/access_rule.h"

#include <string>
#include <vector>

#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

struct Case {
  std::string name;
  std::string rule;
  std::vector<std::string> scopes;
  std::vector<std::string> roles;
  absl::StatusCode code;
  std::string message;
};

sse::v1::Access Parse(const std::string& text) {
  sse::v1::Access rule;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &rule));
  return rule;
}

class AccessRuleTest : public testing::TestWithParam<Case> {};

TEST_P(AccessRuleTest, HoldsForIdentity) {
  Identity identity;
  identity.subject = "ada";
  identity.scopes = GetParam().scopes;
  identity.roles = GetParam().roles;
  const absl::Status status = CheckAccess(Parse(GetParam().rule), &identity);
  EXPECT_EQ(status.code(), GetParam().code);
  EXPECT_EQ(status.message(), GetParam().message.c_str());
}

constexpr auto kOk = absl::StatusCode::kOk;
constexpr auto kDenied = absl::StatusCode::kPermissionDenied;

INSTANTIATE_TEST_SUITE_P(
    Rules, AccessRuleTest,
    testing::ValuesIn(std::vector<Case>{
        {"Empty", "", {}, {}, kOk, ""},
        {"Authenticated", "authenticated: true", {}, {}, kOk, ""},
        {"ScopeHeld", "scopes {any_of: 'n:read'}", {"n:read"}, {}, kOk, ""},
        {"ScopeMissing",
         "scopes {any_of: 'n:read'}",
         {"n:rea", "n:read2", "N:READ"},
         {"n:read"},
         kDenied,
         "missing scope n:read"},
        {"OneOfGroupSuffices",
         "scopes {any_of: ['a', 'b']}",
         {"b"},
         {},
         kOk,
         ""},
        {"EveryGroupIsNeeded",
         "scopes {any_of: 'a'} scopes {any_of: 'b'}",
         {"a"},
         {},
         kDenied,
         "missing scope b"},
        {"AllGroupsMet",
         "scopes {any_of: 'a'} scopes {any_of: 'b'}",
         {"b", "a"},
         {},
         kOk,
         ""},
        {"RolesGroup",
         "roles {any_of: ['admin', 'owner']}",
         {"admin"},
         {"guest"},
         kDenied,
         "missing one of the roles admin, owner"},
        {"ScopesAndRoles",
         "scopes {any_of: 'a'} roles {any_of: 'admin'}",
         {"a"},
         {},
         kDenied,
         "missing role admin"},
        {"BothHeld",
         "scopes {any_of: 'a'} roles {any_of: 'admin'}",
         {"a"},
         {"admin"},
         kOk,
         ""},
        {"EmptyGroupGivesNobodyAccess",
         "roles {}",
         {"a"},
         {""},
         kDenied,
         "no role gives access"},
        {"SubjectInto", "subject_into: 'user_id'", {}, {}, kOk, ""},
    }),
    [](const auto& info) { return info.param.name; });

TEST(AccessRuleTest, OpenRuleNeedsNoIdentity) {
  EXPECT_TRUE(CheckAccess(sse::v1::Access(), nullptr).ok());
  EXPECT_FALSE(NeedsIdentity(sse::v1::Access()));
}

TEST(AccessRuleTest, EveryOtherRuleNeedsAnIdentity) {
  for (const char* rule :
       {"authenticated: true", "scopes {any_of: 'a'}", "roles {any_of: 'a'}",
        "scopes {}", "subject_into: 'user_id'"}) {
    EXPECT_TRUE(NeedsIdentity(Parse(rule))) << rule;
    EXPECT_EQ(CheckAccess(Parse(rule), nullptr).code(),
              absl::StatusCode::kUnauthenticated)
        << rule;
  }
}

}  // namespace
}  // namespace sse_bridge
