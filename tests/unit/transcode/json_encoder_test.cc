#include "bridge/transcode/json_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/unit/transcode/test_schema.h"

namespace sse_bridge {
namespace {

using ::testing::HasSubstr;

class JsonEncoderTest : public ::testing::Test {
 protected:
  // Returns the JSON of a message in wire format, or "ERR reason".
  static std::string Json(absl::string_view type, absl::string_view wire,
                          JsonOptions options = {}) {
    const auto encoder = JsonEncoder::Create(TestSchema::Get().pool(), options);
    std::string json = "before ";
    const absl::Status status = encoder->Encode(
        encoder->TableFor(TestSchema::Get().Type(type)), wire, &json);
    if (!status.ok()) {
      EXPECT_EQ(json, "before ");
      return absl::StrCat("ERR ", status.message());
    }
    return json.substr(7);
  }

  static std::string LenientJson(absl::string_view type,
                                 absl::string_view wire) {
    return Json(type, wire, {.lenient = true});
  }

  static std::string Fast(absl::string_view type, absl::string_view wire) {
    const auto encoder = JsonEncoder::Create(TestSchema::Get().pool(), {});
    std::string json;
    const absl::Status status = encoder->EncodeFast(
        encoder->TableFor(TestSchema::Get().Type(type)), wire, &json);
    if (!status.ok()) return absl::StrCat("ERR ", status.message());
    return json;
  }

  static std::string FromText(absl::string_view type, absl::string_view text,
                              JsonOptions options = {}) {
    const std::string wire = TestSchema::Get().Wire(type, text);
    const std::string json = Json(type, wire, options);
    if (!options.always_print_fields_with_no_presence &&
        !options.preserve_proto_field_names &&
        !options.always_print_enums_as_ints && json.rfind("ERR", 0) != 0) {
      EXPECT_EQ(Fast(type, wire), json) << "not on the fast path";
    }
    return json;
  }

