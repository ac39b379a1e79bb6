import type { JsonFault } from '../sources/json/reader.js';
import { listed } from './list.js';
import type { malformedPtBR } from './malformed.pt-BR.js';

const faults: Readonly<Record<JsonFault['problem'], string>> = {
  value: 'a value is missing',
  comma: 'a comma is missing',
  name: 'a name in quotes is missing',
  colon: 'a colon is missing',
  digit: 'a digit is missing',
  escape: 'an invalid escape sequence',
  control: 'a control character in a string',
  depth: 'objects or arrays nested too deeply',
  more: 'more than one value',
  end: 'the text ends here',
};

const asJson = (converter: string): string =>
  `have it written as JSON (key.converter and value.converter ${converter})`;

/**
 * Reasons for refusing an input of `verify`, in English: the end of a sentence on that input
 * ("input 7 is not an event: …"), without its values.
 */
export const malformedEn: typeof malformedPtBR = {
  tooLong: (e) => `longer than ${e.mebibytes} MiB`,
  emptyBody: () => 'an empty body',
  json: (e) => `invalid JSON at byte ${e.byte}: ${faults[e.problem]}`,
  /** The input is in another format than JSON. */
  format: {
    packed: (e) =>
      `packed with ${e.format}: unpack it first${e.command === null ? '' : ` (${e.command})`}`,
    avroFile: () => 'an Avro container file, not JSON: make JSON of it first (avro-tools tojson)',
    columnar: (e) => `${e.format}, not JSON: make JSON of it first, one event per line`,
    wide: (e) => `${e.encoding}, not UTF-8: convert it (iconv -f ${e.encoding} -t UTF-8)`,
    notUtf8: () => 'not UTF-8: convert it (iconv -f WINDOWS-1252 -t UTF-8)',
    nuls: () =>
      'NUL bytes (a file with a hole, NUL-separated output, or UTF-16): write it again without them, one event per line',
    registry: (e) =>
      `binary, not JSON (Avro or Protobuf of a schema registry?): use the converter ${e.converter}, or read the topic with the registry's own console consumer`,
    struct: (e) =>
      `the toString() of a Kafka Connect Struct, not JSON: use the converter ${e.converter}`,
    javaObject: (e) => `the toString() of a Java object, not JSON: ${asJson(e.converter)}`,
    printedObject: () =>
      'an object as a program prints it, not JSON: write it with json.dumps, JSON.stringify or the like',
    bson: (e) => `BSON, not JSON: make JSON of it first (bsondump), or ${asJson(e.converter)}`,
    messagePack: (e) => `binary, not JSON (MessagePack, CBOR?): ${asJson(e.converter)}`,
    binary: (e) => `binary, not JSON (Avro, Protobuf?): ${asJson(e.converter)}`,
    encoded: (e) =>
      `base64 or hexadecimal digits, not JSON: decode it first (base64 -d), or ${asJson(e.converter)}`,
    csv: () => 'text without JSON (CSV?): write one event per line, as JSON',
    severalLines: () => 'an event over several lines: write one event per line (jq -c .)',
    array: () => "an array: write one event per line (jq -c '.[]')",
    severalValues: () =>
      'more than one value in a line: write one event per line (jq -c .) and nothing before it (print.key=false; kcat -f "%s\\n")',
    textBefore: () =>
      'something that cannot be told apart stands before the JSON: have the console print the value only (print.key=false, print.timestamp=false, print.partition=false, print.offset=false, print.headers=false; kcat -f "%s\\n")',
    colours: () => 'colours of a terminal: have the JSON written without them (jq -M)',
    consoleMessage: () =>
      "a console's message about itself: keep its standard error apart (2>/dev/null)",
  },
  /** The input is JSON, and not an event. */
  event: {
    notObject: () => 'not a JSON object',
    jsonInStrings: () => 'JSON in a string in a string',
    halfPairInJson: () => 'half of a surrogate pair in a string of JSON',
    halfPairInKey: () => 'half of a surrogate pair in a key',
    keyNotJson: (e) => `the message's key is invalid JSON at byte ${e.byte}: ${faults[e.problem]}`,
    noOperation: () => 'op is missing, which every event of Debezium has',
    unknownOperation: () => 'op is not c, u, d, r, t or m',
    noTable: () => 'the table is missing',
    noRow: () => '`after` is missing',
    noKey: ({ columns }) => `the row's key is missing (${columns.join(', ')})`,
    partOfKeyless: () =>
      'a value of the row is missing or was cut, and the table has no key: all columns identify its rows',
    keyNotWhole: (e) => `the key ${e.column} is not a whole number`,
    flattened: (e) =>
      `flattened, and without ${listed(e.missing, 'and')}: the connector needs add.fields=${e.fields}`,
    noXid: () =>
      'its transaction id is missing, by which the ledger finds it: let the pipeline keep source.txId or transaction.id',
    xidTooLarge: () => 'txId is not a 32-bit number',
    notNumber: (e) => `${e.field} is not a number from 0 to 2^53`,
    notSequence: () => 'source.sequence is not a pair of LSNs',
    timeNotWhole: () => 'a time is not a whole number',
    wrongType: (e) => `the value of column ${e.column} is not of type ${e.type}`,
    rowWithoutKey: (e) => `${e.operation} of ${e.table} without its key (${e.columns.join(', ')})`,
    partOfKeylessRow: (e) =>
      `${e.operation} of ${e.table} without all its columns: the table has no key, so they identify its rows`,
  },
};
