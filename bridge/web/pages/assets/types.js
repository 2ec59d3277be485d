// The types of /schema.json: which have their own JSON form, and the two names of a
// field.

// Well-known types whose JSON is a single value.
export const kTextTypes = {
  'google.protobuf.Timestamp': '2026-01-31T12:00:00Z',
  'google.protobuf.Duration': '1.5s',
  'google.protobuf.FieldMask': 'name,size',
};
export const kJsonTypes = {
  'google.protobuf.Any': '{"@type": "type.googleapis.com/package.Type"}',
  'google.protobuf.Struct': '{"key": "value"}',
  'google.protobuf.Value': 'any JSON',
  'google.protobuf.ListValue': '[1, 2]',
};
const kWrappers = {
  DoubleValue: 'double', FloatValue: 'float', Int64Value: 'int64', UInt64Value: 'uint64',
  Int32Value: 'int32', UInt32Value: 'uint32', BoolValue: 'bool', StringValue: 'string',
  BytesValue: 'bytes',
};

// The scalar that a wrapper message holds.
export function wrapped(field) {
  return field.type !== 'message' ? undefined :
    kWrappers[field.type_name.replace(/^google\.protobuf\./, '')];
}
export const isText = (field) =>
  field.type !== 'message' || field.type_name in kTextTypes || wrapped(field) !== undefined;

export function typeText(field) {
  const bare = (field.type_name ?? field.type).replace(/^google\.protobuf\./, '');
  if (field.map) return `map<${field.map}, ${bare}>`;
  return field.repeated ? `repeated ${bare}` : bare;
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

// Renames the members of a value; keeps what is not a field.
function renamed(schema, typeName, value, findField, nameOf) {
  const fields = schema.messages[typeName];
  if (fields === undefined || !isObject(value) ||
      isText({type: 'message', type_name: typeName}) || typeName in kJsonTypes) {
    return value;
  }
  const out = {};
  for (const [name, each] of Object.entries(value)) {
    const field = fields.find((one) => findField(one, name));
    const inner = (one) => (field?.type === 'message' ?
      renamed(schema, field.type_name, one, findField, nameOf) : one);
    out[field === undefined ? name : nameOf(field)] =
      field?.map && isObject(each) ?
        Object.fromEntries(Object.entries(each).map(([key, one]) => [key, inner(one)])) :
        Array.isArray(each) && field?.repeated ? each.map(inner) : inner(each);
  }
  return out;
}

// Returns the value with JSON field names.
export const withJsonNames = (schema, typeName, value) =>
  renamed(schema, typeName, value, (field, name) => field.name === name,
    (field) => field.json_name ?? field.name);

// Returns the value with the names of .proto files. ProtoJSON allows both.
export const withProtoNames = (schema, typeName, value) =>
  renamed(schema, typeName, value,
    (field, name) => field.name === name || field.json_name === name, (field) => field.name);

// Whether the field at a path of proto names is a map.
export function isMapField(schema, typeName, path) {
  let field;
  for (const name of path.split('.')) {
    field = schema.messages[typeName]?.find((one) => one.name === name);
    typeName = field?.type_name;
  }
  return field?.map !== undefined;
}
