import type { DialForm } from '../hazards/dials.js';
import type { HazardProblem } from '../hazards/hazard-problem.js';
import type { Unmet } from '../hazards/requirements.js';
import { printSpan } from '../lib/span.js';
import type { StageProblem } from '../load/stage-problem.js';
import { sqlName } from '../schema/table.js';
import type { SourcePart, SourceProblem } from '../sources/source-problem.js';
import { listed } from './list.js';

const orHint = (nearest: string | undefined) =>
  nearest === undefined ? '' : `; você quis dizer ${nearest}?`;

const anyOf = (words: readonly string[]) => listed(words, 'ou');

const stageFault = (e: StageProblem): string => {
  switch (e.problem) {
    case 'form':
      return `"${e.text}" não é uma etapa (FORMA:RITMOS/TEMPO)`;
    case 'shape':
      return `não existe a forma de carga "${e.shape}" (existem ${listed(e.known, 'e')})`;
    case 'several':
      return `"${e.text}": etapas se separam por ponto e vírgula`;
    case 'number':
      return `"${e.text}": "${e.given}" não é um número como 100 ou 1.5`;
    case 'no-duration':
      return `falta a duração em "${e.text}"`;
    case 'duration':
      return `"${e.text}": "${e.given}" não é uma duração como 30s, 5m ou 1h`;
    case 'no-time':
      return `"${e.text}": a duração deve ser maior que 0`;
    case 'negative':
      return `"${e.text}": um ritmo não pode ser menor que 0`;
    case 'too-high':
      return `"${e.text}": um ritmo não pode passar de ${e.max} eventos/s`;
    case 'rates':
      return `"${e.text}": ${e.shape} recebe ${
        {
          one: 'um ritmo só',
          range: 'dois ritmos com .. entre eles',
          list: 'ritmos separados por vírgulas',
          burst: 'dois ritmos com .. entre eles, a duração de cada pico e um período maior que ela',
        }[e.rates]
      }`;
  }
};

const dialFault: Readonly<Record<DialForm, string>> = {
  share: 'não é uma fração dos lotes como 5% ou 0.05, acima de 0% e até 100%',
  every: 'não é um tempo acima de 0, como 30s, 5m ou 1h',
  rows: 'não é um número de registros e o tempo de um início ao próximo (REGISTROS/INTERVALO)',
  spell: 'não é uma duração e o tempo de um início ao próximo (DURAÇÃO/INTERVALO)',
  publication: 'não é o nome de uma publication, com ou sem um tempo (NOME/INTERVALO)',
};

const hazardFault = (e: HazardProblem): string => {
  switch (e.problem) {
    case 'mark':
      return `"${e.text}": entre um hazard e o seu valor vai =`;
    case 'several':
      return `"${e.text}": hazards se separam por vírgulas`;
    case 'all':
      return `"${e.text}": all não recebe valor; dê um valor a um hazard pelo nome dele`;
    case 'unnamed':
      return `em "${e.text}" falta o nome da publication de que uma tabela deve sair`;
    case 'too-long':
      return `"${e.text}": a duração (antes da barra) não é menor que o tempo de um início ao próximo (depois dela)`;
    case 'name':
      return `não existe o hazard "${e.name}"${e.meant === undefined ? ` (existem ${listed(e.known, 'e')})` : ''}`;
    case 'rows':
      return `"${e.text}": uma transação enorme tem de 1 a ${e.max.toLocaleString('pt-BR')} registros`;
    case 'form':
      return e.given === ''
        ? `"${e.text}": não há nada depois de =`
        : `"${e.text}": "${e.given}" ${dialFault[e.form]}`;
  }
};

const spanOf = (ms: number) => printSpan(ms / 1000);

const tableList = (tables: readonly string[]) => tables.join(', ');

