import { burst } from './burst.js';
import { constant } from './constant.js';
import { day, week } from './day.js';
import { ramp } from './ramp.js';
import type { Shape } from './shape.js';
import { steps } from './steps.js';

/** Every load shape. */
export const SHAPES: readonly Shape[] = [constant, ramp, steps, burst, day, week];
