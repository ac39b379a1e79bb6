import type { JsonFault } from '../sources/json/reader.js';
import { listed } from './list.js';

const faults: Readonly<Record<JsonFault['problem'], string>> = {
  value: 'falta um valor',
  comma: 'falta uma vírgula',
  name: 'falta um nome entre aspas',
  colon: 'faltam os dois-pontos',
  digit: 'falta um dígito',
  escape: 'sequência de escape inválida',
  control: 'caractere de controle em uma string',
  depth: 'objetos ou arrays aninhados demais',
  more: 'mais de um valor',
  end: 'o texto termina aqui',
};

const asJson = (converter: string): string =>
  `configure a saída como JSON (key.converter e value.converter ${converter})`;

interface SlotRow {
  readonly operation: 'insert' | 'update';
  readonly table: string;
}

const written = ({ operation, table }: SlotRow): string =>
  `${operation === 'insert' ? 'inclusão' : 'atualização'} em ${table}`;

/**
 * Reasons for refusing an input of `verify`, in Brazilian Portuguese: the end of a sentence on that input
 * ("a entrada 7 não é um evento: …"), without its values.
 */
export const malformedPtBR = {
  tooLong: (e: { mebibytes: number }) => `tem mais de ${e.mebibytes} MiB`,
  emptyBody: () => 'o corpo está vazio',
  json: (e: JsonFault) => `JSON inválido no byte ${e.byte}: ${faults[e.problem]}`,
  /** The input is in another format than JSON. */
  format: {
    packed: (e: { format: string; command: string | null }) =>
      `compactada com ${e.format}: descompacte-a antes${e.command === null ? '' : ` (${e.command})`}`,
    avroFile: () =>
      'um arquivo Avro (object container file) em vez de JSON: converta-o antes (avro-tools tojson)',
    columnar: (e: { format: string }) =>
      `${e.format} em vez de JSON: converta antes para JSON, um evento por linha`,
    wide: (e: { encoding: string }) =>
      `${e.encoding} em vez de UTF-8: converta-a (iconv -f ${e.encoding} -t UTF-8)`,
    notUtf8: () => 'não está em UTF-8: converta-a (iconv -f WINDOWS-1252 -t UTF-8)',
    nuls: () =>
      'contém bytes NUL (um arquivo com um buraco, uma saída separada por NUL, ou UTF-16): grave-a de novo sem eles, um evento por linha',
    registry: (e: { converter: string }) =>
      `binário em vez de JSON (Avro ou Protobuf de um schema registry?): use o conversor ${e.converter}, ou leia o tópico com o consumidor de console do próprio registry`,
    struct: (e: { converter: string }) =>
      `o toString() de um Struct do Kafka Connect em vez de JSON: use o conversor ${e.converter}`,
    javaObject: (e: { converter: string }) =>
      `o toString() de um objeto Java em vez de JSON: ${asJson(e.converter)}`,
    printedObject: () =>
      'um objeto na forma em que um programa o imprime, em vez de JSON: grave-o com json.dumps, JSON.stringify ou similar',
    bson: (e: { converter: string }) =>
      `BSON em vez de JSON: converta antes (bsondump), ou ${asJson(e.converter)}`,
    messagePack: (e: { converter: string }) =>
      `binário em vez de JSON (MessagePack, CBOR?): ${asJson(e.converter)}`,
    binary: (e: { converter: string }) =>
      `binário em vez de JSON (Avro, Protobuf?): ${asJson(e.converter)}`,
    encoded: (e: { converter: string }) =>
      `base64 ou dígitos hexadecimais em vez de JSON: decodifique antes (base64 -d), ou ${asJson(e.converter)}`,
    csv: () => 'texto sem JSON (CSV?): grave um evento por linha, em JSON',
    severalLines: () => 'um evento em várias linhas: grave um evento por linha (jq -c .)',
    array: () => "um array: grave um evento por linha (jq -c '.[]')",
    severalValues: () =>
      'mais de um valor em uma linha: grave um evento por linha (jq -c .) e nada antes dele (print.key=false; kcat -f "%s\\n")',
    textBefore: () =>
      'há algo antes do JSON que não se pode separar dele: faça o console imprimir só o valor (print.key=false, print.timestamp=false, print.partition=false, print.offset=false, print.headers=false; kcat -f "%s\\n")',
    colours: () => 'contém cores de terminal: grave o JSON sem elas (jq -M)',
    consoleMessage: () =>
      'uma mensagem do próprio console: separe a saída de erro dele (2>/dev/null)',
  },
  /** The input is JSON, and not an event. */
  event: {
    notObject: () => 'não é um objeto JSON',
    jsonInStrings: () => 'JSON em uma string dentro de outra string',
    halfPairInJson: () => 'metade de um par substituto (surrogate) em uma string com JSON',
    halfPairInKey: () => 'metade de um par substituto (surrogate) em uma chave',
    keyNotJson: (e: JsonFault) =>
      `a chave da mensagem é JSON inválido no byte ${e.byte}: ${faults[e.problem]}`,
    noOperation: () => 'falta op, que todo evento do Debezium tem',
    unknownOperation: () => 'op não é c, u, d, r, t nem m',
    noTable: () => 'falta a tabela',
    noRow: () => 'falta `after`',
    noKey: ({ columns }: { columns: readonly string[] }) =>
      `falta a chave do registro (${columns.join(', ')})`,
    partOfKeyless: () =>
      'um valor do registro falta ou foi cortado, e a tabela não tem chave: todas as colunas identificam seus registros',
    keyNotWhole: (e: { column: string }) => `a chave ${e.column} não é um número inteiro`,
    /** @param e the names of a flattened event's missing fields, and the value for `add.fields` that adds all */
    flattened: (e: { missing: readonly string[]; fields: string }) =>
      `achatada, e sem ${listed(e.missing, 'e')}: o conector precisa de add.fields=${e.fields}`,
    noXid: () =>
      'falta o id da transação, pelo qual ela é encontrada no ledger: faça o pipeline manter source.txId ou transaction.id',
    xidTooLarge: () => 'txId não é um número de 32 bits',
    notNumber: (e: { field: string }) => `${e.field} não é um número de 0 a 2^53`,
    notSequence: () => 'source.sequence não é um par de LSNs',
    timeNotWhole: () => 'um horário não é um número inteiro',
    wrongType: (e: { column: string; type: string }) =>
      `o valor da coluna ${e.column} não é do tipo ${e.type}`,
    /** A slot's row: the publication's column list lacks these columns of the key. */
    rowWithoutKey: (e: SlotRow & { columns: readonly string[] }) =>
      `${written(e)} sem a chave (${e.columns.join(', ')})`,
    /** The same in a table without a key. */
    partOfKeylessRow: (e: SlotRow) =>
      `${written(e)} sem todas as colunas: a tabela não tem chave, e elas identificam seus registros`,
  },
};
