/** Events as Debezium writes them, by hand. Text, not objects: their numbers do not fit a double. */

/** 2026-03-01 12:00:00.5 and half an hour later. */
const CREATED = '1772366400500000';
const UPDATED = '1772368200123450';

export const EXAME = `{"id":9007199254740993,"paciente_id":7,"tipo_exame":"Ressonância \\"magnética\\" 🧲","data":1772323200000000,"resultado":null,"created_at":${CREATED},"updated_at":${UPDATED}}`;

export const SOURCE = (table: string) =>
  `{"version":"3.2.0.Final","connector":"postgresql","name":"oltp","ts_ms":1772366400500,"snapshot":"false","db":"hospital","sequence":"[\\"24023128\\",\\"24023200\\"]","ts_us":1772366400500123,"ts_ns":1772366400500123000,"schema":"public","table":"${table}","txId":571,"lsn":24023200,"xmin":null}`;

const TAIL = `"ts_ms":1772366400700,"ts_us":1772366400700456,"ts_ns":1772366400700456789`;

/** An envelope with these members. */
export function envelope(
  op: string,
  parts: { before?: string; after?: string; source?: string; transaction?: string },
): string {
  const {
    before = 'null',
    after = 'null',
    source = SOURCE('exames'),
    transaction = '{"id":"571:24023200","total_order":3,"data_collection_order":1}',
  } = parts;
  return `{"before":${before},"after":${after},"source":${source},"transaction":${transaction},"op":"${op}",${TAIL}}`;
}

export const INSERT = envelope('c', { after: EXAME });

export const DELETE = envelope('d', {
  before:
    '{"id":7,"paciente_id":0,"tipo_exame":"","data":0,"resultado":null,"created_at":0,"updated_at":0}',
});

/** The source block of a message. */
export const MESSAGE_SOURCE = SOURCE('').replace('"public"', '""');

/** Of `pg_logical_emit_message`: `run/1/7`, within a transaction. */
export const MESSAGE = `{"op":"m","ts_ms":1772366400700,"source":${MESSAGE_SOURCE},"transaction":null,"message":{"prefix":"oltp-simulator","content":"cnVuLzEvNw=="}}`;

/** The values of INSERT. */
export const EXAME_VALUES = [
  '9007199254740993',
  '7',
  'Ressonância "magnética" 🧲',
  '2026-03-01 00:00:00',
  null,
  '2026-03-01 12:00:00.5',
  '2026-03-01 12:30:00.12345',
];

export const CLOUD_EVENT = (data: string) =>
  `{"id":"name:oltp;lsn:24023200;txId:571;sequence:[\\"24023128\\",\\"24023200\\"]","source":"/debezium/postgresql/oltp","specversion":"1.0","type":"io.debezium.connector.postgresql.DataChangeEvent","time":"2026-03-01T12:00:00.500Z","datacontenttype":"application/json","iodebeziumop":"c","iodebeziumversion":"3.2.0.Final","iodebeziumconnector":"postgresql","iodebeziumname":"oltp","iodebeziumtsms":"1772366400500","iodebeziumsnapshot":"false","iodebeziumdb":"hospital","iodebeziumsequence":"[\\"24023128\\",\\"24023200\\"]","iodebeziumtsus":"1772366400500123","iodebeziumtsns":"1772366400500123000","iodebeziumschema":"public","iodebeziumtable":"exames","iodebeziumtxId":"571","iodebeziumlsn":"24023200","iodebeziumxmin":null,"iodebeziumtxid":"571:24023200","iodebeziumtxtotalorder":"3","iodebeziumtxdatacollectionorder":"1","data":${data}}`;

export const FLATTENED = (row: string, meta: string) => `${row.slice(0, -1)},${meta}}`;

export const FLAT_META =
  '"__op":"c","__table":"exames","__lsn":24023200,"__txId":571,"__source_sequence":"[\\"24023128\\",\\"24023200\\"]","__source_ts_us":1772366400500123,"__ts_us":1772366400700456,"__transaction_total_order":3';

/** A schema of Kafka Connect, cut down. */
export const SCHEMA =
  '{"type":"struct","fields":[{"type":"struct","fields":[{"type":"int64","optional":false,"field":"id"}],"optional":true,"name":"oltp.public.exames.Value","field":"before"}],"optional":false,"name":"oltp.public.exames.Envelope","version":2}';
