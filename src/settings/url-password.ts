/** A password in a URL, up to the last `@`: one that is not encoded may hold others. */
const URL_PASSWORD = /(:\/\/[^\s:@/?#]*:)\S*(?=@)/g;

/** The same text with `***` for each password in a URL. */
export function withoutPassword(text: string): string {
  return text.replaceAll(URL_PASSWORD, '$1***');
}