/** A need of a hazard that is not met, and the remedy. */
const lack = (e: Unmet, role: string, database: string): string => {
  const to = sqlName(role);
  switch (e.lacks) {
    case 'prepared-transactions':
      return `max_prepared_transactions é ${e.found}, e o mínimo com ${e.needed} workers é ${e.needed}; aumente-o no postgresql.conf e reinicie o servidor`;
    case 'privileges':
      return `a role ${to} não tem ${listed(e.privileges, 'e')} em ${listed(e.tables, 'e')}; GRANT ${e.privileges.join(', ')} ON ${tableList(e.tables)} TO ${to}`;
    case 'ownership':
      return `a role ${to} não é dona de ${listed(e.tables, 'e')}; conecte-se como o dono, ou faça de ${to} um membro dela`;
    case 'row-security':
      return `row-level security vale para a role ${to} em ${listed(e.tables, 'e')}, onde COPY então é um erro; ALTER ROLE ${to} BYPASSRLS`;
    case 'create-in-schemas':
      return `a role ${to} não pode criar nada ${e.schemas.length === 1 ? 'no esquema' : 'nos esquemas'} ${listed(e.schemas, 'e')}; GRANT CREATE ON SCHEMA ${tableList(e.schemas)} TO ${to}`;
    case 'create-in-database':
      return `a role ${to} não pode criar esquemas no banco; GRANT CREATE ON DATABASE ${sqlName(database)} TO ${to}`;
    case 'time':
      return `a transação fica aberta por ${spanOf(e.needed)}, e ${e.setting} encerra a sessão depois de ${spanOf(e.found)}; ALTER ROLE ${to} SET ${e.setting} = 0, ou encurte-a`;
    case 'rows':
      return `${e.table} tem ${e.found} registros, e o mínimo é ${e.needed}; rode antes \`seed\``;
    case 'publication':
      return `não há a publication "${e.publication}" no banco; ${e.known.length === 0 ? 'não há nenhuma: crie-a' : `use ${listed(e.known, 'ou')}`}`;
    case 'publication-ownership':
      return `a role ${to} não é dona da publication "${e.publication}"; ALTER PUBLICATION ${sqlName(e.publication)} OWNER TO ${to}`;
    case 'own-list':
      return `a publication "${e.publication}" é FOR ALL TABLES, de que nenhuma tabela pode sair; indique uma que liste ${e.table}`;
    case 'no-whole-schema':
      return `a publication "${e.publication}" tem o esquema inteiro de ${e.table}, de que essa tabela não pode sair; indique uma que liste ${e.table}`;
    case 'listed-table':
      return `a publication "${e.publication}" não lista ${e.table}; ALTER PUBLICATION ${sqlName(e.publication)} ADD TABLE ${e.table}`;
  }
};

const sourceParts: Readonly<Record<SourcePart, string>> = {
  slot: 'o nome do slot',
  file: 'o arquivo',
  address: 'o endereço em que escutar',
  port: 'a porta',
  broker: 'o endereço de um broker',
  prefix: 'o prefixo dos tópicos (o topic.prefix do Debezium)',
};

const PLACEHOLDERS: Readonly<Record<string, string>> = {
  NAME: 'NOME',
  FILE: 'ARQUIVO',
  PORT: 'PORTA',
  PREFIX: 'PREFIXO',
};

/** A form with its placeholders translated: `slot:NOME`. */
const inPortuguese = (form: string): string =>
  form.replaceAll(/\b[A-Z]+\b/g, (word) => PLACEHOLDERS[word] ?? word);

