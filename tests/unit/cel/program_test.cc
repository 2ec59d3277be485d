#include "bridge/cel/program.h"

#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/any.pb.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/wrappers.pb.h"
#include "gtest/gtest.h"

namespace sse_bridge::cel {
namespace {

namespace pb = ::google::protobuf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// The message types are those of protobuf itself.
Declarations Declare() {
  Declarations declarations;
  declarations.types = {pb::DescriptorPool::generated_pool(),
                        pb::MessageFactory::generated_factory()};
  return declarations;
}

std::string CompileError(absl::string_view text) {
  const absl::StatusOr<Program> program = Compile(text, Declare());
  return program.ok() ? "" : std::string(program.status().message());
}

// "true", "false", or the error.
std::string Eval(absl::string_view text, int64_t units = 1'000'000) {
  const absl::StatusOr<Program> program = Compile(text, Declare());
  if (!program.ok()) return std::string(program.status().message());
  Budget budget(units);
  const absl::StatusOr<Value> value = program->Run({}, &budget);
  if (!value.ok()) return std::string(value.status().message());
  if (!value->Is(Value::Kind::kBool)) return std::string(value->TypeName());
  return value->bool_value() ? "true" : "false";
}

// Evaluates with `this` bound to a message.
std::string RunOn(absl::string_view text, const pb::Message& message) {
  Declarations declarations = Declare();
  declarations.variables.push_back(
      {"this", Type::OfMessage(message.GetDescriptor())});
  const absl::StatusOr<Program> program = Compile(text, declarations);
  if (!program.ok()) return std::string(program.status().message());
  Budget budget(100'000);
  const Value self = Value::OfMessage(&message);
  const absl::StatusOr<Value> value = program->Run({&self, 1}, &budget);
  if (!value.ok()) return std::string(value.status().message());
  return value->IsTrue() ? "true" : value->IsFalse() ? "false" : "other";
}

TEST(CelProgramTest, ArithmeticFailsOnOverflow) {
  EXPECT_EQ(Eval("1 + 2 * 3 == 7"), "true");
  EXPECT_EQ(Eval("9223372036854775807 + 1"), "1:21: integer overflow");
  EXPECT_EQ(Eval("0u - 1u"), "1:4: integer overflow");
  EXPECT_EQ(Eval("-9223372036854775808 / -1"), "1:22: integer overflow");
  EXPECT_EQ(Eval("1 / 0 == 1"), "1:3: division by zero");
  EXPECT_EQ(Eval("1.0 / 0.0 > 1e308"), "true");
}

TEST(CelProgramTest, LogicAbsorbsErrors) {
  EXPECT_EQ(Eval("1 / 0 == 1 || true"), "true");
  EXPECT_EQ(Eval("false && 1 / 0 == 1"), "false");
  EXPECT_EQ(Eval("1 / 0 == 1 && true"), "1:3: division by zero");
  EXPECT_EQ(Eval("[0, 1].exists(x, 1 / x == 1)"), "true");
}

TEST(CelProgramTest, NumbersCompareAcrossTypes) {
  EXPECT_EQ(Eval("dyn(1) == 1u && dyn(1u) == 1.0 && dyn(2) > 1.5"), "true");
  EXPECT_EQ(Eval("9007199254740993 == 9007199254740992"), "false");
  // As in CEL for Go: a comparison with a double is one of doubles.
  EXPECT_EQ(Eval("dyn(9007199254740993) == 9007199254740992.0"), "true");
}

TEST(CelProgramTest, MistypedExpressionsDoNotCompile) {
  EXPECT_THAT(CompileError("1 + 'a'"), StartsWith("1:3: no matching overload"));
  EXPECT_THAT(CompileError("nope"), HasSubstr("no variable nope"));
  EXPECT_THAT(CompileError("nope(1)"), HasSubstr("no function nope"));
  EXPECT_THAT(CompileError("'a'.matches('(')"),
              HasSubstr("regular expression"));
}

TEST(CelProgramTest, FieldsAreRead) {
  pb::FieldDescriptorProto field;
  field.set_name("abc");
  field.mutable_options()->set_lazy(true);
  EXPECT_EQ(RunOn("this.name.startsWith('ab') && has(this.name)", field),
            "true");
  EXPECT_EQ(RunOn("this.options.lazy && !has(this.options.weak)", field),
            "true");
  EXPECT_THAT(RunOn("this.nope", field), HasSubstr("no field nope"));
  pb::DescriptorProto message;
  *message.add_field() = field;
  EXPECT_EQ(RunOn("this.field.all(f, f.name.size() == 3)", message), "true");
}

TEST(CelProgramTest, AnyIsUnpacked) {
  // Linked in for Any's content.
  (void)pb::Int64Value::default_instance();
  EXPECT_EQ(Eval("google.protobuf.Any{type_url: "
                 "'example.com/google.protobuf.Int64Value', "
                 "value: b'\\010\\007'} == 7"),
            "true");
  EXPECT_THAT(Eval("google.protobuf.Any{type_url: 'example.com/no.Such'} == 7"),
              HasSubstr("an Any whose type is unknown"));
  EXPECT_EQ(Eval("google.protobuf.Any{} == null"), "true");
  EXPECT_EQ(Eval("google.protobuf.Int64Value{value: 7} == 7"), "true");
}

TEST(CelProgramTest, TheBudgetEndsEvaluation) {
  const std::string list = "[1,2,3,4,5,6,7,8,9,10]";
  const std::string text = list + ".all(a, " + list + ".all(b, " + list +
                           ".all(c, " + list + ".all(d, a < 11))))";
  EXPECT_EQ(Eval(text, 100'000'000), "true");
  EXPECT_THAT(Eval(text, 10'000), HasSubstr("costs too much"));
  // Nothing absorbs it.
  EXPECT_THAT(Eval(text + " || true", 10'000), HasSubstr("costs too much"));
}

TEST(CelProgramTest, TextsOfNetworksAreChecked) {
  EXPECT_EQ(Eval("'a@b.c'.isEmail() && '::1'.isIp(6) && !'1.2.3'.isIp()"),
            "true");
  EXPECT_EQ(Eval("'10.0.0.0/8'.isIpPrefix(4, true)"), "true");
  EXPECT_EQ(Eval("'10.0.0.1/8'.isIpPrefix(true)"), "false");
  EXPECT_EQ(Eval("'https://a.b/c?d#e'.isUri() && './x'.isUriRef()"), "true");
  EXPECT_EQ(Eval("'[::1]:80'.isHostAndPort(true)"), "true");
  EXPECT_EQ(Eval("[1.0, 2.0].unique() && !['a', 'a'].unique()"), "true");
}

TEST(CelProgramTest, TimesHaveZones) {
  EXPECT_EQ(Eval("timestamp('2009-02-13T23:31:30Z').getHours('+02:00') == 1"),
            "true");
  EXPECT_EQ(Eval("duration('1h') + duration('30m') == duration('90m')"),
            "true");
}

TEST(CelProgramTest, ErrorsNameWholeCharacters) {
  EXPECT_THAT(Eval("'%\u06d6'.format([1]) == ''"),
              HasSubstr("there is no clause %\u06d6"));
}

TEST(CelProgramTest, FormatHasEveryVerb) {
  EXPECT_EQ(Eval("'%s %d %x %X %o %b %%'.format(['a', 7, 255, 255, 8, 5]) == "
                 "'a 7 ff FF 10 101 %'"),
            "true");
  EXPECT_EQ(Eval("'%f %.2f %e'.format([1.5, 2.0, 1234.5]) == "
                 "'1.500000 2.00 1.234500e+03'"),
            "true");
  EXPECT_EQ(Eval("'%s %s %s %s'.format([[1, 'a'], {'k': true}, null, 1.5]) == "
                 "'[1, a] {k: true} null 1.5'"),
            "true");
  EXPECT_EQ(Eval("'%s'.format([duration('1.5s')]) == '1.5s'"), "true");
  EXPECT_EQ(Eval("'%b %x'.format([true, b'\\xff\\x00']) == '1 ff00'"), "true");
  EXPECT_THAT(Eval("'%d'.format(['a']) == ''"),
              HasSubstr("1:6: format(): %d of a string"));
  EXPECT_THAT(Eval("'%s %s'.format(['a']) == ''"),
              HasSubstr("1:9: format(): there is no argument 1"));
  EXPECT_THAT(Eval("'%z'.format(['a']) == ''"),
              HasSubstr("1:6: format(): there is no clause %z"));
}

TEST(CelProgramTest, ValidationFunctionsAreThoseOfProtovalidate) {
  EXPECT_EQ(Eval("(0.0 / 0.0).isNan() && !1.0.isNan()"), "true");
  EXPECT_EQ(Eval("(1.0 / 0.0).isInf() && (1.0 / 0.0).isInf(1) && "
                 "(-1.0 / 0.0).isInf(-1) && !(1.0 / 0.0).isInf(-1) && "
                 "(-1.0 / 0.0).isInf(0) && !1.0.isInf()"),
            "true");
  EXPECT_EQ(Eval("[].unique() && [1, 2].unique() && ![1u, 1u].unique() && "
                 "![b'a', b'a'].unique() && ![true, true].unique() && "
                 "![0.0, -0.0].unique()"),
            "true");
  EXPECT_THAT(Eval("[[1], [2]].unique()"), HasSubstr("unique"));
  EXPECT_EQ(Eval("string(b'abc') == 'abc'"), "true");
  EXPECT_THAT(Eval("string(b'\\xff') == 'abc'"),
              HasSubstr("1:1: invalid UTF-8"));
  EXPECT_EQ(Eval("['a'].exists(s, s.isIp(5))"), "false");
  pb::FieldDescriptorProto field;
  field.set_name("abc");
  EXPECT_EQ(RunOn("getField(this, 'name') == 'abc'", field), "true");
  EXPECT_THAT(RunOn("getField(this, 'nope') == 'abc'", field),
              HasSubstr("no field nope"));
}

}  // namespace
}  // namespace sse_bridge::cel
