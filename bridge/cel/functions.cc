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

// The letters of kinds in signatures, in the order of ValueKind.
constexpr absl::string_view kLetters = "nbiudsytDTLM***";
static_assert(kLetters.size() == static_cast<size_t>(ValueKind::kWrapper) + 1);

char LetterOf(ValueKind kind) { return kLetters[static_cast<size_t>(kind)]; }

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
    case 'L':
      return Type::ListOf(Type::Kind::kDyn);
    case 'M':
      return Type::MapOf(Type::Kind::kDyn, Type::Kind::kDyn);
    case '*':
      return Type::Kind::kDyn;
    default:
      return static_cast<ValueKind>(kLetters.find(letter));
  }
}

Type ResultType(const Overload& overload, const std::vector<Type>& types) {
  if (overload.name == "_+_" && overload.result == 'L' &&
      types[0].Is(Type::Kind::kList) && types[1].Is(Type::Kind::kList)) {
    return Type::ListOf(Type::Join(types[0].element(), types[1].element()));
  }
  if (overload.name == "split") return Type::ListOf(Type::Kind::kString);
  return TypeOfLetter(overload.result);
}

}  // namespace sse_bridge::cel