/** Problems of settings and command line, in Brazilian Portuguese. */
export const settingsPtBR = {
  /** All problems of one start, each a sentence. */
  problems: (sentences: readonly string[]) =>
    sentences.length === 1
      ? `configuração inválida: ${sentences[0]}`
      : `configuração inválida, ${sentences.length} problemas:\n${sentences.map((sentence) => `  - ${sentence}`).join('\n')}`,
  and: () => ' e ',
  inEnvironment: (name: string) => `${name} no ambiente`,
  inFile: (key: string, file: string, line: number | null) =>
    `${key} em ${file}${line === null ? '' : `, linha ${line}`}`,
  urlPart: (where: string, name: string) => `${where} (${name})`,
  invalid: (where: string, value: string, allowed: string, meant: string | undefined) =>
    `${where}: o valor "${value}" não é aceito; ${meant === undefined ? `use ${allowed}` : `você quis dizer ${meant}? (${allowed})`}`,
  misspeltVariable: (name: string, meant: string) =>
    `${name}, no ambiente, não é uma configuração deste programa; você quis dizer ${meant}?`,
  allowed: {
    text: () => 'um texto',
    lines: () =>
      'um texto, ou vários, um por linha; em vez de hex:…, o texto que esses bytes codificam',
    nonEmptyText: () => 'um texto não vazio',
    source: (forms: readonly string[]) => forms.map(inPortuguese).join(', '),
    bytes: (min: string, max: string) => `um tamanho de ${min} a ${max}, com a unidade: 128MB, 1GB`,
    host: () =>
      'um único nome, endereço ou pasta de socket; a porta vai em PG_PORT, uma URL em DATABASE_URL',
    integer: (min: number, max: number) => `um número inteiro de ${min} a ${max}`,
    milliseconds: (max: number) => `um número inteiro de milissegundos de 0 a ${max}`,
    decimal: (min: number, max: number) => `um número de ${min} a ${max}`,
    above: (min: number, max: number) => `um número maior que ${min}, até ${max}`,
    seconds: (max: number) => `segundos de 0 a ${max}, ou com unidade: 500ms, 20s, 5m, 1h`,
    age: () => 'uma idade com sua unidade: 12h, 30d',
    runName: (most: number) =>
      `um nome com ao menos uma letra ou um dígito, e ${most} caracteres no máximo`,
    oneOf: (words: readonly string[]) => anyOf(words),
    listOf: (words: readonly string[]) =>
      `uma lista, separada por vírgulas, de ${words.join(', ')}`,
    weights: (names: readonly string[]) =>
      `pesos como ${names[0]}=5,${names[1]}=1, cada um 0 ou mais e nem todos 0, para ${names.join(', ')}`,
    rate: (words: readonly string[], max: number) =>
      `um número maior que 0, até ${max}, ou ${anyOf(words)}`,
    stages: (examples: readonly string[], max: number) =>
      `formas de carga separadas por ponto e vírgula, no máximo ${max} segundos ao todo, como ${examples.join(' ou ')}`,
    hazards: (examples: readonly string[], names: readonly string[], all: string) =>
      `hazards separados por vírgulas, como ${examples.join(', ')}; um nome sozinho tem o valor usual, ${all} são todos os que as tabelas permitem: ${names.join(', ')}`,
    day: () => 'today ou uma data existente no formato AAAA-MM-DD',
  },
  unknownKey: (key: string, file: string, line: number | null, nearest: string | undefined) =>
    `${key} em ${file}${line === null ? '' : `, linha ${line}`}: chave desconhecida${nearest === undefined ? '; remova-a' : orHint(nearest)}`,
  strayLine: (file: string, line: number) =>
    `${file}, linha ${line}: não é NOME=valor nem comentário; corrija ou remova a linha`,
  unknownTable: (table: string, file: string, nearest: string | undefined) =>
    `[${table}] em ${file}: tabela desconhecida${nearest === undefined ? '; remova-a' : orHint(`[${nearest}]`)}`,
  notATable: (table: string, file: string) =>
    `${table} em ${file}: deve ser uma tabela; escreva [${table}] em uma linha, e as chaves abaixo dela`,
  tomlSyntax: (file: string, line: number, text: string, reason: string) =>
    `${file}, linha ${line}: erro de sintaxe TOML em \`${text}\`; corrija a linha (${reason})`,
  unreadableFile: (file: string, code: string) =>
    `${file}: não foi possível ler o arquivo (${code}); confira o caminho e as permissões`,
  notText: (file: string) => `${file}: o arquivo não é texto em UTF-8; salve-o de novo em UTF-8`,
  unreadable: (where: string, path: string, code: string) =>
    `${where}: não foi possível ler ${path} (${code}); confira o caminho e as permissões`,
  badUrl: (where: string) =>
    `${where}: não é uma URL do PostgreSQL; use postgresql://usuário:senha@host:porta/banco, com caracteres especiais da senha codificados (@ é %40)`,
  multiHostUrl: (where: string) => `${where}: a URL tem vários hosts; indique um só`,
  badUrlPart: (where: string, name: string) =>
    `${where} (${name}): codificação com % inválida; um % literal se escreve %25`,
  unknownUrlParameter: (where: string, name: string, nearest: string | undefined) =>
    `${where}: o parâmetro ${name} não é da libpq${nearest === undefined ? '; remova-o' : orHint(nearest)}`,
  cannotDemand: (where: string, name: string, value: string, reason: string) =>
    `${where}: ${name}=${value} não tem suporte: ${reason}; remova-o`,
  /** The reason why a value cannot be honoured: a clause of `cannotDemand`. */
  cannot: {
    standby: () => 'o programa grava, e um standby não aceita gravações',
    service: () =>
      'o programa não lê arquivos de serviço; use PG_HOST, PG_PORT, PG_USER e PG_DATABASE, ou DATABASE_URL',
    gss: () => 'o programa não tem criptografia GSSAPI (TLS se pede com sslmode)',
    certificateMode: () => 'o programa não verifica se o servidor pede um certificado do cliente',
    revocation: () => 'o programa não consulta listas de certificados revogados',
    peer: () => 'o programa não verifica a conta do servidor em um socket Unix',
    keyPassword: () => 'o programa não lê chaves com senha; indique em sslkey uma sem senha',
    replication: () => 'o próprio programa abre as conexões de replicação de que precisa',
    protocol: () => 'o programa fala a versão 3.0 do protocolo',
    login: () => 'o programa só faz login com senha, SCRAM ou certificado do cliente',
  },
  weakSslMode: (
    where: string,
    mode: string,
    name: string,
    value: string,
    modes: readonly string[],
  ) =>
    `${where}: sslmode=${mode} é fraco demais para ${name}=${value}; use sslmode=${anyOf(modes)}`,
  noAccount: () =>
    'não há usuário para o login: nenhum foi indicado, e o usuário deste processo não tem nome; defina PG_USER ou PGUSER',
  bareHash: (where: string) =>
    `${where}: um # sem espaço antes pode começar um comentário ou fazer parte do valor; ponha o valor entre aspas, ou um espaço antes do comentário`,
  openQuote: (where: string) =>
    `${where}: o valor começa com uma aspa que a linha não fecha; feche-a, ou use aspas de outro tipo`,
  innerQuote: (where: string) =>
    `${where}: o valor contém a própria aspa; use aspas de outro tipo (', " ou \`)`,
  certificateWithoutKey: (where: string, certificate: string, key: string) =>
    `${where}: ${certificate} e ${key} andam juntos; indique o certificado do cliente e a chave dele, ou nenhum dos dois`,
  emptyPart: (where: string, separator: ';' | ',') =>
    `${where}: não há nada antes ou depois de ${separator === ';' ? 'um ponto e vírgula; remova-o' : 'uma vírgula; remova-a'}, ou escreva o que falta`,
  stagesTooLong: (where: string, seconds: number, max: number) =>
    `${where}: as etapas duram ${seconds} s ao todo, e o máximo é ${max} s; encurte-as`,
  stage: (where: string, e: StageProblem) =>
    `${where}: ${stageFault(e)}; ${e.meant === undefined ? `escreva, por exemplo, ${e.example}` : `você quis dizer ${e.meant}?`}`,
  hazard: (where: string, e: HazardProblem) =>
    `${where}: ${hazardFault(e)}; ${e.meant === undefined ? `escreva, por exemplo, ${e.example}` : `você quis dizer ${e.meant}?`}`,
  hazardsWithoutLedger: (where: string) =>
    `${where}: hazards precisam do ledger, o único registro do que eles fizeram; tire --no-ledger (STREAM_LEDGER=false), ou os hazards`,
  /** A sentence on each need of the hazards that is not met. */
  hazardsRefused: (
    unmet: readonly Unmet[],
    { role, database }: { readonly role: string; readonly database: string },
  ) => {
    const sentences = unmet.map((e) => `${e.hazard}: ${lack(e, role, database)}`);
    return sentences.length === 1
      ? `o banco "${database}" não pode ter o hazard ${sentences[0]}, ou dispense o hazard`
      : `o banco "${database}" não pode ter estes hazards; corrija cada um, ou dispense-o:\n${sentences.map((sentence) => `  - ${sentence}`).join('\n')}`;
  },
  source: (where: string, text: string, e: SourceProblem) => {
    switch (e.problem) {
      case 'credentials':
        return `${where}: a origem contém um usuário ou uma senha; retire-os${e.isKafka ? ', e defina KAFKA_SASL_USERNAME e KAFKA_SASL_PASSWORD no ambiente ou em config/.env' : ''}`;
      case 'lacks':
        return `${where}: em "${text}" ${e.parts.length === 1 ? 'falta' : 'faltam'} ${listed(
          e.parts.map((part) => sourceParts[part]),
          'e',
        )}; escreva ${inPortuguese(e.form)}`;
      case 'slot-name':
        return `${where}: "${text}": o nome de um slot só tem letras minúsculas, algarismos e _, no máximo 63; você quis dizer ${e.form}?`;
      case 'host-name':
        return `${where}: "${text}": eventos são recebidos em um endereço IP desta máquina ou em localhost; escreva ${inPortuguese(e.form)}`;
      case 'no-tls':
        return `${where}: "${text}": eventos são recebidos por HTTP, não por HTTPS; escreva ${inPortuguese(e.form)}`;
      case 'broker':
        return `${where}: "${text}": brokers se escrevem HOST:PORTA, separados por vírgulas; escreva ${inPortuguese(e.form)}`;
      case 'port':
        return `${where}: "${text}": uma porta é um número de 1 a 65535, e "${e.port}" não é; escreva ${inPortuguese(e.form)}`;
      case 'http':
        return `${where}: "${text}" não é um endereço para onde se possam enviar eventos; escreva ${inPortuguese(e.form)}`;
      case 'scheme':
        return `${where}: "${text}" não é uma origem de eventos; ${e.meant === undefined ? `escreva ${anyOf(e.forms.map(inPortuguese))}` : `você quis dizer ${e.meant}?`}`;
    }
  },
  kafkaLacks: (where: string, protocol: string, lacking: readonly string[]) =>
    `${where}: ${protocol} exige ${listed(lacking, 'e')}, que não ${lacking.length === 1 ? 'está definida' : 'estão definidas'}`,
  kafkaUnused: (where: string, protocol: string, protocols: readonly string[]) =>
    `${where}: sem efeito, pois KAFKA_SECURITY_PROTOCOL é ${protocol}; mude-o para ${anyOf(protocols)}, ou remova este valor`,
  notPem: (where: string, path: string, kind: 'certificate' | 'key') =>
    `${where}: ${path} não contém ${kind === 'key' ? 'uma chave privada sem senha' : 'um certificado'} em PEM (-----BEGIN ${kind === 'key' ? 'PRIVATE KEY' : 'CERTIFICATE'}-----); indique outro arquivo, ou converta-o`,
  keyOfOther: (where: string, path: string) =>
    `${where}: a chave em ${path} não é a do certificado do cliente; indique os dois que formam um par`,
  ratiosAboveOne: (given: string) =>
    `${given}: a soma não pode passar de 1; reduza uma das duas frações`,
  unknownProfile: (name: string, known: readonly string[], nearest: string | undefined) =>
    `--profile ${name}: não existe esse perfil${nearest === undefined ? '' : orHint(nearest)} (conhecidos: ${known.join(', ')}; ou um arquivo, com o caminho)`,
  stagesAndRate: (rate: string) =>
    `${rate}: etapas e ritmo se excluem; remova um dos dois, ou use rate = "cycle"`,
  nothingToShed: () =>
    'on_lag = shed precisa de um ritmo em eventos por segundo ou de etapas, em relação aos quais o servidor possa se atrasar; defina um deles, ou use on_lag = queue',
  baseAboveMax: (given: string) =>
    `${given}: a espera inicial não pode ser maior que a máxima; ajuste um dos dois`,
  nothingToDo: (given: string) =>
    `${given}: todos esses tipos têm peso 0 em stream.weights; dê um peso a algum deles ou escolha outros`,
  /** `names`: event types or metrics, all of the extension. */
  notAsked: (given: string, names: readonly string[], extension: string) =>
    `${given}: ${names.join(', ')} ${names.length === 1 ? 'é' : 'são'} da extensão ${extension}, que não foi pedida; acrescente --with ${extension} (SCHEMA_EXTENSIONS), ou escolha ${names.length === 1 ? 'outro nome' : 'outros nomes'}`,
  unknownFlag: (flag: string, nearest: string | undefined) =>
    `${flag}: opção desconhecida${nearest === undefined ? '; veja --help' : orHint(nearest)}`,
  flagOfOther: (flag: string, command: string) =>
    `${flag}: o comando ${command} não tem esta opção; veja ${command} --help`,
  missingValue: (flag: string) => `${flag}: falta o valor; escreva ${flag} VALOR`,
  switchWithValue: (flag: string) => `${flag}: esta opção não aceita valor; escreva só ${flag}`,
  strayArgument: (given: string, command: string) =>
    `"${given}": argumento a mais; o comando ${command} só aceita opções`,
  unknownCommand: (given: string, nearest: string | undefined) =>
    `"${given}": comando desconhecido${nearest === undefined ? '; veja --help' : orHint(nearest)}`,
  noAction: (command: string, actions: readonly string[]) =>
    `${command} precisa de uma ação: ${actions.join(', ')}`,
  unknownAction: (
    command: string,
    given: string,
    nearest: string | undefined,
    actions: readonly string[],
  ) => `${command} não tem a ação "${given}"${orHint(nearest)} (ações: ${actions.join(', ')})`,
  strayName: (action: string, given: string, takesRun: boolean) =>
    takesRun
      ? `${action} recebe uma execução, e "${given}" é uma palavra a mais`
      : `${action} só recebe opções, e "${given}" é uma palavra a mais`,
  noCommand: () => 'falta o comando; veja --help',
  thresholdAllowed: (examples: readonly string[]) =>
    `limites como ${anyOf(examples)}, separados por ponto e vírgula`,
  thresholdForm: (where: string, text: string, meant: string | undefined) =>
    `${where}: "${text}" não é um limite; ${meant === undefined ? 'escreva métrica, comparação (<, <=, >, >=, == ou !=), número e unidade, como response.p99<250ms, e ", abort" no fim se deve encerrar a execução' : `você quis dizer ${meant}?`}`,
  thresholdMetric: (where: string, metric: string, meant: string | undefined) =>
    `${where}: não existe a métrica "${metric}"${meant === undefined ? '; `oltp-simulator metrics` lista as que existem' : orHint(meant)}`,
  thresholdUnit: (
    where: string,
    text: string,
    metric: string,
    allowed: readonly string[],
    meant: string | undefined,
  ) =>
    `${where}: "${text}": ${allowed.length === 0 ? `${metric} não tem unidade` : `${metric} precisa de uma unidade (${anyOf(allowed)})`}${orHint(meant)}`,
};
