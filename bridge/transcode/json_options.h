#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_OPTIONS_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_OPTIONS_H_

namespace sse_bridge {

// Choices that the ProtoJSON mapping leaves to the encoder.
struct JsonOptions {
  // Writes `created_at` instead of `createdAt`.
  bool preserve_proto_field_names = false;

  // Also prints fields without presence (proto3 scalars without `optional`,
  // repeated fields, maps) that have their default value. Fields with presence
  // are printed only if they are set.
  bool always_print_fields_with_no_presence = false;

  // Prints enum values as numbers instead of names.
  bool always_print_enums_as_ints = false;

  // Prints an Any of a type that is not in the pool as {"@type": its URL}
  // instead of failing. Intended for error details: a detail of an unknown type
  // must not hide the error, and its bytes are not meant to be shown.
  bool unresolved_any_by_url = false;

  // Prints values without a ProtoJSON form in a form that readers can still
  // use, instead of failing: an Any whose message cannot be encoded (usually
  // because its type is not in the pool) becomes {"@type": URL, "value": BYTES
  // IN BASE64}, and invalid UTF-8 in a string becomes U+FFFD.
  bool lenient = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_OPTIONS_H_
