import { COLUMN_FAULTS } from './columns.js';
import type { Fault } from './fault.js';
import { LOSSES } from './losses.js';
import { ORDER_FAULTS } from './order.js';
import { ROLLED_BACK_FAULTS } from './rolled-back.js';

export const FAULTS: readonly Fault[] = [
  ...LOSSES,
  ...COLUMN_FAULTS,
  ...ROLLED_BACK_FAULTS,
  ...ORDER_FAULTS,
];
