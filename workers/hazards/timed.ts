import type { HazardTask } from '../../src/run/protocol.js';
import type { Schema } from '../../src/schema/schema.js';
import { ddl } from './ddl.js';
import { huge } from './huge.js';
import { keyChange } from './key-change.js';
import { long } from './long.js';
import { publication } from './publication.js';
import { quiet } from './quiet.js';
import { truncate } from './truncate.js';
import type { TimedPolicy } from './turn.js';

/** The policy of a thread's hazard. Throws where its run or its schema does not have it. */
export function policyOf({ hazard, hazards, ledger }: HazardTask, schema: Schema): TimedPolicy {
  const { hazards: dials } = hazards;
  const policy = (() => {
    switch (hazard) {
      case 'key-change': {
        const { family } = schema.hazards;
        return dials[hazard] && family && keyChange(dials[hazard], family, schema);
      }
      case 'huge':
        return dials[hazard] && huge(dials[hazard], schema);
      case 'long':
        return dials[hazard] && long(dials[hazard], schema);
      case 'quiet':
        return dials[hazard] && quiet(dials[hazard], ledger.run);
      case 'truncate': {
        const { truncate: tables } = schema.hazards;
        return dials[hazard] && tables.length > 0 && truncate(dials[hazard], tables);
      }
      case 'ddl': {
        const { changes } = schema.hazards;
        return dials[hazard] && changes.length > 0 && ddl(dials[hazard], schema);
      }
      case 'publication': {
        const { unpublish } = schema.hazards;
        return (
          dials[hazard] && unpublish && publication(dials[hazard], schema.tables.get(unpublish))
        );
      }
    }
  })();
  if (!policy) throw new Error(`the run has no hazard ${hazard}`);
  return policy;
}
