import { examine } from '../../doctor/doctor.js';
import { EXIT } from '../../errors.js';
import { unlessAborted } from '../../lib/signals.js';
import { messagesIn } from '../../messages/index.js';
import { withConnection } from '../../postgres/connect.js';
import { adviceOf, doctorSentence, doctorText, doctorVerdict } from '../../report/doctor-text.js';
import type { Command } from './context.js';
import { withServer } from './with-server.js';

/** `doctor`: whether a database is fit for CDC, and its server ready for it. Reads only. */
export const run: Command = (context) =>
  withServer(context, async (target) => {
    const { settings, schema, messages: m, paint } = context;
    const findings = await unlessAborted(context.interrupted, () =>
      withConnection(target, (client) =>
        examine({ client, target, schema, english: messagesIn('en'), ...settings.doctor }),
      ),
    );
    const ok = findings.every(({ state }) => state !== 'fail');
    const out = context.resultLog('doctor');
    if (ok) out.info(doctorSentence(m, findings));
    else out.error(doctorSentence(m, findings));
    const checks = findings.map((finding) => ({ ...finding, advice: adviceOf(m, finding) }));
    context.print({
      json: { ok, checks },
      verdict: doctorVerdict(m, paint, findings),
      text: doctorText(m, paint, findings),
    });
    return ok ? EXIT.done : EXIT.notHeld;
  });
