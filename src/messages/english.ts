import { describeErrorsBy } from '../errors.js';
import { en } from './en.js';

// To be imported for this alone: the English sentence becomes the `message` of an OperatorError.
describeErrorsBy(en);
