import { EXIT, type ExitCode } from '../../errors.js';
import { formatTable } from '../../lib/text-table.js';
import type { Messages } from '../../messages/index.js';
import { type ExplainedSetting, explainSettings, FROM_ACCOUNT } from '../../settings/explain.js';
import type { Settings } from '../../settings/settings.js';
import { runAction } from './actions.js';
import type { Command, CommandContext } from './context.js';

/** `config show`: every setting, and where it came from. */
export const run: Command = runAction('config', { show });

async function show(context: CommandContext): Promise<ExitCode> {
  const { messages: m, settings, sources } = context;
  const all = explainSettings(sources, settings);
  const shown = context.all ? all : all.filter(({ isDefault }) => !isDefault);
  const others = all.length - shown.length;
  const table = formatTable(
    [
      [m.config.key(), m.config.value(), m.config.from()],
      ...shown.map((one) => [one.key, valueText(m, one), fromText(m, one)]),
    ],
    [0, 1, 2],
  );
  const rest = others === 0 ? '' : `${m.config.others(others)}\n`;
  context.print({
    json: { server: serverOf(settings), settings: shown.map(describe) },
    text: `${serverText(m, settings)}\n\n${shown.length === 0 ? '' : `${table}\n`}${rest}`,
  });
  return EXIT.done;
}

function serverOf({ server }: Settings): object | null {
  if (server === null) return null;
  const { host, port, user, database } = server;
  return { host, port, user, database };
}

function serverText(m: Messages, { server, embedded }: Settings): string {
  return server === null ? m.config.embedded(embedded) : m.config.server(server);
}

/** A setting as `--json` shows it: for a secret, only whether it is set. */
function describe({ key, variable, value, isSet, from, isDefault }: ExplainedSetting): object {
  const shown = value === null ? { secret: true, set: isSet } : { value };
  return { key, variable, ...shown, from: from ?? 'default', is_default: isDefault };
}

function valueText(m: Messages, { value, isSet }: ExplainedSetting): string {
  if (value === null) return isSet ? m.config.set() : m.config.notSet();
  return value === '' ? '""' : value.replaceAll('\n', '\\n');
}

function fromText(m: Messages, { from }: ExplainedSetting): string {
  if (from === null) return m.config.standard();
  return from === FROM_ACCOUNT ? m.config.account() : from;
}
