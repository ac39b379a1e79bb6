/** Where the events of a CDC pipeline come from, in Brazilian Portuguese. */
export const intakePtBR = {
  missing: (e: { path: string }) =>
    `o arquivo de eventos ${e.path} não existe; corrija o caminho, ou comece \`verify next\` antes da execução se ele ainda vai ser criado`,
  unreadable: (e: { path: string; code: string }) =>
    `não foi possível ler os eventos de ${e.path} (${e.code}); corrija o caminho ou as permissões`,
  truncated: (e: { path: string }) =>
    `o arquivo de eventos ${e.path} foi encurtado ou reescrito enquanto era lido; deixe o pipeline só acrescentar a ele e repita a verificação`,
  replaced: (e: { path: string }) =>
    `o arquivo de eventos ${e.path} foi removido ou trocado por outro enquanto era lido; desligue a rotação e repita a verificação`,
  gzipCutOff: (e: { path: string }) =>
    `os dados gzip de ${e.path} terminam antes do fim; espere até que estejam completos, ou obtenha-os de novo`,
  gzipBroken: (e: { path: string }) =>
    `os dados gzip de ${e.path} estão danificados; obtenha-os de novo`,
};
