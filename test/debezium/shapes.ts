/** The shapes in which events reach a sink: how Debezium is set up in the wild. */
export const SHAPES = ['json', 'entry', 'schema', 'cloudevents', 'flat'] as const;

export type Shape = (typeof SHAPES)[number];

/** Fields of an event that the flattened shape adds to the columns of the row. */
const ADDED_FIELDS = [
  'op',
  'table',
  'lsn',
  'txId',
  'source.sequence',
  'source.snapshot',
  'source.ts_us',
  'ts_us',
  'transaction.total_order',
];

/** Settings of the engine, and of `Capture`, that make a shape. */
export const SHAPE_SETTINGS: Readonly<Record<Shape, Readonly<Record<string, string>>>> = {
  /** The value alone, as a sink by HTTP gets it. */
  json: {},
  /** Topic, key, value and headers. */
  entry: { 'capture.entry': 'true' },
  /** The value with its schema. */
  schema: { 'converter.schemas.enable': 'true' },
  cloudevents: { 'capture.format': 'cloudevents' },
  /** Only the row, with fields added to it, and deletes as rows. */
  flat: {
    transforms: 'unwrap',
    'transforms.unwrap.type': 'io.debezium.transforms.ExtractNewRecordState',
    'transforms.unwrap.add.fields': ADDED_FIELDS.join(','),
    'transforms.unwrap.delete.tombstone.handling.mode': 'rewrite',
  },
};
