import { listed } from './list.js';

const orHint = (nearest: string | undefined) =>
  nearest === undefined ? '' : `; quis dizer ${nearest}?`;

const anyOf = (words: readonly string[]) => listed(words, 'ou');

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
  invalid: (where: string, value: string, allowed: string) =>
    `${where}: o valor "${value}" não é aceito; use ${allowed}`,
  allowed: {
    text: () => 'um texto',
    lines: () => 'um texto; vários, um por linha; para hex:… o texto que ele representa',
    nonEmptyText: () => 'um texto não vazio',
    source: (forms: readonly string[]) => `${forms.join(', ')}`,
    bytes: (min: string, max: string) => `um tamanho de ${min} a ${max}, com a unidade: 128MB, 1GB`,
    host: () => 'um único nome, endereço ou pasta de socket',
    integer: (min: number, max: number) => `um número inteiro de ${min} a ${max}`,
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
      `pesos tipo=número (>= 0, ao menos um > 0) para ${names.join(', ')}`,
    rate: (words: readonly string[], max: number) =>
      `um número maior que 0, até ${max}, ou então ${anyOf(words)}`,
    stages: (examples: readonly string[], max: number) =>
      `formas de carga separadas por ponto e vírgula, no máximo ${max} segundos ao todo, como ${examples.join(' ou ')}`,
    day: () => 'today ou uma data existente no formato AAAA-MM-DD',
  },
  unknownKey: (key: string, file: string, line: number | null, nearest: string | undefined) =>
    `${key} em ${file}${line === null ? '' : `, linha ${line}`}: chave desconhecida${nearest === undefined ? '; remova-a' : orHint(nearest)}`,
  strayLine: (file: string, line: number) =>
    `${file}, linha ${line}: não é NOME=valor nem comentário; corrija ou remova a linha`,
  unknownTable: (table: string, file: string, nearest: string | undefined) =>
    `[${table}] em ${file}: tabela desconhecida${nearest === undefined ? '; remova-a' : orHint(`[${nearest}]`)}`,
  notATable: (table: string, file: string) =>
    `${table} em ${file}: deve ser uma tabela; escreva [${table}] e as chaves abaixo`,
  tomlSyntax: (file: string, line: number, text: string, reason: string) =>
    `${file}, linha ${line}: erro de sintaxe TOML em \`${text}\`; corrija a linha (${reason})`,
  unreadableFile: (file: string, code: string) =>
    `${file}: não foi possível ler o arquivo (${code}); confira o caminho e as permissões`,
  notText: (file: string) => `${file}: o arquivo não é texto em UTF-8; salve-o de novo em UTF-8`,
  unreadable: (where: string, path: string, code: string) =>
    `${where}: não foi possível ler ${path} (${code}); confira o caminho e as permissões`,
  badUrl: (where: string) =>
    `${where}: a URL não pôde ser lida; use postgresql://usuário:senha@host:porta/banco, com caracteres especiais da senha codificados (@ é %40)`,
  multiHostUrl: (where: string) =>
    `${where}: a URL tem vários hosts, o que não é suportado; indique um só`,
  badUrlPart: (where: string, name: string) =>
    `${where} (${name}): codificação com % inválida; um % literal se escreve %25`,
  unknownUrlParameter: (where: string, name: string, nearest: string | undefined) =>
    `${where}: o parâmetro ${name} não é da libpq${nearest === undefined ? '; remova-o' : orHint(nearest)}`,
  cannotDemand: (where: string, name: string, value: string, reason: string) =>
    `${where}: ${name}=${value} não pode ser atendido: ${reason}; remova-o`,
  /** The reason why a value cannot be honoured: a clause of `cannotDemand`. */
  cannot: {
    standby: () => 'o programa grava, e uma réplica não aceita gravações',
    service: () =>
      'arquivos de serviço não são lidos; use PG_HOST, PG_PORT, PG_USER e PG_DATABASE, ou DATABASE_URL',
    gss: () => 'o programa não tem criptografia GSSAPI (TLS se pede com sslmode)',
    certificateMode: () => 'não se verifica se o servidor pede um certificado do cliente',
    revocation: () => 'listas de certificados revogados não são consultadas',
    peer: () => 'a conta do servidor em um socket Unix não é verificada',
    keyPassword: () => 'chaves com senha não são lidas; indique em sslkey uma sem senha',
    replication: () => 'o próprio programa abre as conexões de replicação de que precisa',
    protocol: () => 'o programa fala a versão 3.0 do protocolo',
    login: () => 'o programa só entra com senha, SCRAM ou certificado do cliente',
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
    'não se sabe com que usuário entrar: nenhum foi indicado, e este processo roda sob um número sem conta; defina PG_USER, ou PGUSER',
  bareHash: (where: string) =>
    `${where}: um # sem espaço antes pode começar um comentário ou fazer parte do valor; ponha o valor entre aspas, ou um espaço antes do comentário`,
  openQuote: (where: string) =>
    `${where}: o valor começa com uma aspa que a linha não fecha; feche-a, ou use aspas de outro tipo`,
  innerQuote: (where: string) =>
    `${where}: o valor contém a própria aspa; use aspas de outro tipo (', " ou \`)`,
  certificateWithoutKey: (where: string, certificate: string, key: string) =>
    `${where}: ${certificate} e ${key} andam juntos; indique o certificado do cliente e a chave dele, ou nenhum dos dois`,
  credentialsInSource: (where: string) =>
    `${where}: a fonte contém um usuário ou uma senha; retire-os, e defina KAFKA_SASL_USERNAME e KAFKA_SASL_PASSWORD no ambiente ou em config/.env`,
  kafkaLacks: (where: string, protocol: string, lacking: readonly string[]) =>
    `${where}: ${protocol} exige ${listed(lacking, 'e')}, que não ${lacking.length === 1 ? 'está definida' : 'estão definidas'}`,
  kafkaUnused: (where: string, protocol: string, protocols: readonly string[]) =>
    `${where}: sem efeito, pois KAFKA_SECURITY_PROTOCOL é ${protocol}; defina ali ${anyOf(protocols)}, ou remova o valor`,
  notPem: (where: string, path: string, kind: 'certificate' | 'key') =>
    `${where}: ${path} não contém ${kind === 'key' ? 'chave privada sem senha' : 'certificado'} em PEM (-----BEGIN ${kind === 'key' ? 'PRIVATE KEY' : 'CERTIFICATE'}-----); indique outro arquivo, ou converta-o`,
  keyOfOther: (where: string, path: string) =>
    `${where}: a chave em ${path} não é a do certificado do cliente; indique os dois que formam um par`,
  ratiosAboveOne: (given: string) => `${given}: a soma não pode passar de 1; reduza um dos dois`,
  unknownProfile: (name: string, known: readonly string[], nearest: string | undefined) =>
    `--profile ${name}: não existe esse perfil${nearest === undefined ? '' : orHint(nearest)} (conhecidos: ${known.join(', ')}; ou um arquivo, com o caminho)`,
  stagesAndRate: (rate: string) =>
    `${rate}: estágios e ritmo se excluem; remova um deles, ou use rate = "cycle"`,
  nothingToShed: () =>
    'on_lag = shed precisa de um cronograma em que o servidor possa se atrasar: um ritmo em eventos por segundo, ou estágios',
  baseAboveMax: (given: string) =>
    `${given}: a espera inicial não pode ser maior que a máxima; ajuste um dos dois`,
  nothingToDo: (given: string) =>
    `${given}: esses tipos têm todos peso 0 em stream.weights; dê peso a algum ou escolha outros`,
  unknownFlag: (flag: string, nearest: string | undefined) =>
    `${flag}: opção desconhecida${nearest === undefined ? '; veja --help' : orHint(nearest)}`,
  flagOfOther: (flag: string, command: string) =>
    `${flag}: o comando ${command} não tem esta opção; veja ${command} --help`,
  missingValue: (flag: string) => `${flag}: falta o valor; escreva ${flag} VALOR`,
  switchWithValue: (flag: string) => `${flag}: esta opção não recebe valor; escreva só ${flag}`,
  strayArgument: (given: string, command: string) =>
    `"${given}": argumento a mais; o comando ${command} só recebe opções`,
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
  thresholdForm: (where: string, text: string) =>
    `${where}: "${text}" não é um limite; escreva métrica, comparação (<, <=, >, >=, == ou !=), número e unidade, como response.p99<250ms, com ", abort" no fim se deve encerrar a execução`,
  thresholdMetric: (
    where: string,
    metric: string,
    nearest: string | undefined,
    known: readonly string[],
  ) =>
    `${where}: não existe a métrica ${metric}${nearest === undefined ? `; as que existem são ${known.join(', ')}` : orHint(nearest)}`,
  thresholdUnit: (where: string, text: string, metric: string, allowed: readonly string[]) =>
    `${where}: "${text}": ${allowed.length === 0 ? `${metric} não leva unidade; escreva só o número` : `${metric} precisa de unidade: ${anyOf(allowed)}`}`,
};
