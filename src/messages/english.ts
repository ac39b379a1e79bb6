import { describeErrorsBy } from '../errors.js';
import { en } from './en.js';

// Import this file for its effect: the English sentence becomes the `message` of an OperatorError.
describeErrorsBy(en);
