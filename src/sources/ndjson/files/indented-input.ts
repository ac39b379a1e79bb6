import { DocumentLines, isIndented } from '../indented.js';
import { AS_IS, type Decide } from './by-first-bytes.js';
import { TransformedInput } from './transformed-input.js';

/** Makes an event a line of an input whose events are spread over lines. */
export const joinIndented: Decide = (head) => {
  const indented = isIndented(head);
  if (indented === 'more') return 'more';
  if (!indented) return AS_IS;
  return (whole) => {
    const documents = new DocumentLines();
    return new TransformedInput(whole, (bytes) => documents.push(bytes));
  };
};
