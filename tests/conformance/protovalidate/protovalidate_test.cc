// The cases of protovalidate's conformance suite, as record.go wrote them.
// Compared as its runner does: IDs, fields, rules and keys of the violations.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <tuple>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/schema/descriptor_merge.h"
#include "bridge/schema/validator.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/gzip_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace sse_bridge {
namespace {

namespace pb = ::google::protobuf;

struct Case {
  std::string name;
  std::string type;
  std::string message;
  std::string result;
  std::vector<RuleViolation> violations;
};

struct Suite {
  std::string descriptors;
  absl::Time recorded;
  std::vector<Case> cases;
};

class Reader {
 public:
  explicit Reader(pb::io::ZeroCopyInputStream* stream) : in_(stream) {}

  // Returns false at the end.
  bool Next(std::string* out) {
    uint32_t size = 0;
    return in_.ReadVarint32(&size) &&
           in_.ReadString(out, static_cast<int>(size));
  }

  std::string Next() {
    std::string out;
    EXPECT_TRUE(Next(&out));
    return out;
  }

  int64_t Number() {
    int64_t number = 0;
    EXPECT_TRUE(absl::SimpleAtoi(Next(), &number));
    return number;
  }

 private:
  pb::io::CodedInputStream in_;
};

Suite ReadSuite() {
  std::ifstream file(SSE_BRIDGE_CASES, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  const std::string bytes = text.str();
  pb::io::ArrayInputStream array(bytes.data(), static_cast<int>(bytes.size()));
  pb::io::GzipInputStream plain(&array);
  Reader reader(&plain);
  Suite suite;
  suite.descriptors = reader.Next();
  suite.recorded = absl::FromUnixSeconds(reader.Number());
  Case each;
  while (reader.Next(&each.name)) {
    each.type = reader.Next();
    each.message = reader.Next();
    each.result = reader.Next();
    each.violations.resize(reader.Number());
    for (RuleViolation& violation : each.violations) {
      violation.rule_id = reader.Next();
      violation.field = reader.Next();
      violation.rule = reader.Next();
      violation.for_key = reader.Next() == "key";
      violation.description = reader.Next();
    }
    suite.cases.push_back(each);
  }
  return suite;
}

std::string Describe(const std::string& result,
                     std::vector<RuleViolation> violations) {
  std::vector<std::string> lines;
  for (const RuleViolation& v : violations) {
    lines.push_back(absl::StrCat("\n  ", v.rule_id, " of \"", v.field,
                                 "\", rule \"", v.rule, "\"",
                                 v.for_key ? ", key" : ""));
  }
  std::sort(lines.begin(), lines.end());
  return absl::StrCat(result, absl::StrJoin(lines, ""));
}

class Validation {
 public:
  Validation(const Suite& suite, const MergedPool& merged)
      : suite_(suite), pool_(merged.pool.get()) {}

  // Violations are returned in `out`. `why` is the text of errors.
  std::string Run(const Case& each, std::vector<RuleViolation>* out,
                  std::string* why) {
    const pb::Descriptor* type = pool_->FindMessageTypeByName(each.type);
    if (type == nullptr) return "there is no such type";
    const auto validator = Validator::Compile(type);
    if (!validator.ok()) {
      *why = std::string(validator.status().message());
      return "compilation error";
    }
    std::unique_ptr<pb::Message> message(factory_.GetPrototype(type)->New());
    if (!message->ParsePartialFromString(each.message)) return "malformed";
    auto violations = (*validator)->Validate(*message, suite_.recorded);
    if (!violations.ok()) {
      *why = std::string(violations.status().message());
      return "runtime error";
    }
    *out = *std::move(violations);
    return out->empty() ? "valid" : "violations";
  }

 private:
  const Suite& suite_;
  const pb::DescriptorPool* const pool_;
  pb::DynamicMessageFactory factory_;
};

TEST(ProtovalidateTest, AgreesWithTheSuite) {
  const Suite suite = ReadSuite();
  ASSERT_GE(suite.cases.size(), 2878u);
  const auto merged = MergeDescriptors({{"cases.bin.gz", suite.descriptors}});
  ASSERT_TRUE(merged.ok()) << merged.status();
  Validation validation(suite, *merged);
  int agree = 0;
  for (const Case& each : suite.cases) {
    std::vector<RuleViolation> violations;
    std::string why;
    const std::string result = validation.Run(each, &violations, &why);
    const std::string wanted = Describe(each.result, each.violations);
    const std::string got = Describe(result, violations);
    // The suite's runner takes an error at run time for one of compilation.
    if (got == wanted ||
        (wanted == "compilation error" && got == "runtime error")) {
      ++agree;
    } else {
      ADD_FAILURE() << each.name << " (" << each.type << ")\nwanted: " << wanted
                    << "\ngot: " << got << " " << why;
    }
  }
  RecordProperty("agree", agree);
}

}  // namespace
}  // namespace sse_bridge
