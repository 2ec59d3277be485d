#include "bridge/cel/functions.h"

#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace sse_bridge::cel {

namespace {

using Key = std::pair<std::string, bool>;
using Table = absl::flat_hash_map<Key, std::vector<const Overload*>>;

const Table& AllFunctions() {
  static const Table* const table = [] {
    auto* all = new Table;
    for (const absl::Span<const Overload> part :
         {ArithmeticFunctions(), ConversionFunctions(), TimeFunctions(),
          StringFunctions(), StringExtensions(), FormatFunctions(),
          ValidationFunctions()}) {
      for (const Overload& overload : part) {
        (*all)[Key(overload.name, overload.receiver)].push_back(&overload);
      }
    }
    return all;
  }();
  return *table;
}

char LetterOf(Value::Kind kind) {
  switch (kind) {
    case Value::Kind::kNull:
      return 'n';
    case Value::Kind::kBool:
      return 'b';
    case Value::Kind::kInt:
      return 'i';
    case Value::Kind::kUint:
      return 'u';
    case Value::Kind::kDouble:
      return 'd';
    case Value::Kind::kString:
      return 's';
    case Value::Kind::kBytes:
      return 'y';
    case Value::Kind::kTimestamp:
      return 't';
    case Value::Kind::kDuration:
      return 'D';
    case Value::Kind::kType:
      return 'T';
    case Value::Kind::kList:
      return 'L';
    case Value::Kind::kMap:
      return 'M';
    case Value::Kind::kMessage:
      return '*';
  }
  return '*';
}

}  // namespace

std::vector<const Overload*> FindOverloads(absl::string_view name,
                                           bool receiver) {
  const auto found = AllFunctions().find(Key(name, receiver));
  if (found == AllFunctions().end()) return {};
  return found->second;
}

bool Accepts(const Overload& overload, absl::Span<const Value> args) {
  if (overload.params.size() != args.size()) return false;
  for (size_t i = 0; i < args.size(); ++i) {
    const char letter = overload.params[i];
    if (letter != '*' && letter != LetterOf(args[i].kind())) return false;
  }
  return true;
}

bool Accepts(const Overload& overload, const std::vector<Type>& args) {
  if (overload.params.size() != args.size()) return false;
  for (size_t i = 0; i < args.size(); ++i) {
    if (!Type::Compatible(TypeOfLetter(overload.params[i]), args[i])) {
      return false;
    }
  }
  return true;
}

Type TypeOfLetter(char letter) {
  switch (letter) {
    case 'n':
      return Type::Kind::kNull;
    case 'b':
      return Type::Kind::kBool;
    case 'i':
      return Type::Kind::kInt;
    case 'u':
      return Type::Kind::kUint;
    case 'd':
      return Type::Kind::kDouble;
    case 's':
      return Type::Kind::kString;
    case 'y':
      return Type::Kind::kBytes;
    case 't':
      return Type::Kind::kTimestamp;
    case 'D':
      return Type::Kind::kDuration;
    case 'T':
      return Type::Kind::kType;
    case 'L':
      return Type::ListOf(Type::Kind::kDyn);
    case 'M':
      return Type::MapOf(Type::Kind::kDyn, Type::Kind::kDyn);
    default:
      return Type::Kind::kDyn;
  }
}

}  // namespace sse_bridge::cel