  static std::string Text(absl::string_view s) {
    return Json("t3.Scalars", BytesField(14, s));
  }
};

constexpr char kNotFast[] = "ERR not on the fast path";

TEST_F(JsonEncoderTest, EmptyMessageIsAnEmptyObject) {
  EXPECT_EQ(Json("t3.Scalars", ""), "{}");
  EXPECT_EQ(Json("t3.Scalars", absl::string_view()), "{}");
}

TEST_F(JsonEncoderTest, ScalarsOfEveryType) {
  EXPECT_EQ(
      FromText("t3.Scalars",
               "f_double: 1.5 f_float: -2.25 f_int32: -3 f_int64: -4 "
               "f_uint32: 4294967295 f_uint64: 18446744073709551615 "
               "f_sint32: -2147483648 f_sint64: -9223372036854775808 "
               "f_fixed32: 9 f_fixed64: 10 f_sfixed32: -11 f_sfixed64: -12 "
               "f_bool: true f_string: \"s\" f_bytes: \"\\xff\\x00\" "
               "f_color: RED f_alias: A_OTHER renamed: \"r\""),
      R"({"fDouble":1.5,"fFloat":-2.25,"fInt32":-3,"fInt64":"-4",)"
      R"("fUint32":4294967295,"fUint64":"18446744073709551615",)"
      R"("fSint32":-2147483648,"fSint64":"-9223372036854775808",)"
      R"("fFixed32":9,"fFixed64":"10","fSfixed32":-11,"fSfixed64":"-12",)"
      R"("fBool":true,"fString":"s","fBytes":"/wA=","fColor":"RED",)"
      R"("fAlias":"A_FIRST","other\"\u003cName":"r"})");
}

TEST_F(JsonEncoderTest, NumbersReadBackTheSameAndLookShort) {
  const auto number = [](double v) {
    uint64_t bits;
    std::memcpy(&bits, &v, 8);
    const std::string json = Json("t3.Scalars", Fixed64Field(1, bits));
    return json.substr(11, json.size() - 12);
  };
  EXPECT_EQ(number(5), "5");
  EXPECT_EQ(number(-5), "-5");
  EXPECT_EQ(number(-0.0), "-0");
  EXPECT_EQ(number(0.1), "0.1");
  EXPECT_EQ(number(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(number(100.25), "100.25");
  EXPECT_EQ(number(999999999.999999), "999999999.999999");
  EXPECT_EQ(number(1e10), "10000000000");
  EXPECT_EQ(number(999999999999999), "999999999999999");
  EXPECT_EQ(number(1e15), "1e+15");
  EXPECT_EQ(number(1.5e300), "1.5e+300");
  EXPECT_EQ(number(0.0001), "0.0001");
  EXPECT_EQ(number(0.00001), "1e-05");
  EXPECT_EQ(number(5e-324), "5e-324");
  EXPECT_EQ(number(1.7976931348623157e308), "1.7976931348623157e+308");
  EXPECT_EQ(number(NAN), "\"NaN\"");
  EXPECT_EQ(number(INFINITY), "\"Infinity\"");
  EXPECT_EQ(number(-INFINITY), "\"-Infinity\"");
  EXPECT_EQ(FromText("t3.Scalars", "f_float: 0.1"), "{\"fFloat\":0.1}");
  EXPECT_EQ(FromText("t3.Scalars", "f_float: nan"), "{\"fFloat\":\"NaN\"}");
  EXPECT_EQ(FromText("t3.Scalars", "f_float: -inf"),
            "{\"fFloat\":\"-Infinity\"}");
}

TEST_F(JsonEncoderTest, StringsAreSafeInsideHtml) {
  EXPECT_EQ(Text("</script><!--"),
            R"({"fString":"\u003c/script\u003e\u003c!--"})");
  EXPECT_EQ(Text("\xe2\x80\xa8\xe2\x80\xa9"), R"({"fString":"\u2028\u2029"})");
  EXPECT_EQ(Text("a&b'c/d"), R"({"fString":"a&b'c/d"})");
}

TEST_F(JsonEncoderTest, EscapesAtEveryPositionOfAString) {
  for (size_t length = 1; length <= 40; ++length) {
    for (size_t at = 0; at < length; ++at) {
      std::string s(length, 'x');
      s[at] = '\n';
      EXPECT_EQ(Text(s), absl::StrCat("{\"fString\":\"", s.substr(0, at), "\\n",
                                      s.substr(at + 1), "\"}"));
      s[at] = '\x1b';
      EXPECT_EQ(Text(s), absl::StrCat("{\"fString\":\"", s.substr(0, at),
                                      "\\u001b", s.substr(at + 1), "\"}"));
      s.replace(at, 1, "\xc3\xa9");
      EXPECT_EQ(Text(s), absl::StrCat("{\"fString\":\"", s, "\"}"));
    }
  }
}

TEST_F(JsonEncoderTest, StringsOfEscapesOnlyGrowTheBuffer) {
  std::string expected = "{\"fString\":\"";
  for (int i = 0; i < 100000; ++i) expected += "\\u0001";
  expected += "\"}";
  EXPECT_EQ(Text(std::string(100000, '\x01')), expected);
}

TEST_F(JsonEncoderTest, StringsWithInvalidUtf8AreRefused) {
  for (const absl::string_view bad :
       {"\xff", "a\x80", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
        "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xc3",
        "\xe2\x82", "\xf0\x9f\x98", "12345678\xff", "1234567\xc3"}) {
    EXPECT_EQ(Text(bad), "ERR t3.Scalars.f_string: a string is not UTF-8");
  }
  EXPECT_THAT(Json("t2.Old", BytesField(2, "\xff")), HasSubstr("not UTF-8"));
  EXPECT_EQ(Text("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf"),
            "{\"fString\":\"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\"}");
}

TEST_F(JsonEncoderTest, EnumsByNameAndUnknownOnesByNumber) {
  EXPECT_EQ(FromText("t3.Scalars", "f_color: FAR"), R"({"fColor":"FAR"})");
  EXPECT_EQ(FromText("t3.Scalars", "f_color: NOIR"), R"({"fColor":"NOIR"})");
  EXPECT_EQ(Json("t3.Scalars", VarintField(16, 77)), R"({"fColor":77})");
  JsonOptions options;
  options.always_print_enums_as_ints = true;
  EXPECT_EQ(FromText("t3.Scalars", "f_color: NOIR", options),
            R"({"fColor":-5})");
  EXPECT_EQ(FromText("t3.Choice", "nothing: NULL_VALUE", options),
            R"({"nothing":null})");
}

TEST_F(JsonEncoderTest, UnknownValuesOfClosedEnumsAreUnknownFields) {
  EXPECT_EQ(Json("t2.Old", VarintField(3, 9)), "{}");
  EXPECT_EQ(Json("t2.Old", VarintField(3, 2) + VarintField(3, 9)),
            R"({"mode":"FAST"})");
  EXPECT_EQ(Json("t2.Old", VarintField(4, 9)), "{}");
  EXPECT_EQ(
      Json("t2.Old", VarintField(4, 1) + VarintField(4, 9) + VarintField(4, 2)),
      R"({"modes":["SLOW","FAST"]})");
  const std::string bad = BytesField(1, "bad") + VarintField(2, 9);
  const std::string good = BytesField(1, "good") + VarintField(2, 2);
  EXPECT_EQ(Json("t2.Old", BytesField(9, bad) + BytesField(9, good)),
            R"({"byName":{"good":"FAST"}})");
  EXPECT_EQ(Json("t2.Old", BytesField(9, bad)), "{}");
  // The slower path gives the same result.
  EXPECT_EQ(Json("t2.Old",
                 BytesField(9, bad) + VarintField(1, 4) + BytesField(9, good)),
            R"({"needed":4,"byName":{"good":"FAST"}})");
}

TEST_F(JsonEncoderTest, DefaultsOnTheWireAreOmittedWithoutPresence) {
  EXPECT_EQ(Json("t3.Scalars", VarintField(3, 0) + BytesField(14, "")), "{}");
  EXPECT_EQ(Json("t3.Scalars", Fixed64Field(1, uint64_t{1} << 63)),
            R"({"fDouble":-0})");
  EXPECT_EQ(FromText("t3.Optionals",
                     "f_double: 0 f_int32: 0 f_string: '' f_color: BLACK "
                     "f_message {}"),
            R"({"fDouble":0,"fInt32":0,"fString":"","fColor":"BLACK",)"
            R"("fMessage":{}})");
  EXPECT_EQ(FromText("t3.Choice", "number: 0"), R"({"number":0})");
  EXPECT_EQ(FromText("t2.Old", "needed: 0 text: ''"),
            R"({"needed":0,"text":""})");
}

TEST_F(JsonEncoderTest, AlwaysPrintAddsFieldsWithoutPresenceInOrder) {
  JsonOptions options;
  options.always_print_fields_with_no_presence = true;
  EXPECT_EQ(FromText("t3.Scalars", "f_int32: 7", options),
            R"({"fDouble":0,"fFloat":0,"fInt32":7,"fInt64":"0","fUint32":0,)"
            R"("fUint64":"0","fSint32":0,"fSint64":"0","fFixed32":0,)"
            R"("fFixed64":"0","fSfixed32":0,"fSfixed64":"0","fBool":false,)"
            R"("fString":"","fBytes":"","fColor":"BLACK","fAlias":"A_ZERO",)"
            R"("other\"\u003cName":""})");
  EXPECT_EQ(FromText("t3.Optionals", "", options), "{}");
  EXPECT_EQ(FromText("t3.Choice", "text: 'x'", options),
            R"({"before":0,"text":"x","after":0})");
  EXPECT_EQ(FromText("t3.Maps", "strings { key: 'k' }", options),
            R"({"strings":{"k":""},"int32s":{},"int64s":{},"uint32s":{},)"
            R"("uint64s":{},"sint32s":{},"sint64s":{},"fixed32s":{},)"
            R"("fixed64s":{},"sfixed32s":{},"sfixed64s":{},"bools":{}})");
  EXPECT_EQ(FromText("t3.Tree", "left {}", options),
            R"({"name":"","left":{"name":"","children":[]},"children":[]})");
  EXPECT_EQ(FromText("t3.Known", "null: NULL_VALUE", options),
            R"({"null":null})");
  EXPECT_EQ(FromText("t2.Old", "", options),
            R"({"modes":[],"plain":[],"packed":[],"item":[],"byName":{}})");
  // Packed and empty.
  EXPECT_EQ(Json("t3.Repeated", BytesField(3, ""), options).substr(0, 40),
            R"({"fDouble":[],"fFloat":[],"fInt32":[],"f)");
  // An unknown value of a closed enum leaves the list empty, and the list is
  // written once.
  EXPECT_EQ(Json("t2.Old", VarintField(4, 9), options),
            R"({"modes":[],"plain":[],"packed":[],"item":[],"byName":{}})");
}

TEST_F(JsonEncoderTest, ProtoNamesOnRequest) {
  JsonOptions options;
  options.preserve_proto_field_names = true;
  EXPECT_EQ(FromText("t3.Scalars", "f_int32: 7 renamed: 'r'", options),
            R"({"f_int32":7,"renamed":"r"})");
}

TEST_F(JsonEncoderTest, RepeatedFieldsPackedAndUnpacked) {
  EXPECT_EQ(FromText("t3.Repeated",
                     "f_double: [1, 2.5] f_int32: [1, -1, 0] f_bool: [true, "
                     "false] f_string: ['', 'a'] f_bytes: ['x'] f_color: "
                     "[BLACK, RED] f_message {} f_message { f_int32: 1 } "
                     "f_unpacked: [1, 2]"),
            R"({"fDouble":[1,2.5],"fInt32":[1,-1,0],"fBool":[true,false],)"
            R"("fString":["","a"],"fBytes":["eA=="],"fColor":["BLACK","RED"],)"
            R"("fMessage":[{},{"fInt32":1}],"fUnpacked":[1,2]})");
  // Packed and unpacked elements, against the declaration and mixed.
  EXPECT_EQ(Fast("t3.Repeated", VarintField(3, 1) + VarintField(3, 2) +
                                    BytesField(3, Varint(3) + Varint(4)) +
                                    VarintField(3, 5)),
            R"({"fInt32":[1,2,3,4,5]})");
  EXPECT_EQ(
      Fast("t3.Repeated", BytesField(3000, std::string("\1\0\0\0\2\0\0\0", 8))),
      R"({"fUnpacked":[1,2]})");
  EXPECT_EQ(Fast("t3.Repeated", BytesField(3, "")), "{}");
}

TEST_F(JsonEncoderTest, NonAdjacentElementsAreCollected) {
  const std::string wire =
      VarintField(3, 1) + VarintField(5, 1) + VarintField(3, 2);
  EXPECT_EQ(Fast("t3.Repeated", wire), kNotFast);
  EXPECT_EQ(Json("t3.Repeated", wire), R"({"fInt32":[1,2],"fBool":[true]})");
}

TEST_F(JsonEncoderTest, FieldsOutOfOrderAreSorted) {
  const std::string wire = VarintField(4, 1) + VarintField(3, 2);
  EXPECT_EQ(Fast("t3.Scalars", wire), kNotFast);
  EXPECT_EQ(Json("t3.Scalars", wire), R"({"fInt32":2,"fInt64":"1"})");
}

TEST_F(JsonEncoderTest, TheLastOccurrenceOfASingularFieldWins) {
  const std::string wire = VarintField(3, 1) + VarintField(3, 2);
  EXPECT_EQ(Fast("t3.Scalars", wire), kNotFast);
  EXPECT_EQ(Json("t3.Scalars", wire), R"({"fInt32":2})");
}

TEST_F(JsonEncoderTest, SplitSubmessagesMerge) {
  const std::string wire =
      BytesField(20, VarintField(3, 1)) + BytesField(20, VarintField(4, 2));
  EXPECT_EQ(Fast("t3.Optionals", wire), kNotFast);
  EXPECT_EQ(Json("t3.Optionals", wire),
            R"({"fMessage":{"fInt32":1,"fInt64":"2"}})");
}

TEST_F(JsonEncoderTest, AnOverwrittenInvalidValueIsIgnored) {
  const std::string wire = BytesField(2, VarintField(1, uint64_t{1} << 60)) +
                           BytesField(2, VarintField(1, 1));
  EXPECT_EQ(Json("t3.Known", wire), R"({"timestamp":"1970-01-01T00:00:01Z"})");
}

TEST_F(JsonEncoderTest, TheLastMemberOfAOneofWins) {
  const std::string wire = VarintField(2, 1) + BytesField(3, "x");
  EXPECT_EQ(Fast("t3.Choice", wire), kNotFast);
  EXPECT_EQ(Json("t3.Choice", wire), R"({"text":"x"})");
}

TEST_F(JsonEncoderTest, MapsOfEveryKeyType) {
  EXPECT_EQ(
      FromText("t3.Maps",
               "strings { key: 'a\"' value: 'b' } int32s { key: -1 value: 2 } "
               "int64s { key: -5 value: 0.5 } uint32s { key: 3 value: 'x' } "
               "uint64s { key: 18446744073709551615 value: RED } "
               "sint32s { key: -7 value: true } sint64s { key: 1 value {} } "
               "fixed32s { key: 4 value: -1 } fixed64s { key: 5 value: 1 } "
               "sfixed32s { key: -6 value: 's' } "
               "sfixed64s { key: -8 value { seconds: 1 } } "
               "bools { key: true value { int32s { key: 1 value: 1 } } }"),
      R"({"strings":{"a\"":"b"},"int32s":{"-1":2},"int64s":{"-5":0.5},)"
      R"("uint32s":{"3":"eA=="},"uint64s":{"18446744073709551615":"RED"},)"
      R"("sint32s":{"-7":true},"sint64s":{"1":{}},"fixed32s":{"4":"-1"},)"
      R"("fixed64s":{"5":1},"sfixed32s":{"-6":"s"},)"
      R"("sfixed64s":{"-8":"1970-01-01T00:00:01Z"},)"
      R"("bools":{"true":{"int32s":{"1":1}}}})");
}

TEST_F(JsonEncoderTest, MapEntriesMayLackKeyOrValue) {
  EXPECT_EQ(Fast("t3.Maps", BytesField(1, "")), R"({"strings":{"":""}})");
  EXPECT_EQ(Fast("t3.Maps", BytesField(2, VarintField(2, 5))),
            R"({"int32s":{"0":5}})");
  EXPECT_EQ(Fast("t3.Maps", BytesField(7, "")), R"({"sint64s":{"0":{}}})");
  EXPECT_EQ(Fast("t3.Maps", BytesField(11, "")),
            R"({"sfixed64s":{"0":"1970-01-01T00:00:00Z"}})");
  EXPECT_EQ(Fast("t3.Maps", BytesField(12, "")), R"({"bools":{"false":{}}})");
  EXPECT_EQ(Fast("t3.Maps", BytesField(5, "")), R"({"uint64s":{"0":"BLACK"}})");
  // Value before key, and an unknown field.
  EXPECT_EQ(
      Fast("t3.Maps", BytesField(2, VarintField(2, 5) + VarintField(9, 9) +
                                        VarintField(1, 4))),
      R"({"int32s":{"4":5}})");
}

TEST_F(JsonEncoderTest, TheLastEntryOfAMapKeyWins) {
  const auto entry = [](int key, int value) {
    return BytesField(2, VarintField(1, static_cast<uint64_t>(key)) +
                             VarintField(2, static_cast<uint64_t>(value)));
  };
  EXPECT_EQ(Fast("t3.Maps", entry(3, 1) + entry(1, 1) + entry(2, 1)),
            R"({"int32s":{"3":1,"1":1,"2":1}})");
  const std::string wire = entry(3, 1) + entry(1, 2) + entry(3, 3);
  EXPECT_EQ(Fast("t3.Maps", wire), kNotFast);
  EXPECT_EQ(Json("t3.Maps", wire), R"({"int32s":{"1":2,"3":3}})");
  EXPECT_EQ(Fast("t3.Maps", entry(1, 1) + entry(1, 1)), kNotFast);
}

TEST_F(JsonEncoderTest, ValuesInsideAMapEntryMerge) {
  const std::string entry = VarintField(1, 2) +
                            BytesField(2, VarintField(3, 1)) +
                            BytesField(2, VarintField(4, 2));
  EXPECT_EQ(Fast("t3.Maps", BytesField(7, entry)), kNotFast);
  EXPECT_EQ(Json("t3.Maps", BytesField(7, entry)),
            R"({"sint64s":{"1":{"fInt32":1,"fInt64":"2"}}})");
}

TEST_F(JsonEncoderTest, Groups) {
  EXPECT_EQ(FromText("t2.Old",
                     "Data { a: 1 inner { needed: 2 } } Item { s: 'x' } Item "
                     "{ } Two { yes: true } late: 1"),
            R"({"data":{"a":1,"inner":{"needed":2}},"item":[{"s":"x"},{}],)"
            R"("two":{"yes":true},"late":1})");
  EXPECT_THAT(Json("t2.Old", Tag(7, 3) + VarintField(1, 1)),
              HasSubstr("malformed"));
  EXPECT_THAT(Json("t2.Old", Tag(7, 3) + Tag(8, 4)), HasSubstr("malformed"));
  EXPECT_THAT(Json("t2.Old", Tag(7, 4)), HasSubstr("malformed"));
}

TEST_F(JsonEncoderTest, ExtensionsAreWrittenByFullName) {
  EXPECT_EQ(FromText("t2.Old",
                     "needed: 1 [t2.note]: 'n' [t2.Extension.nested] { v: 2 } "
                     "[t2.numbers]: 3 [t2.numbers]: 4 late: 5"),
            R"({"needed":1,"[t2.note]":"n","[t2.Extension.nested]":{"v":2},)"
            R"("[t2.numbers]":[3,4],"late":5})");
  EXPECT_EQ(FromText("t2.Old", "[t2.side] { s: 1 }"),
            R"({"[t2.side]":{"s":1}})");
}

TEST_F(JsonEncoderTest, MessageSets) {
  EXPECT_EQ(FromText("t2.HoldsSet", "set { [t2.SetItem.item] { str: 'x' } }"),
            R"({"set":{"[t2.SetItem.item]":{"str":"x"}}})");
  // message before type_id
  const std::string item = Tag(1, 3) + BytesField(3, BytesField(25, "y")) +
                           VarintField(2, 1547769) + Tag(1, 4);
  EXPECT_EQ(Json("t2.HoldsSet", BytesField(1, item)),
            R"({"set":{"[t2.SetItem.item]":{"str":"y"}}})");
  const std::string unknown =
      Tag(1, 3) + VarintField(2, 99) + BytesField(3, "abc") + Tag(1, 4);
  EXPECT_EQ(Json("t2.HoldsSet", BytesField(1, unknown)), R"({"set":{}})");
  for (const std::string& half :
       {VarintField(2, 1547769), BytesField(3, BytesField(25, "y"))}) {
    EXPECT_EQ(Json("t2.HoldsSet", BytesField(1, Tag(1, 3) + half + Tag(1, 4))),
              R"({"set":{}})");
  }
  const std::string two_ids = Tag(1, 3) + VarintField(2, 1547769) +
                              VarintField(2, 99) +
                              BytesField(3, BytesField(25, "y")) + Tag(1, 4);
  EXPECT_EQ(Json("t2.HoldsSet", BytesField(1, two_ids)),
            R"({"set":{"[t2.SetItem.item]":{"str":"y"}}})");
}

TEST_F(JsonEncoderTest, UnknownFieldsAreSkippedButMustBeWellFormed) {
  const std::string group =
      Tag(500, 3) + VarintField(1, 1) + Tag(2, 3) + Tag(2, 4) + Tag(500, 4);
  EXPECT_EQ(Fast("t3.Scalars", VarintField(400, 1) + VarintField(3, 1) +
                                   BytesField(401, "abc") + group +
                                   Fixed64Field(402, 1) + Tag(403, 5) + "abcd"),
            R"({"fInt32":1})");
  // A known number with another wire type is an unknown field, too.
  EXPECT_EQ(Fast("t3.Scalars", BytesField(3, "x")), "{}");
  for (const std::string& bad :
       {Tag(400, 0), Tag(400, 0) + "\x80", Tag(401, 2) + "\x05" + "ab",
        Tag(402, 1) + "1234567", Tag(403, 5) + "123", Tag(500, 3),
        Tag(500, 3) + Tag(501, 4), Tag(500, 4), Tag(400, 6), Tag(400, 7),
        std::string("\0", 1), std::string("\x80"), std::string(11, '\x80')}) {
    EXPECT_THAT(Json("t3.Scalars", bad), HasSubstr("malformed or truncated"));
  }
}

TEST_F(JsonEncoderTest, OverlongTagsAndLengthsAreReadAsInLibprotobuf) {
  const std::string length = Tag(14, 2) + "\x81\x80\x80\x80";
  EXPECT_EQ(Json("t3.Scalars", length + std::string("\0x", 2)),
            R"({"fString":"x"})");
  EXPECT_THAT(Json("t3.Scalars", length + std::string("\x80\0x", 3)),
              HasSubstr("malformed"));
  const std::string tag = "\x98\x80\x80\x80";  // 3 << 3
  EXPECT_EQ(Json("t3.Scalars", tag + std::string("\0\1", 2)),
            R"({"fInt32":1})");
  EXPECT_EQ(Json("t3.Scalars", tag + "\x10\1"), R"({"fInt32":1})");
  EXPECT_THAT(Json("t3.Scalars", tag + std::string("\x80\0\1", 3)),
              HasSubstr("malformed"));
}

TEST_F(JsonEncoderTest, OverwrittenValuesMustBeWellFormed) {
  const std::string bad = "\xff";
  const std::string url = "type.googleapis.com/t3.Scalars";
  for (const auto& [type, first, second] :
       std::vector<std::array<std::string, 3>>{
           {"t3.Known", BytesField(1, bad), BytesField(1, url)},
           {"t3.Known", BytesField(1, bad), BytesField(1, "x")},
           {"t3.Maps", BytesField(1, bad), BytesField(1, "x")},
           {"t3.Maps", BytesField(2, bad), BytesField(2, "x")}}) {
    // Known.any or Known.w_string, and an entry of Maps.strings.
    const uint32_t number = type == "t3.Known" && second.size() < 9 ? 16 : 1;
    EXPECT_THAT(Json(type, BytesField(number, first + second)),
                HasSubstr("malformed"));
    EXPECT_THAT(Json(type, BytesField(number, second + second)),
                ::testing::StartsWith("{"));
  }
}

TEST_F(JsonEncoderTest, EveryTruncationIsAnErrorOrAShorterMessage) {
  const std::string wire = TestSchema::Get().Wire(
      "t3.Everything",
      "scalars { f_double: 1 f_string: 'abc' f_fixed64: 7 } repeated { "
      "f_int32: [1, 300] f_string: 'x' } maps { strings { key: 'k' value: 'v' "
      "} } tree { left { name: 'n' } }");
  int errors = 0;
  for (size_t n = 0; n < wire.size(); ++n) {
    // Copied to an exact-size buffer, so that a sanitizer detects reads beyond
    // the end.
    const std::vector<char> piece(wire.begin(),
                                  wire.begin() + static_cast<ptrdiff_t>(n));
    const std::string json =
        Json("t3.Everything", absl::string_view(piece.data(), piece.size()));
    if (json.rfind("ERR", 0) == 0) ++errors;
  }
  EXPECT_GT(errors, 30);
}

TEST_F(JsonEncoderTest, NestingIsLimitedToOneHundredMessages) {
  const auto nested = [](int depth) {
    std::string wire;
    for (int i = 0; i < depth; ++i) wire = BytesField(2, wire);
    return wire;
  };
  EXPECT_THAT(Json("t3.Tree", nested(100)), ::testing::StartsWith("{"));
  EXPECT_THAT(Json("t3.Tree", nested(101)), HasSubstr("deeper than 100"));
  std::string groups;
  for (int i = 0; i < 101; ++i) groups += Tag(500, 3);
  for (int i = 0; i < 101; ++i) groups += Tag(500, 4);
  EXPECT_THAT(Json("t3.Tree", groups), HasSubstr("malformed"));
}

TEST_F(JsonEncoderTest, ErrorsNameTheField) {
  EXPECT_EQ(
      Json("t3.Everything",
           BytesField(3, BytesField(3001, VarintField(2, 1000000000)))),
      "ERR t3.Everything.repeated.times: the nanos of a timestamp are not "
      "within 0 to 999999999");
}

TEST_F(JsonEncoderTest, Timestamps) {
  const auto timestamp = [](absl::string_view text) {
    const std::string json =
        FromText("t3.Known", absl::StrCat("timestamp { ", text, " }"));
    return json.rfind("ERR", 0) == 0 ? "ERR"
                                     : json.substr(14, json.size() - 16);
  };
  EXPECT_EQ(timestamp(""), "1970-01-01T00:00:00Z");
  EXPECT_EQ(timestamp("seconds: 1722430296 nanos: 500000000"),
            "2024-07-31T12:51:36.500Z");
  EXPECT_EQ(timestamp("seconds: -1 nanos: 1000"),
            "1969-12-31T23:59:59.000001Z");
  EXPECT_EQ(timestamp("seconds: 951782400 nanos: 1"),
            "2000-02-29T00:00:00.000000001Z");
  EXPECT_EQ(timestamp("seconds: -62135596800"), "0001-01-01T00:00:00Z");
  EXPECT_EQ(timestamp("seconds: 253402300799 nanos: 999999999"),
            "9999-12-31T23:59:59.999999999Z");
  EXPECT_EQ(timestamp("seconds: -62135596801"), "ERR");
  EXPECT_EQ(timestamp("seconds: 253402300800"), "ERR");
  EXPECT_EQ(timestamp("nanos: -1"), "ERR");
  EXPECT_EQ(timestamp("nanos: 1000000000"), "ERR");
}

TEST_F(JsonEncoderTest, Durations) {
  const auto duration = [](absl::string_view text) {
    const std::string json =
        FromText("t3.Known", absl::StrCat("duration { ", text, " }"));
    return json.rfind("ERR", 0) == 0 ? "ERR"
                                     : json.substr(13, json.size() - 15);
  };
  EXPECT_EQ(duration(""), "0s");
  EXPECT_EQ(duration("seconds: 3 nanos: 10"), "3.000000010s");
  EXPECT_EQ(duration("nanos: -500000000"), "-0.500s");
  EXPECT_EQ(duration("seconds: -3 nanos: -1000"), "-3.000001s");
  EXPECT_EQ(duration("seconds: 315576000000"), "315576000000s");
  EXPECT_EQ(duration("seconds: -315576000000 nanos: -999999999"),
            "-315576000000.999999999s");
  EXPECT_EQ(duration("seconds: 315576000001"), "ERR");
  EXPECT_EQ(duration("seconds: -315576000001"), "ERR");
  EXPECT_EQ(duration("seconds: 1 nanos: -1"), "ERR");
  EXPECT_EQ(duration("seconds: -1 nanos: 1"), "ERR");
  EXPECT_EQ(duration("nanos: 1000000000"), "ERR");
}

TEST_F(JsonEncoderTest, FieldMasksThatRoundTrip) {
  EXPECT_EQ(FromText("t3.Known", "mask {}"), R"({"mask":""})");
  EXPECT_EQ(FromText("t3.Known", "mask { paths: ['foo', 'a_bc.d_e', 'x1'] }"),
            R"({"mask":"foo,aBc.dE,x1"})");
  for (const absl::string_view bad :
       {"fooBar", "foo__bar", "foo_3", "foo_", "_", "a,b", "foo_.b"}) {
    EXPECT_THAT(
        FromText("t3.Known", absl::StrCat("mask { paths: '", bad, "' }")),
        HasSubstr("field mask"));
  }
}

TEST_F(JsonEncoderTest, StructsValuesAndLists) {
  EXPECT_EQ(
      FromText("t3.Known",
               "struct { fields { key: 'a' value { null_value: NULL_VALUE } } "
               "fields { key: 'b' value { list_value { values { bool_value: "
               "false } values { string_value: 'x' } values { struct_value {} "
               "} values { list_value {} } } } } } value { number_value: 0 } "
               "list { values { number_value: 1.5 } }"),
      R"({"struct":{"a":null,"b":[false,"x",{},[]]},"value":0,"list":[1.5]})");
  EXPECT_EQ(FromText("t3.Known", "struct {} list {}"),
            R"({"struct":{},"list":[]})");
  EXPECT_THAT(FromText("t3.Known", "value { number_value: nan }"),
              HasSubstr("finite"));
  EXPECT_THAT(FromText("t3.Known", "value { number_value: -inf }"),
              HasSubstr("finite"));
  EXPECT_THAT(FromText("t3.Known", "value {}"), HasSubstr("no value"));
  // Twice in one Value: the last one wins.
  EXPECT_EQ(
      Json("t3.Known", BytesField(6, VarintField(4, 1) + BytesField(3, "x"))),
      R"({"value":"x"})");
  // The same key twice.
  const auto entry = [](absl::string_view text) {
    return BytesField(1,
                      BytesField(1, "k") + BytesField(2, BytesField(3, text)));
  };
  EXPECT_EQ(Json("t3.Known", BytesField(5, entry("a") + entry("b"))),
            R"({"struct":{"k":"b"}})");
}

TEST_F(JsonEncoderTest, Wrappers) {
  EXPECT_EQ(FromText("t3.Known",
                     "w_double {} w_float {} w_int64 {} w_uint64 {} w_int32 {} "
                     "w_uint32 {} w_bool {} w_string {} w_bytes {} empty {}"),
            R"({"empty":{},"wDouble":0,"wFloat":0,"wInt64":"0",)"
            R"("wUint64":"0","wInt32":0,"wUint32":0,"wBool":false,)"
            R"("wString":"","wBytes":""})");
  EXPECT_EQ(FromText("t3.Known",
                     "w_double { value: inf } w_int64 { value: 5 } w_bool { "
                     "value: true } w_string { value: 'x' } w_bytes { value: "
                     "'abc' }"),
            R"({"wDouble":"Infinity","wInt64":"5","wBool":true,)"
            R"("wString":"x","wBytes":"YWJj"})");
}

TEST_F(JsonEncoderTest, AnyIsResolvedInThePool) {
  EXPECT_EQ(FromText("t3.Known", "any {}"), R"({"any":{}})");
  EXPECT_EQ(FromText("t3.Known",
                     "any { [type.example.com/t3.Scalars] { f_int32: 1 } }"),
            R"({"any":{"@type":"type.example.com/t3.Scalars","fInt32":1}})");
  EXPECT_EQ(FromText("t3.Known", "any { [x.y/t3.Scalars] {} }"),
            R"({"any":{"@type":"x.y/t3.Scalars"}})");
  EXPECT_EQ(FromText("t3.Known",
                     "any { [x.y/google.protobuf.Duration] { seconds: 1 } }"),
            R"({"any":{"@type":"x.y/google.protobuf.Duration","value":"1s"}})");
  EXPECT_EQ(FromText("t3.Known",
                     "any { [x.y/google.protobuf.Any] { [z.z/t3.Tree] "
                     "{ name: 'n' } } }"),
            R"({"any":{"@type":"x.y/google.protobuf.Any","value":)"
            R"({"@type":"z.z/t3.Tree","name":"n"}}})");
  EXPECT_EQ(Json("t3.Known", BytesField(1, BytesField(1, "x.y/no.Type"))),
            "ERR t3.Known.any: an Any holds an unknown type: x.y/no.Type");
  EXPECT_THAT(Json("t3.Known", BytesField(1, BytesField(1, "t3.Scalars"))),
              HasSubstr("unknown type"));
  EXPECT_THAT(Json("t3.Known", BytesField(1, BytesField(2, "x"))),
              HasSubstr("no type URL"));
  EXPECT_THAT(Json("t3.Known", BytesField(1, BytesField(1, "x/t3.Tree") +
                                                 BytesField(2, "\x0a\x05"))),
              HasSubstr("does not match its type: x/t3.Tree"));
}

// Returns a t3.Known with an Any in its field `any`.
std::string KnownAny(absl::string_view url, absl::string_view value) {
  return BytesField(1, BytesField(1, url) + BytesField(2, value));
}

TEST_F(JsonEncoderTest, WhatALaterAnyReplacesMayBeMalformed) {
  EXPECT_EQ(Json("t3.Known", KnownAny("x/t3.Tree", "\x0a\x05") +
                                 KnownAny("x/t3.Tree", "\x0a\x01n")),
            R"({"any":{"@type":"x/t3.Tree","name":"n"}})");
}

TEST_F(JsonEncoderTest, AnUnknownAnyCanBeWrittenAsItsUrl) {
  EXPECT_EQ(Json("t3.Known", KnownAny("x.y/no.Type", "\x08\x01"),
                 {.unresolved_any_by_url = true}),
            R"({"any":{"@type":"x.y/no.Type"}})");
}

TEST_F(JsonEncoderTest, LenientWritesAnUnknownAnyAsBytes) {
  EXPECT_EQ(LenientJson("t3.Known", KnownAny("x.y/no.Type", "\x08\x01")),
            R"({"any":{"@type":"x.y/no.Type","value":"CAE="}})");
  EXPECT_EQ(LenientJson("t3.Known", KnownAny("x.y/no.Type", "")),
            R"({"any":{"@type":"x.y/no.Type","value":""}})");
  EXPECT_EQ(LenientJson("t3.Known", KnownAny("no slash", "a")),
            R"({"any":{"@type":"no slash","value":"YQ=="}})");
  EXPECT_EQ(LenientJson("t3.Known", BytesField(1, BytesField(2, "a"))),
            R"({"any":{"@type":"","value":"YQ=="}})");
  EXPECT_EQ(LenientJson("t3.Known", BytesField(1, "")), R"({"any":{}})");
  // Inside another Any, and in a list.
  EXPECT_EQ(LenientJson("t3.Known",
                        KnownAny("x/t3.Known", KnownAny("x.y/no.Type", "a"))),
            R"({"any":{"@type":"x/t3.Known","any":)"
            R"({"@type":"x.y/no.Type","value":"YQ=="}}})");
}

TEST_F(JsonEncoderTest, LenientWritesAMistypedAnyAsBytes) {
  EXPECT_EQ(LenientJson("t3.Known", KnownAny("x/t3.Tree", "\x0a\x05")),
            R"({"any":{"@type":"x/t3.Tree","value":"CgU="}})");
  // Only the innermost one.
  EXPECT_EQ(
      LenientJson("t3.Known",
                  KnownAny("x/t3.Known", KnownAny("x/t3.Tree", "\x0a\x05"))),
      R"({"any":{"@type":"x/t3.Known","any":)"
      R"({"@type":"x/t3.Tree","value":"CgU="}}})");
  // A duration of 10^12 seconds.
  const std::string duration = VarintField(1, 1000000000000);
  EXPECT_THAT(
      LenientJson("t3.Known", KnownAny("x/google.protobuf.Duration", duration)),
      ::testing::StartsWith(
          R"({"any":{"@type":"x/google.protobuf.Duration","value":")"));
}

TEST_F(JsonEncoderTest, LenientReplacesInvalidUtf8) {
  EXPECT_EQ(LenientJson("t3.Scalars", BytesField(14,
                                                 "a\xff\xfe"
                                                 "b")),
            "{\"fString\":\"a\uFFFD\uFFFDb\"}");
  const std::string name = BytesField(1, "\xe2\x82");
  EXPECT_EQ(LenientJson("t3.Tree", name), "{\"name\":\"\uFFFD\"}");
  // At any depth, inside an Any, and with unusual bytes.
  EXPECT_EQ(LenientJson("t3.Known", KnownAny("x/t3.Tree", name)),
            "{\"any\":{\"@type\":\"x/t3.Tree\",\"name\":\"\uFFFD\"}}");
  EXPECT_EQ(LenientJson("t3.Known", KnownAny("x/t3.Tree", name + name)),
            "{\"any\":{\"@type\":\"x/t3.Tree\",\"name\":\"\uFFFD\"}}");
  EXPECT_EQ(LenientJson("t3.Tree", name + name), "{\"name\":\"\uFFFD\"}");
  EXPECT_EQ(LenientJson("t2.Old", BytesField(2, "\xff")),
            LenientJson("t2.Old", BytesField(2, "\uFFFD")));
  EXPECT_EQ(LenientJson("t3.Known", KnownAny("x/\xff", "")),
            "{\"any\":{\"@type\":\"x/\uFFFD\",\"value\":\"\"}}");
}

TEST_F(JsonEncoderTest, LenientStillRefusesValuesWithoutJsonForm) {
  EXPECT_THAT(LenientJson("t3.Tree", "\x0a\x7f\x01"), HasSubstr("malformed"));
  std::string deep;
  for (int i = 0; i < 200; ++i) deep = BytesField(2, deep);
  EXPECT_THAT(LenientJson("t3.Tree", deep), ::testing::StartsWith("ERR "));
}

TEST_F(JsonEncoderTest, UnusualBytesInsideAnyAreNormalized) {
  const std::string inner = VarintField(4, 1) + VarintField(3, 2);
  const std::string wire =
      BytesField(1, BytesField(1, "x/t3.Scalars") + BytesField(2, inner));
  EXPECT_EQ(Fast("t3.Known", wire), kNotFast);
  EXPECT_EQ(Json("t3.Known", wire),
            R"({"any":{"@type":"x/t3.Scalars","fInt32":2,"fInt64":"1"}})");
}

TEST_F(JsonEncoderTest, NestedUnusualAnysTakeLinearTime) {
  // Each level is unusual by itself. Trying both paths at every level would
  // take 2^45 steps.
  std::string wire;
  for (int i = 0; i < 45; ++i) {
    const std::string any = BytesField(1, "x/t3.Tree") + BytesField(2, wire);
    wire = BytesField(4, any) + BytesField(1, "late");
  }
  EXPECT_THAT(Json("t3.Tree", wire), ::testing::StartsWith("{\"name\":\"late"));
}

TEST_F(JsonEncoderTest, SlicesAreReadAsOneMessage) {
  const std::string wire = TestSchema::Get().Wire(
      "t3.Scalars", "f_string: 'abcdefghij' f_int64: 77 f_color: RED");
  const auto encoder = JsonEncoder::Create(TestSchema::Get().pool(), {});
  const MessageTable* type =
      encoder->TableFor(TestSchema::Get().Type("t3.Scalars"));
  for (size_t a = 0; a <= wire.size(); ++a) {
    for (size_t b = a; b <= wire.size(); ++b) {
      const absl::string_view all = wire;
      const std::vector<absl::string_view> slices = {
          all.substr(0, a), all.substr(a, b - a), all.substr(b)};
      std::string json;
      ASSERT_TRUE(encoder->Encode(type, slices, &json).ok());
      EXPECT_EQ(json,
                R"({"fInt64":"77","fString":"abcdefghij","fColor":"RED"})");
    }
  }
  std::string json;
  EXPECT_TRUE(
      encoder->Encode(type, absl::Span<const absl::string_view>(), &json).ok());
  EXPECT_EQ(json, "{}");
}

TEST_F(JsonEncoderTest, OneFieldOfAMessage) {
  const auto encoder = JsonEncoder::Create(TestSchema::Get().pool(), {});
  const auto field = [&](absl::string_view path, absl::string_view wire) {
    const auto found =
        encoder->FieldFor(TestSchema::Get().Type("t3.Envelope"), path);
    if (!found.ok()) return std::string(found.status().message());
    std::string json = "> ";
    const absl::Status status = encoder->EncodeField(*found, wire, &json);
    if (!status.ok()) return absl::StrCat("ERR ", status.message());
    return json.substr(2);
  };
  const std::string wire = TestSchema::Get().Wire(
      "t3.Envelope",
      "event { f_int32: 1 } name: 'n' number: 5 list: ['a', 'b'] map { key: "
      "'k' value: 1 } nested { nested { name: 'deep' list: 'x' } } there { "
      "name: 't' }");
  EXPECT_EQ(field("event", wire), R"({"fInt32":1})");
  EXPECT_EQ(field("name", wire), R"("n")");
  EXPECT_EQ(field("number", wire), R"("5")");
  EXPECT_EQ(field("list", wire), R"(["a","b"])");
  EXPECT_EQ(field("map", wire), R"({"k":1})");
  EXPECT_EQ(field("nested.nested.name", wire), R"("deep")");
  EXPECT_EQ(field("nested.nested.list", wire), R"(["x"])");
  EXPECT_EQ(field("there.name", wire), R"("t")");
  EXPECT_EQ(field("nested.event", wire), "{}");

  EXPECT_EQ(field("event", ""), "{}");
  EXPECT_EQ(field("name", ""), R"("")");
  EXPECT_EQ(field("number", ""), R"("0")");
  EXPECT_EQ(field("list", ""), "[]");
  EXPECT_EQ(field("map", ""), "{}");
  EXPECT_EQ(field("color", ""), R"("BLACK")");
  EXPECT_EQ(field("nested.nested.real", ""), "0");

  // Unusual bytes: merged, split, and cleared by another member of the oneof.
  EXPECT_EQ(field("event", BytesField(1, VarintField(3, 1)) + wire),
            R"({"fInt32":1})");
  EXPECT_EQ(field("event", wire + BytesField(1, VarintField(4, 2))),
            R"({"fInt32":1,"fInt64":"2"})");
  EXPECT_EQ(field("nested.event",
                  BytesField(8, BytesField(1, VarintField(3, 1))) +
                      BytesField(8, BytesField(1, VarintField(4, 2)))),
            R"({"fInt32":1,"fInt64":"2"})");
  EXPECT_EQ(field("list",
                  BytesField(9, "a") + BytesField(10, "") + BytesField(9, "b")),
            R"(["a","b"])");
  EXPECT_EQ(field("there.name", wire + BytesField(11, "here")), R"("")");
  EXPECT_THAT(field("event", wire + "\x0a"), HasSubstr("ERR"));

  EXPECT_THAT(field("nope", ""), HasSubstr("has no field \"nope\""));
  EXPECT_THAT(field("", ""), HasSubstr("has no field"));
  EXPECT_THAT(field("list.x", ""), HasSubstr("not a singular message"));
  EXPECT_THAT(field("name.x", ""), HasSubstr("not a singular message"));
}

TEST_F(JsonEncoderTest, ManyThreadsShareOneEncoder) {
  const auto encoder = JsonEncoder::Create(TestSchema::Get().pool(), {});
  const std::string usual = TestSchema::Get().Wire(
      "t3.Known", "any { [x.y/t3.Scalars] { f_string: 'x' } }");
  const std::string unusual = usual + usual;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        std::string json;
        const MessageTable* type =
            encoder->TableFor(TestSchema::Get().Type("t3.Known"));
        EXPECT_TRUE(
            encoder->Encode(type, i % 10 == 0 ? unusual : usual, &json).ok());
        EXPECT_EQ(json, R"({"any":{"@type":"x.y/t3.Scalars","fString":"x"}})");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(JsonEncoderTest, MessagesLargerThanTheKeptBufferWork) {
  const std::string large(3 << 20, 'x');
  const std::string wire = BytesField(14, large);
  EXPECT_EQ(Json("t3.Scalars", wire).size(), large.size() + 14);
  EXPECT_EQ(Json("t3.Scalars", VarintField(3, 1)), R"({"fInt32":1})");
}

}  // namespace
}  // namespace sse_bridge
