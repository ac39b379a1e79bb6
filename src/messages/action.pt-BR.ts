/** The GitHub action, in Brazilian Portuguese. */
export const actionPtBR = {
  noDatabase: () =>
    'a entrada database-url está vazia; passe-a por um segredo, como secrets.DATABASE_URL (um pull request de um fork não recebe segredos)',
  openQuote: (e: { args: string }) =>
    `a entrada args tem uma aspa que não fecha: ${e.args}; feche-a`,
  verdict: (verdict: 'held' | 'not-held' | 'failed') =>
    ({ held: 'cumprido', 'not-held': 'não cumprido', failed: 'falhou' })[verdict],
  ended: (e: { exitCode: number }) =>
    `o simulador terminou com o código de saída ${e.exitCode}; veja o log da etapa`,
};
