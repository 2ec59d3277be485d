#include <cmath>
#include <cstdint>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bridge/base/utf8.h"
#include "bridge/cel/functions.h"
#include "bridge/cel/number_text.h"
#include "bridge/cel/time_range.h"

namespace sse_bridge::cel {

namespace {

Result OutOfRange(absl::string_view type) {
  return absl::OutOfRangeError(absl::StrCat("out of the range of ", type));
}

Result NoConversion(absl::string_view type) {
  return absl::InvalidArgumentError(absl::StrCat("the string is not a ", type));
}

Result Same(Args args, const CallContext&) { return args[0]; }

Result IntOfUint(Args args, const CallContext&) {
  if (args[0].uint_value() > INT64_MAX) return OutOfRange("int");
  return Value::Int(static_cast<int64_t>(args[0].uint_value()));
}

Result IntOfDouble(Args args, const CallContext&) {
  const double number = args[0].double_value();
  // CEL excludes the smallest int, which the rounding of others may have made.
  if (!(number > -0x1p63 && number < 0x1p63)) return OutOfRange("int");
  return Value::Int(static_cast<int64_t>(number));
}

// SimpleAtoi trims spaces, which CEL does not.
bool HasSpaces(absl::string_view text) {
  for (const char c : text) {
    if (absl::ascii_isspace(c)) return true;
  }
  return false;
}

Result IntOfString(Args args, const CallContext& context) {
  const absl::string_view text = args[0].string();
  if (absl::Status s = context.budget->Spend(text.size()); !s.ok()) return s;
  int64_t number = 0;
  if (HasSpaces(text) || !absl::SimpleAtoi(text, &number)) {
    return NoConversion("int");
  }
  return Value::Int(number);
}

Result IntOfTimestamp(Args args, const CallContext&) {
  return Value::Int(absl::ToUnixSeconds(args[0].timestamp()));
}

Result UintOfInt(Args args, const CallContext&) {
  if (args[0].int_value() < 0) return OutOfRange("uint");
  return Value::Uint(static_cast<uint64_t>(args[0].int_value()));
}

Result UintOfDouble(Args args, const CallContext&) {
  const double number = args[0].double_value();
  if (!(number > -1 && number < 0x1p64)) return OutOfRange("uint");
  return Value::Uint(static_cast<uint64_t>(number));
}

Result UintOfString(Args args, const CallContext& context) {
  const absl::string_view text = args[0].string();
  if (absl::Status s = context.budget->Spend(text.size()); !s.ok()) return s;
  uint64_t number = 0;
  if (HasSpaces(text) || !absl::SimpleAtoi(text, &number)) {
    return NoConversion("uint");
  }
  return Value::Uint(number);
}

Result DoubleOfInt(Args args, const CallContext&) {
  return Value::Double(static_cast<double>(args[0].int_value()));
}

Result DoubleOfUint(Args args, const CallContext&) {
  return Value::Double(static_cast<double>(args[0].uint_value()));
}

Result DoubleOfString(Args args, const CallContext& context) {
  const absl::string_view text = args[0].string();
  if (absl::Status s = context.budget->Spend(text.size()); !s.ok()) return s;
  double number = 0;
  if (HasSpaces(text) || !absl::SimpleAtod(text, &number)) {
    return NoConversion("double");
  }
  return Value::Double(number);
}

Result BoolOfString(Args args, const CallContext&) {
  const absl::string_view text = args[0].string();
  for (const absl::string_view name : {"1", "t", "true", "TRUE", "True"}) {
    if (text == name) return Value::Bool(true);
  }
  for (const absl::string_view name : {"0", "f", "false", "FALSE", "False"}) {
    if (text == name) return Value::Bool(false);
  }
  return NoConversion("bool");
}

Result BytesOfString(Args args, const CallContext&) {
  return Value::Bytes(args[0].string(), args[0].owner());
}

Result StringOfBytes(Args args, const CallContext& context) {
  const absl::string_view bytes = args[0].bytes();
  if (absl::Status s = context.budget->Spend(bytes.size()); !s.ok()) return s;
  if (!IsUtf8(bytes)) return absl::InvalidArgumentError("invalid UTF-8");
  return Value::String(bytes, args[0].owner());
}

Result StringOfInt(Args args, const CallContext&) {
  return Value::OwnString(absl::StrCat(args[0].int_value()));
}

Result StringOfUint(Args args, const CallContext&) {
  return Value::OwnString(absl::StrCat(args[0].uint_value()));
}

Result StringOfDouble(Args args, const CallContext&) {
  return Value::OwnString(ShortestDouble(args[0].double_value()));
}

Result StringOfBool(Args args, const CallContext&) {
  return Value::String(args[0].bool_value() ? "true" : "false");
}

Result StringOfTimestamp(Args args, const CallContext&) {
  return Value::OwnString(TimestampText(args[0].timestamp()));
}

Result StringOfDuration(Args args, const CallContext&) {
  return Value::OwnString(DurationText(args[0].duration()));
}

Result TypeOf(Args args, const CallContext&) {
  return Value::Type(args[0].TypeName());
}

Result SizeOfList(Args args, const CallContext&) {
  return Value::Int(static_cast<int64_t>(args[0].list().size()));
}

Result SizeOfMap(Args args, const CallContext&) {
  return Value::Int(static_cast<int64_t>(args[0].map().size()));
}

Result SizeOfBytes(Args args, const CallContext&) {
  return Value::Int(static_cast<int64_t>(args[0].bytes().size()));
}

Result SizeOfString(Args args, const CallContext& context) {
  const absl::string_view text = args[0].string();
  if (absl::Status s = context.budget->Spend(text.size()); !s.ok()) return s;
  return Value::Int(static_cast<int64_t>(CountCodePoints(text)));
}

}  // namespace

std::string ShortestDouble(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  // The fewest digits that give the same number.
  for (int precision = 15; precision < 17; ++precision) {
    std::string text = absl::StrFormat("%.*g", precision, value);
    double parsed = 0;
    if (absl::SimpleAtod(text, &parsed) && parsed == value) return text;
  }
  return absl::StrFormat("%.17g", value);
}

absl::Span<const Overload> ConversionFunctions() {
  static constexpr Overload kFunctions[] = {
      {"int", false, "i", 'i', Same},
      {"int", false, "u", 'i', IntOfUint},
      {"int", false, "d", 'i', IntOfDouble},
      {"int", false, "s", 'i', IntOfString},
      {"int", false, "t", 'i', IntOfTimestamp},
      {"uint", false, "u", 'u', Same},
      {"uint", false, "i", 'u', UintOfInt},
      {"uint", false, "d", 'u', UintOfDouble},
      {"uint", false, "s", 'u', UintOfString},
      {"double", false, "d", 'd', Same},
      {"double", false, "i", 'd', DoubleOfInt},
      {"double", false, "u", 'd', DoubleOfUint},
      {"double", false, "s", 'd', DoubleOfString},
      {"bool", false, "b", 'b', Same},
      {"bool", false, "s", 'b', BoolOfString},
      {"bytes", false, "y", 'y', Same},
      {"bytes", false, "s", 'y', BytesOfString},
      {"string", false, "s", 's', Same},
      {"string", false, "y", 's', StringOfBytes},
      {"string", false, "i", 's', StringOfInt},
      {"string", false, "u", 's', StringOfUint},
      {"string", false, "d", 's', StringOfDouble},
      {"string", false, "b", 's', StringOfBool},
      {"string", false, "t", 's', StringOfTimestamp},
      {"string", false, "D", 's', StringOfDuration},
      {"dyn", false, "*", '*', Same},
      {"type", false, "*", 'T', TypeOf},
      {"size", false, "L", 'i', SizeOfList},
      {"size", false, "M", 'i', SizeOfMap},
      {"size", false, "y", 'i', SizeOfBytes},
      {"size", false, "s", 'i', SizeOfString},
      {"size", true, "L", 'i', SizeOfList},
      {"size", true, "M", 'i', SizeOfMap},
      {"size", true, "y", 'i', SizeOfBytes},
      {"size", true, "s", 'i', SizeOfString},
  };
  return kFunctions;
}

}  // namespace sse_bridge::cel
