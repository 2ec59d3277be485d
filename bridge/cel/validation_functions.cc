// The functions that protovalidate adds to CEL.

#include <cmath>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "bridge/cel/functions.h"
#include "bridge/cel/message_values.h"
#include "bridge/cel/net_text.h"

namespace sse_bridge::cel {

namespace {

Result IsNan(Args args, const CallContext&) {
  return Value::Bool(std::isnan(args[0].double_value()));
}

// Of any sign, or only of that of the argument.
Result IsInf(Args args, const CallContext&) {
  const double number = args[0].double_value();
  const int64_t sign = args.size() > 1 ? args[1].int_value() : 0;
  return Value::Bool(std::isinf(number) &&
                     (sign == 0 || (sign > 0) == (number > 0)));
}

// Calls a check of a text, which reads it about twice.
template <typename Check>
Result CheckText(Args args, const CallContext& context, Check check) {
  const absl::string_view text = args[0].string();
  if (absl::Status s = context.budget->Spend(2 * text.size()); !s.ok()) {
    return s;
  }
  return Value::Bool(check(text));
}

Result EmailCheck(Args args, const CallContext& context) {
  return CheckText(args, context, IsEmail);
}

Result HostnameCheck(Args args, const CallContext& context) {
  return CheckText(args, context, IsHostname);
}

Result HostAndPortCheck(Args args, const CallContext& context) {
  return CheckText(args, context, [args](absl::string_view text) {
    return IsHostAndPort(text, args[1].bool_value());
  });
}

Result IpCheck(Args args, const CallContext& context) {
  return CheckText(args, context, [args](absl::string_view text) {
    return IsIp(text, args.size() > 1 ? args[1].int_value() : 0);
  });
}

// Arguments: the version, strictness, or both.
Result IpPrefixCheck(Args args, const CallContext& context) {
  return CheckText(args, context, [args](absl::string_view text) {
    int64_t version = 0;
    bool strict = false;
    for (const Value& arg : args.subspan(1)) {
      if (arg.Is(Value::Kind::kInt)) version = arg.int_value();
      if (arg.Is(Value::Kind::kBool)) strict = arg.bool_value();
    }
    return IsIpPrefix(text, version, strict);
  });
}

Result UriCheck(Args args, const CallContext& context) {
  return CheckText(args, context, IsUri);
}

Result UriReferenceCheck(Args args, const CallContext& context) {
  return CheckText(args, context, IsUriReference);
}

// Elements are of one scalar type. NaN is like no other value.
Result Unique(Args args, const CallContext& context) {
  struct Key {
    Value::Kind kind;
    uint64_t number = 0;
    double real = 0;
    absl::string_view text;

    bool operator==(const Key&) const = default;
  };
  const auto hash = [](const Key& key) {
    return absl::HashOf(key.kind, key.number, key.real, key.text);
  };
  absl::flat_hash_set<Key, decltype(hash)> seen(0, hash);
  // Strings may be copies that only their values keep.
  std::vector<Value> kept;
  const List& list = args[0].list();
  for (size_t i = 0; i < list.size(); ++i) {
    Result element = list.Get(i, context.budget);
    if (!element.ok()) return element;
    Key key{element->kind(), 0, 0, {}};
    uint64_t cost = sizeof(Value);
    switch (element->kind()) {
      case Value::Kind::kBool:
        key.number = element->bool_value();
        break;
      case Value::Kind::kInt:
        key.number = static_cast<uint64_t>(element->int_value());
        break;
      case Value::Kind::kUint:
        key.number = element->uint_value();
        break;
      case Value::Kind::kDouble:
        // 0 and -0 are equal, but differ in their hashes.
        key.real = element->double_value() == 0 ? 0.0 : element->double_value();
        break;
      case Value::Kind::kString:
        key.text = element->string();
        cost += element->string().size();
        break;
      case Value::Kind::kBytes:
        key.text = element->bytes();
        cost += element->bytes().size();
        break;
      default:
        return absl::InvalidArgumentError(
            absl::StrCat("no matching overload for 'unique' with elements of ",
                         element->TypeName()));
    }
    if (absl::Status s = context.budget->Spend(cost); !s.ok()) return s;
    if (!seen.insert(key).second) return Value::Bool(false);
    kept.push_back(*std::move(element));
  }
  return Value::Bool(true);
}

Result GetField(Args args, const CallContext& context) {
  if (!args[0].Is(Value::Kind::kMessage)) {
    return absl::InvalidArgumentError("getField() takes a message");
  }
  const google::protobuf::Message& message = args[0].message();
  const google::protobuf::FieldDescriptor* field =
      message.GetDescriptor()->FindFieldByName(std::string(args[1].string()));
  if (field == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("no field ", args[1].string(), " in ",
                     message.GetDescriptor()->full_name()));
  }
  return FieldValue(message, field, args[0].owner(), context.types,
                    context.budget);
}

}  // namespace

absl::Span<const Overload> ValidationFunctions() {
  static constexpr Overload kFunctions[] = {
      {"isNan", true, "d", 'b', IsNan},
      {"isInf", true, "d", 'b', IsInf},
      {"isInf", true, "di", 'b', IsInf},
      {"isEmail", true, "s", 'b', EmailCheck},
      {"isHostname", true, "s", 'b', HostnameCheck},
      {"isHostAndPort", true, "sb", 'b', HostAndPortCheck},
      {"isIp", true, "s", 'b', IpCheck},
      {"isIp", true, "si", 'b', IpCheck},
      {"isIpPrefix", true, "s", 'b', IpPrefixCheck},
      {"isIpPrefix", true, "si", 'b', IpPrefixCheck},
      {"isIpPrefix", true, "sb", 'b', IpPrefixCheck},
      {"isIpPrefix", true, "sib", 'b', IpPrefixCheck},
      {"isUri", true, "s", 'b', UriCheck},
      {"isUriRef", true, "s", 'b', UriReferenceCheck},
      {"unique", true, "L", 'b', Unique},
      {"getField", false, "*s", '*', GetField},
  };
  return kFunctions;
}

}  // namespace sse_bridge::cel
